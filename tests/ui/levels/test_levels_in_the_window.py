"""Levels and delays in the workbench: shown, removed, matched, undone, said where samples are compared."""

from __future__ import annotations

from concurrent.futures import Future

import numpy as np
import pytest
from PySide6.QtCore import Qt

from gaplisten.audio.signal import Signal
from gaplisten.bench.state import ClipWork, Sources, Work
from gaplisten.loss.trace import LossTrace
from kit.challenge import write_versions
from kit.sound_material import RATE, late, speech


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return two clips whose condition ``tardy`` is 20 ms late, ``drifts`` jumps, ``soft`` is 6 dB down."""
    folder = tmp_path_factory.mktemp("late")
    for number, name in enumerate(("one", "two")):
        clean = speech(3.0, seed=number)
        jump = np.zeros((480, 1), np.float32)
        parts = {
            "clean": clean,
            "lossy_signals": clean,
            "tardy": late(clean, 320),
            "drifts": Signal(np.concatenate([clean.samples[:24000], jump, clean.samples[24000:]]), RATE),
            "soft": Signal(clean.samples * np.float32(0.5), RATE),
        }
        write_versions(folder, name, {part: signal.samples for part, signal in parts.items()}, [0] * 150)
    return folder


@pytest.fixture
def shown(qtbot, window, folder):
    window.open_paths([folder])
    qtbot.waitUntil(lambda: window.controller.clip_name == "one")
    measured(qtbot, window)
    return window


def measured(qtbot, window):
    feature = window.panes["levels"]
    qtbot.waitUntil(lambda: not window.controller.busy and not feature.measured.busy)


def lane(window, name):
    return next(each for each in window.controller.lanes if each.name.partition(" (")[0] == name)


def states(window):
    return {each.name: each.state for each in window.controller.lanes}


def test_file_conditions_are_measured_unasked_and_marked(shown) -> None:
    found = states(shown)
    assert found["tardy"] == "20.0 ms late, not aligned"
    assert found["drifts"] == "drifts 0…30 ms, not aligned"
    assert (found["soft"], found["Reference"], found["Lossy"]) == ("", "", "")
    assert shown.controller.edited == frozenset()


def test_the_mark_stands_where_samples_are_compared(shown) -> None:
    over_lanes, over_gaps = shown.panes["levels"].over_lanes, shown.panes["gaps"].not_aligned
    assert over_lanes.isHidden()
    shown.actions_table["view.residual"].trigger()
    assert over_lanes.isVisible()
    assert "tardy (20.0 ms late)" in over_lanes.text.text()
    assert "soft" not in over_lanes.text.text()
    assert "drifts 0…30 ms" in over_gaps.text.text()
    over_lanes.remove.click()
    assert "tardy" not in over_lanes.text.text()
    assert "drifts" in over_lanes.text.text()
    assert over_lanes.remove.isHidden()
    shown.actions_table["view.lanes"].trigger()
    assert over_lanes.isHidden()


def test_a_delay_is_removed_by_a_key_heard_drawn_undone_and_kept(shown, player, qtbot) -> None:
    clean, tardy = lane(shown, "Reference").signal, lane(shown, "tardy")
    shown.controller.hearing.hear(tardy.key)
    shown.lanes_view.setFocus()
    qtbot.keyClick(shown.lanes_view, Qt.Key.Key_D)
    moved = lane(shown, "tardy")
    assert moved.state == "20.0 ms removed"
    assert np.array_equal(moved.signal.samples, clean.samples)
    assert player.lanes[tardy.key] is moved.signal
    assert shown.shell.display.source_of(moved) is moved.signal
    assert shown.controller.document.work.clip("one").delays == (("condition:tardy", 320),)
    assert shown.actions_table["listen.remove_delay"].isChecked()
    shown.controller.show_clip("two")
    qtbot.waitUntil(lambda: shown.controller.clip_name == "two")
    measured(qtbot, shown)
    assert states(shown)["tardy"] == "20.0 ms late, not aligned"
    shown.controller.show_clip("one")
    qtbot.waitUntil(lambda: shown.controller.clip_name == "one")
    measured(qtbot, shown)
    assert states(shown)["tardy"] == "20.0 ms removed"
    shown.actions_table["edit.undo"].trigger()
    assert states(shown)["tardy"] == "20.0 ms late, not aligned"
    assert lane(shown, "tardy").signal.frames == clean.frames + 320


def test_levels_are_matched_only_when_asked_and_put_back_bit_by_bit(shown, player, qtbot) -> None:
    soft = lane(shown, "soft").signal
    clean = lane(shown, "Reference").signal
    shown.lanes_view.setFocus()
    qtbot.keyClick(shown.lanes_view, Qt.Key.Key_M)
    measured(qtbot, shown)
    matched = lane(shown, "soft")
    assert matched.state == "+6.0 dB matched"
    assert np.abs(matched.signal.samples - clean.samples).max() < 2e-3
    assert player.lanes[matched.key] is matched.signal
    assert lane(shown, "Reference").signal is clean
    assert lane(shown, "Lossy").state == ""
    shown.panes["levels"].dock.note.click()
    note = shown.controller.document.work.clip("one").notes[0].text
    assert "soft +6.0" in note
    assert "clip gain" in note
    shown.actions_table["listen.match"].trigger()
    assert lane(shown, "soft").signal is soft
    assert states(shown)["soft"] == ""


def test_matching_in_all_clips_holds_for_the_next_one(shown, qtbot) -> None:
    shown.panes["levels"].dock.matching_chosen.emit("all")
    shown.controller.show_clip("two")
    qtbot.waitUntil(lambda: shown.controller.clip_name == "two")
    measured(qtbot, shown)
    assert states(shown)["soft"] == "+6.0 dB matched"
    assert shown.panes["levels"].dock.matching.currentData() == "all"
    assert shown.controller.document.work.match_levels


def test_the_dock_shows_levels_delays_and_the_drift(shown, qtbot) -> None:
    shown.actions_table["listen.levels"].trigger()
    measured(qtbot, shown)
    dock = shown.panes["levels"].dock
    rows = [[dock.table.item(row, c).text() for c in range(7)] for row in range(dock.table.rowCount())]
    by_name = {row[0].partition("  ")[2]: row[1:] for row in rows}
    assert by_name["soft"][2] == "-6.0 dB"
    assert by_name["soft"][0] == "in time"
    assert by_name["Reference"][1].endswith("dBov")
    assert by_name["Reference"][5].endswith("LUFS")
    assert "for all lanes" in dock.gain.text()
    assert "dBov" in dock.gain.text()
    dock.select(lane(shown, "drifts").key)
    assert dock.plot.isVisible()
    assert {round(late_ms) for _, late_ms in dock.plot.points} == {0, 30}
    dock.select(lane(shown, "soft").key)
    assert dock.plot.isHidden()
    assert not dock.remove.isEnabled()


def test_a_concealers_delay_is_measured_on_demand(shown, qtbot) -> None:
    shown.controller.document.switch_on("loud")
    measured(qtbot, shown)
    loud = lane(shown, "Loud")
    assert shown.panes["levels"].measured.delay("loud") is None
    shown.controller.hearing.hear(loud.key)
    shown.actions_table["listen.measure_delay"].trigger()
    measured(qtbot, shown)
    assert shown.panes["levels"].measured.delay("loud").aligned


def test_a_matched_lane_keeps_its_gain_while_its_new_rendering_is_measured(shown, monkeypatch, qtbot) -> None:
    controller = shown.controller
    lost = (np.arange(150) >= 10) & (np.arange(150) < 40)
    controller.set_loss(LossTrace.of_packets(lost, 320, RATE), "test")
    controller.document.switch_on("loud", {"level": 0.02})
    shown.actions_table["listen.match"].trigger()
    measured(qtbot, shown)
    first = lane(shown, "Loud")
    gain = shown.panes["levels"].edits.matched("loud").gain
    assert gain != 1.0
    assert first.state.partition(" dB ")[2] == "matched"
    monkeypatch.setattr(shown.controller.levels._derived, "_start", lambda *_: Future())  # it takes its time
    controller.document.set_parameter(0, "level", 0.9)
    qtbot.waitUntil(lambda: lane(shown, "Loud").signal is not first.signal)
    original = shown.controller.originals["loud"].signal
    heard = lane(shown, "Loud").signal
    assert np.array_equal(heard.samples, original.samples * np.float32(gain))


def test_a_saved_piece_of_work_is_shown_as_it_was_kept(qtbot, window, folder) -> None:
    done = ClipWork(match_levels=True, delays=(("condition:tardy", 320),))
    work = Work(sources=Sources((folder,)), current="two").with_clip("two", done)
    window.controller.open_work(work, None)
    qtbot.waitUntil(lambda: window.controller.clip_name == "two")
    measured(qtbot, window)
    assert states(window)["tardy"] == "20.0 ms removed, +0.0 dB matched"
    assert states(window)["soft"] == "+6.0 dB matched"
    assert window.panes["levels"].dock.matching.currentData() == "clip"


def test_the_clip_light_goes_out_by_command(window, player) -> None:
    window.actions_table["listen.clip_light"].trigger()
    assert player.last("reset_meter") == ()


def test_nothing_is_told_of_a_clip_that_was_measured_of_another(shown, monkeypatch, qtbot) -> None:
    assert states(shown)["tardy"] == "20.0 ms late, not aligned"
    monkeypatch.setattr(shown.controller.levels._derived, "_start", lambda *_: Future())  # it takes its time
    shown.controller.show_clip("two")
    qtbot.waitUntil(lambda: shown.controller.clip_name == "two")
    assert states(shown)["tardy"] == ""
