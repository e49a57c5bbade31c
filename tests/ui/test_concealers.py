from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import QDoubleSpinBox, QFileDialog, QLabel, QToolButton

from gaplisten.concealers.entries import BrokenEntry, Parameter
from gaplisten.concealers.kinds import Kind
from gaplisten.ui.panes import plugin_errors
from gaplisten.ui.workbench.parameter_form import ParameterForm


def names(window):
    return [(lane.key, lane.name) for lane in window.controller.lanes]


def lost_sample(signal):
    return float(signal.samples[3300, 0])


@pytest.fixture
def loud(qtbot, opened):
    opened.panes["concealers"].dock.boxes["loud"].setChecked(True)
    qtbot.waitUntil(
        lambda: opened.controller.lane(3) is not None and opened.controller.lane(3).signal is not None
    )
    return opened


def test_ticking_a_concealer_adds_its_lane_to_view_and_player(loud, player):
    assert names(loud)[3] == (3, "Loud")
    assert lost_sample(loud.controller.lane(3).signal) == 0.25
    assert lost_sample(player.lanes[3]) == 0.25
    assert loud.panes["listen"].transport.lanes.button(3).isEnabled()


def test_a_parameter_is_rendered_again_and_exchanged_without_a_stop(loud, player, qtbot):
    player.play()
    player.calls.clear()
    field = loud.panes["concealers"].dock.settings[0].form.fields["level"]
    assert isinstance(field, QDoubleSpinBox)
    assert (field.minimum(), field.maximum(), field.suffix()) == (0.0, 1.0, " FS")
    field.setValue(0.5)
    qtbot.waitUntil(lambda: lost_sample(player.lanes[3]) == 0.5)
    assert player.calls == [("replace", 3)]
    assert player.state.playing


def test_undo_takes_the_parameter_back_in_form_and_sound(loud, player, qtbot):
    field = loud.panes["concealers"].dock.settings[0].form.fields["level"]
    field.setValue(0.5)
    field.setValue(0.75)
    loud.actions_table["edit.undo"].trigger()
    qtbot.waitUntil(lambda: lost_sample(player.lanes[3]) == 0.25)
    assert field.value() == 0.25
    assert loud.panes["concealers"].dock.boxes["loud"].isChecked()
    loud.actions_table["edit.undo"].trigger()
    assert len(names(loud)) == 3
    assert not loud.panes["concealers"].dock.boxes["loud"].isChecked()


def test_a_rendering_under_way_keeps_the_old_sound(loud, player, runner, qtbot):
    runner.hold = True
    loud.panes["concealers"].dock.settings[0].form.fields["level"].setValue(0.5)
    assert lost_sample(player.lanes[3]) == 0.25
    assert "rendering" in loud.panes["concealers"].dock.settings[0].state.text()
    runner.hold = False
    runner.serve()
    qtbot.waitUntil(lambda: lost_sample(player.lanes[3]) == 0.5)
    assert "real time" in loud.panes["concealers"].dock.settings[0].state.text()


def test_a_failing_plugin_says_so_in_its_lane_and_the_others_go_on(loud, player, qtbot):
    loud.panes["concealers"].dock.boxes["fails"].setChecked(True)
    qtbot.waitUntil(lambda: loud.controller.lane(4) is not None and loud.controller.lane(4).failed)
    assert "returned NaN" in loud.controller.lane(4).state
    settings = loud.panes["concealers"].dock.settings[1]
    assert "returned NaN" in settings.state.text()
    assert "Traceback" in settings.state.toolTip()
    assert not loud.panes["listen"].transport.lanes.button(4).isEnabled()
    assert loud.panes["listen"].transport.lanes.button(3).isEnabled()
    loud.controller.hearing.hear(3)
    assert player.state.lane == 3


def test_a_broken_plugin_is_listed_with_its_reason(opened):
    box = opened.panes["concealers"].dock.boxes["broken"]
    assert not box.isEnabled()
    words = [label.text() for label in box.parentWidget().findChildren(QLabel)]
    assert "line 3: invalid syntax" in words


def test_concealers_stand_under_their_kinds_and_a_filter_leaves_no_heading_alone(opened):
    dock = opened.panes["concealers"].dock
    assert list(dock.headings) == [Kind.MINE]
    bundled = [replace(each, origin="bundled", lacks="") for each in opened.controller.catalogue.entries[:2]]
    dock.show_choices([*bundled, opened.controller.catalogue.entries[2]], ())
    assert list(dock.headings) == [Kind.MINE, Kind.FILL]
    assert list(dock.cards) == ["broken", "loud", "fails"]
    dock.filter.setText("loud")
    assert [heading.isHidden() for heading in dock.headings.values()] == [True, False]
    dock.filter.clear()
    assert not any(heading.isHidden() for heading in dock.headings.values())


def test_details_show_the_traceback_of_a_plugin_and_open_its_file(opened, monkeypatch, tmp_path, qtbot):
    file = tmp_path / "broken.py"
    file.write_text("def conceal(:")
    catalogue = opened.controller.catalogue
    broken = replace(catalogue.entries[2], path=file, details='File "broken.py", line 3')
    catalogue.entries = (*catalogue.entries[:2], broken)
    opened.controller.use_catalogue(catalogue)
    place, dock = opened.docks["plugin_errors"], opened.panes["plugin_errors"].dock
    assert place.isHidden()  # nobody uses it
    card = opened.panes["concealers"].dock.cards["broken"]
    qtbot.mouseClick(card.findChild(QToolButton, "details"), Qt.MouseButton.LeftButton)
    assert place.isVisible()
    assert dock.text.toPlainText() == f'{file}\nline 3: invalid syntax\n\nFile "broken.py", line 3'
    opened_files = []
    monkeypatch.setattr(plugin_errors, "open_in_editor", lambda path: opened_files.append(path) or True)
    dock.edit.click()
    assert opened_files == [file]
    dock.copy.click()
    assert QGuiApplication.clipboard().text() == dock.text.toPlainText()


def test_a_plugin_that_breaks_in_use_brings_its_error_up_and_mending_takes_it_away(loud, qtbot, player):
    place, catalogue = loud.docks["plugin_errors"], loud.controller.catalogue
    loud.controller.hearing.hear(3)
    whole, loud_entry = catalogue.entries, catalogue.entries[0]
    catalogue.entries = (BrokenEntry("loud", Path("loud.py"), "line 1: invalid syntax"), *whole[1:])
    loud.controller.use_catalogue(catalogue)
    assert place.isVisible()
    assert "invalid syntax" in loud.panes["plugin_errors"].dock.text.toPlainText()
    assert loud.controller.lane(3).name == "old: Loud"
    assert loud.controller.hearing.heard == 3
    assert lost_sample(player.lanes[3]) == 0.25
    box = loud.panes["concealers"].dock.boxes["loud"]
    assert box.isChecked()
    assert box.isEnabled()
    catalogue.entries = (loud_entry, *whole[1:])
    loud.controller.use_catalogue(catalogue)
    assert place.isHidden()
    assert loud.controller.lane(3).name == "Loud"


def test_a_broken_plugin_that_is_used_can_be_switched_off(loud):
    catalogue = loud.controller.catalogue
    catalogue.entries = (BrokenEntry("loud", Path("loud.py"), "wrong"), *catalogue.entries[1:])
    loud.controller.use_catalogue(catalogue)
    loud.panes["concealers"].dock.boxes["loud"].setChecked(False)
    assert len(names(loud)) == 3
    assert not loud.panes["concealers"].dock.boxes["loud"].isEnabled()


def test_the_plugin_of_the_version_heard_is_opened_in_the_editor(loud, monkeypatch, tmp_path):
    file = tmp_path / "loud.py"
    file.write_text("")
    catalogue = loud.controller.catalogue
    catalogue.entries = (replace(catalogue.entries[0], path=file), *catalogue.entries[1:])
    opened_files = []
    monkeypatch.setattr(plugin_errors, "open_in_editor", lambda path: opened_files.append(path) or True)
    loud.controller.hearing.hear(0)
    loud.actions_table["conceal.editor"].trigger()
    assert opened_files == []
    loud.controller.hearing.hear(3)
    loud.actions_table["conceal.editor"].trigger()
    assert opened_files == [file]


def test_the_same_concealer_can_be_compared_with_itself(loud, qtbot, player):
    loud.panes["concealers"].dock.another.emit("loud")
    loud.panes["concealers"].dock.settings[1].form.fields["level"].setValue(0.75)
    qtbot.waitUntil(lambda: len(player.lanes) == 5 and lost_sample(player.lanes[4]) == 0.75)
    assert names(loud)[3:] == [(3, "Loud"), (4, "Loud (level 0.75 FS)")]
    assert lost_sample(player.lanes[3]) == 0.25


def test_changed_files_are_marked(opened):
    opened.panes["concealers"].dock.show_changed(["loud"])
    assert opened.panes["concealers"].dock.boxes["loud"].text() == "Loud (changed)"
    opened.panes["concealers"].dock.show_changed([])
    assert opened.panes["concealers"].dock.boxes["loud"].text() == "Loud"


def test_a_changed_file_that_is_heard_is_read_again_and_the_others_wait(loud, monkeypatch, qtbot):
    asked = []
    monkeypatch.setattr(loud.controller, "load_catalogue", lambda: asked.append("read"))
    pane = loud.panes["concealers"]
    monkeypatch.setattr(loud.controller.catalogue, "modified", ("fails",))
    pane._look()
    qtbot.waitUntil(lambda: loud.panes["concealers"].dock.boxes["fails"].text() == "Fails (changed)")
    assert asked == []
    monkeypatch.setattr(loud.controller.catalogue, "modified", ("fails", "loud"))
    pane._look()
    qtbot.waitUntil(lambda: asked == ["read"])


def test_a_path_is_typed_chosen_or_dropped_and_nothing_stands_for_not_set(qtbot, monkeypatch):
    form = ParameterForm((Parameter("model", "path", "."),))
    qtbot.addWidget(form)
    told = []
    form.changed.connect(lambda name, value: told.append((name, value)))
    form.show_values({})
    field = form.fields["model"]
    assert field.text() == ""
    field.editingFinished.emit()
    assert told == []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/models/net.onnx", ""))
    field.browse.trigger()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile("/models/other.onnx")])
    none = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    field.dropEvent(QDropEvent(QPointF(), *none))
    assert field.text() == "/models/other.onnx"
    field.clear()
    field.editingFinished.emit()
    assert told == [("model", "/models/net.onnx"), ("model", "/models/other.onnx"), ("model", ".")]


def test_choices_follow_to_the_next_clip(loud, qtbot, player):
    loud.controller.show_clip("second")
    qtbot.waitUntil(lambda: loud.controller.clip_name == "second")
    qtbot.waitUntil(lambda: len(player.lanes) == 4)
    lossy, made = player.lanes[1].samples, player.lanes[3].samples
    different = np.flatnonzero((lossy != made)[:, 0])
    assert different.min() >= 20 * 320
    assert different.max() < 81 * 320


def test_painting_loss_makes_every_lane_follow_and_can_be_undone(loud, player, qtbot):
    loud.lanes_view.packets_painted.emit(60, 62, True)
    qtbot.waitUntil(lambda: float(player.lanes[3].samples[61 * 320, 0]) == 0.25)
    assert not player.lanes[1].samples[60 * 320 : 63 * 320].any()
    assert loud.panes["gaps"].dock.model.rowCount() == 3
    assert loud.controller.lane(2).state == "made with the clip's own loss"
    loud.actions_table["edit.undo"].trigger()
    assert player.lanes[1].samples[60 * 320 : 63 * 320].any()
    assert loud.panes["gaps"].dock.model.rowCount() == 2


def test_painting_received_brings_the_sent_samples_back(loud, player):
    loud.lanes_view.packets_painted.emit(10, 12, False)
    reference, lossy = player.lanes[0].samples, player.lanes[1].samples
    assert np.array_equal(reference[3200:4160], lossy[3200:4160])


def test_a_gap_is_drawn_off_the_packets_which_stay(loud, player):
    loud.lanes_view.gap_drawn.emit(5000, 5400, True)
    trace = loud.controller.trace
    assert [5000, 5400] in trace.spans.tolist()
    assert trace.grid.length == 320
    assert not trace.on_grid
    assert not player.lanes[1].samples[5000:5400].any()
    assert loud.controller.document.undo() == "draw gap"
    assert loud.controller.trace.on_grid


@pytest.mark.parametrize(
    ("name", "content", "spans", "said"),
    [
        ("gaps.csv", "start_s,end_s\n0.5,0.5123\n", [[8000, 8197]], "lie on no packets"),
        ("x_is_lost.txt", "".join(f"{int(at == 5)}\n" for at in range(200)), [[800, 960]], "10 ms"),
        ("p.g192", b"\x21\x6b\x20\x6b" * 5, None, "starts again"),
        ("short.txt", "0\n1\n0\n", None, ""),
    ],
)
def test_a_trace_file_keeps_its_own_packets_end_and_intervals(loud, tmp_path, name, content, spans, said):
    from gaplisten.ui.workbench.loss_dialog import LossDialog

    told = []
    loud.controller.said.connect(told.append)
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    dialog = LossDialog(loud.controller, loud)
    before = loud.controller.trace
    dialog.use_file(path)
    if name == "short.txt":
        assert "has 3 packets, the sound has 100" in dialog.outcome.text()
        assert loud.controller.trace is before
        dialog.close()
        return
    assert any(said in text for text in told)
    found = loud.controller.trace
    assert found.spans.tolist() == spans if spans else found.lost.tolist() == [False, True] * 50


def test_a_loss_model_replaces_the_loss(loud, player, qtbot):
    from gaplisten.ui.workbench.loss_dialog import LossDialog

    dialog = LossDialog(loud.controller, loud)
    qtbot.addWidget(dialog)
    dialog.seed.setValue(7)
    assert "% lost in" in dialog.outcome.text()
    expected = dialog.trace()
    dialog.apply()
    assert loud.controller.trace.lost.tolist() == expected.lost.tolist()
    assert not player.lanes[1].samples[expected.mask(32000)].any()
    dialog.packet.setValue(20.01)
    assert "not a whole number" in dialog.outcome.text()
    loud.actions_table["edit.reset_loss"].trigger()
    assert loud.controller.trace.lost.sum() == 4
