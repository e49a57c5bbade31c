"""The gap table in the window: what it says, how it is ordered, and when it is made anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from gaplisten.bench import gap_wording as wording
from gaplisten.bench.gap_content import Column
from gaplisten.bench.state import GapChoices
from gaplisten.loss.measures import MEASURES, measure_gaps, measure_named
from kit.tables import rows_of

Role = Qt.ItemDataRole


def columns(window):
    """Return the place of each column by (lane key, measure), and of the facts by title."""
    found = {}
    for place, column in enumerate(window.panes["gaps"].dock.model.content.columns):
        is_measure = isinstance(column, Column)
        found[(column.lane.key, column.measure.key) if is_measure else column.title] = place
    return found


def cell(window, row, column, role=Role.DisplayRole):
    model = window.panes["gaps"].dock.model
    return model.data(model.index(row, columns(window)[column]), role)


def shown(window, column=None):
    """Return a column's cells, or else the gaps' numbers."""
    model = window.panes["gaps"].dock.model
    rows = range(model.rowCount())
    if column is None:
        return [model.headerData(row, Qt.Orientation.Vertical) for row in rows]
    return [cell(window, row, column) for row in rows]


def key_of(window, name):
    return next(lane.key for lane in window.controller.lanes if lane.name == name)


def test_the_table_says_what_the_engine_says(opened):
    controller = opened.controller
    lanes = {lane.name: lane for lane in controller.lanes}
    versions = {name: lanes[name].signal for name in ("good", "bad")}
    table = measure_gaps(lanes["Reference"].signal, versions, controller.trace)
    for place in range(3):
        for name in versions:
            for key in GapChoices().shown:
                measure = measure_named(key)
                value = table.value(place, name, key)
                text = "-" if value is None else wording.number(measure, value)
                assert cell(opened, place, (lanes[name].key, key)).removeprefix("! ") == text
    assert any("! " in text for text in shown(opened, (lanes["bad"].key, "click_exit")))


def test_a_row_says_where_how_long_what_class_and_what_speech(opened):
    rows = [
        [cell(opened, row, title) for title in ("Start", "Length", "Packets", "Burst", "Speech")]
        for row in range(3)
    ]
    assert rows == [
        ["0.200", "60", "3", "short", "voiced"],
        ["0.800", "20", "1", "short", "voiced"],
        ["1.200", "200", "10", "medium", "voiced"],
    ]


def test_columns_stand_in_groups_of_one_measure_with_its_unit_and_threshold_over_them(opened):
    titles = [title for _, _, title in opened.panes["gaps"].dock.head.titles()]
    assert titles == [
        "Entry click z  ! ≥ 8",
        "Exit click z  ! ≥ 8",
        "Energy error dB  ! ±12",
        "LSD dB  ! ≥ 16",
    ]
    first, last, _ = opened.panes["gaps"].dock.head.titles()[0]
    assert [
        opened.panes["gaps"].dock.model.headerData(n, Qt.Orientation.Horizontal)
        for n in range(first, last + 1)
    ] == [
        "2",
        "3",
    ]


def test_a_value_beyond_its_threshold_has_a_mark_and_a_colour_and_follows_the_threshold(opened):
    bad = (key_of(opened, "bad"), "energy_error")
    opened.panes["gaps"].choose(opened.panes["gaps"].choices.with_threshold("energy_error", 10.0))
    assert cell(opened, 2, bad).startswith("! -1")
    assert cell(opened, 2, bad, Role.ForegroundRole) is not None
    opened.panes["gaps"].choose(opened.panes["gaps"].choices.with_threshold("energy_error", 60.0))
    assert cell(opened, 2, bad).startswith("-1")
    assert cell(opened, 2, bad, Role.ForegroundRole) is None
    assert "±60" in opened.panes["gaps"].dock.head.titles()[2][2]
    opened.panes["gaps"].choose(opened.panes["gaps"].choices.with_threshold("energy_error", 12.0))
    assert opened.panes["gaps"].choices.thresholds == {}


def test_a_tip_says_value_definition_unit_and_source(opened):
    tip = cell(opened, 1, (key_of(opened, "bad"), "click_exit"), Role.ToolTipRole)
    for part in ("Gap 2", "bad", "flagged (!)", "LPC residual", "Unit: z", "≥ 8", "Essentia"):
        assert part in tip
    tip = cell(opened, 1, (key_of(opened, "bad"), "energy_error"), Role.ToolTipRole)
    assert "Source: proposed" in tip


def test_any_column_sorts_and_what_has_no_value_comes_last(opened):
    table, model = opened.panes["gaps"].dock.table, opened.panes["gaps"].dock.model
    opened.panes["gaps"].choose(opened.panes["gaps"].choices.with_shown("buzz", True))
    bad = key_of(opened, "bad")
    buzz = model.content.columns[columns(opened)[(bad, "buzz")]]
    assert [model.content.value(place, buzz) is None for place in range(3)] == [False, True, False]
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        table.sortByColumn(columns(opened)[(bad, "buzz")], order)
        assert shown(opened)[-1] == "2"
    table.sortByColumn(columns(opened)["Length"], Qt.SortOrder.DescendingOrder)
    assert shown(opened) == ["3", "1", "2"]
    table.sortByColumn(columns(opened)[(bad, "energy_error")], Qt.SortOrder.DescendingOrder)
    assert shown(opened)[0] == "3"


def test_a_click_on_a_head_begins_with_the_worst(opened, qtbot):
    place = columns(opened)[(key_of(opened, "bad"), "click_exit")]
    head = opened.panes["gaps"].dock.head
    opened.panes["gaps"].dock.reveal("click_exit")
    at = head.rect().center()
    at.setX(head.sectionViewportPosition(place) + head.sectionSize(place) // 2)
    qtbot.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert shown(opened)[0] == "2"


def test_the_filter_lets_one_class_of_bursts_through_or_what_is_flagged(opened):
    dock = opened.panes["gaps"].dock
    dock.burst.setCurrentIndex(dock.burst.findText("medium", Qt.MatchFlag.MatchStartsWith))
    assert shown(opened) == ["3"]
    dock.burst.setCurrentIndex(0)
    opened.panes["gaps"].choose(opened.panes["gaps"].choices.with_threshold("energy_error", 10.0))
    opened.actions_table["gap.flagged"].trigger()
    assert shown(opened) == ["2", "3"]
    assert dock.flagged.isChecked()
    dock.flagged.setChecked(False)
    assert not opened.actions_table["gap.flagged"].isChecked()
    assert len(shown(opened)) == 3


def test_the_gap_at_hand_stays_selected_when_order_and_filter_change(opened, player):
    opened.panes["gaps"].walk.go_to(1)
    position = player.state.position
    opened.panes["gaps"].dock.table.sortByColumn(columns(opened)["Length"], Qt.SortOrder.DescendingOrder)
    assert opened.panes["gaps"].dock.table.currentIndex().row() == 2
    opened.panes["gaps"].dock.burst.setCurrentIndex(2)
    assert not opened.panes["gaps"].dock.table.selectionModel().hasSelection()
    opened.panes["gaps"].dock.burst.setCurrentIndex(0)
    assert opened.panes["gaps"].dock.table.currentIndex().row() == 2
    assert player.state.position == position


def test_down_goes_to_the_next_row_as_sorted(opened, player, qtbot):
    opened.panes["gaps"].dock.table.sortByColumn(columns(opened)["Length"], Qt.SortOrder.DescendingOrder)
    opened.panes["gaps"].walk.go_to(2)
    opened.panes["gaps"].dock.table.setFocus()
    qtbot.keyClick(opened.panes["gaps"].dock.table, Qt.Key.Key_Down)
    assert player.state.position == 0  # gap 1 begins at 3200, with 4000 frames of context
    start, stop = opened.lanes_view.visible_range
    assert start <= 3200 < 4160 <= stop


def test_without_a_reference_what_needs_it_is_a_dash_and_says_why(qtbot, window, bare_folder, measured):
    window.open_paths([bare_folder])
    qtbot.waitUntil(lambda: window.controller.clip_name == "first")
    measured(window)
    good = (key_of(window, "good"), "lsd")
    assert shown(window, good) == ["-"] * 3
    assert "needs the reference, which this clip does not have" in cell(window, 0, good, Role.ToolTipRole)
    assert cell(window, 0, (good[0], "click_exit")) != "-"
    assert "no reference, so no Energy error, LSD" in window.panes["gaps"].dock.note.text()


def test_a_parameter_makes_that_lane_be_measured_anew_and_no_other(opened, measured, monkeypatch):
    from gaplisten.bench import gap_measures

    asked = []
    engine = gap_measures.measure_gaps

    def remember(reference, versions, trace, job, **how):
        asked.append(sorted(versions))
        return engine(reference, versions, trace, job, **how)

    monkeypatch.setattr(gap_measures, "measure_gaps", remember)
    opened.panes["concealers"].dock.boxes["loud"].click()
    measured(opened)
    loud = next(lane for lane in opened.controller.lanes if lane.name == "Loud")
    before = shown(opened, (loud.key, "energy_error"))
    opened.controller.document.set_parameter(0, "level", 0.75)
    measured(opened)
    after = shown(opened, (loud.key, "energy_error"))
    assert asked == [[loud.ident], [loud.ident]]
    gain = [
        float(b.removeprefix("! ")) - float(a.removeprefix("! ")) for a, b in zip(before, after, strict=True)
    ]
    assert gain == pytest.approx([20 * np.log10(3)] * 3, abs=0.11)


def test_painted_loss_is_a_new_row_with_values_and_undo_takes_it_away(opened, measured):
    opened.controller.paint(80, 81, True)
    assert shown(opened) == ["1", "2", "3", "4"]
    assert cell(opened, 3, "Speech") == "…"
    assert cell(opened, 3, (2, "lsd")) == "…"
    measured(opened)
    assert cell(opened, 3, "Speech") == "voiced"
    assert "…" not in shown(opened, (2, "lsd"))
    opened.controller.document.undo()
    measured(opened)
    assert shown(opened, "Speech") == ["voiced"] * 3


def test_of_many_changes_only_the_newest_is_measured(opened, measured, monkeypatch):
    from gaplisten.bench import gap_measures

    asked = []
    engine = gap_measures.measure_gaps

    def noted(*given, **how):
        asked.append(int(given[2].lost.sum()))
        return engine(*given, **how)

    monkeypatch.setattr(gap_measures, "measure_gaps", noted)
    for packet in range(80, 86):
        opened.controller.paint(packet, packet, True)
    measured(opened)
    assert asked == [20]


def test_measures_and_thresholds_are_chosen_in_a_dialog_and_kept(opened):
    opened.actions_table["gap.measures"].trigger()
    dialog = opened.panes["gaps"]._dialog
    assert dialog.minimumSizeHint().height() < 300, "its rows scroll where the screen is small"
    dialog.boxes["decay"].click()
    dialog.boxes["lsd"].click()
    dialog.limits["decay"].setValue(-0.3)
    dialog.lossy.click()
    assert [title.split("  ")[0] for _, _, title in opened.panes["gaps"].dock.head.titles()] == [
        "Entry click z",
        "Exit click z",
        "Energy error dB",
        "Decay slope dB/ms",
    ]
    assert (1, "decay") in columns(opened)
    work = opened.controller.document.work
    assert (work.gaps.thresholds, work.gaps.lossy) == ({"decay": -0.3}, True)
    assert not [key for key in opened.shell.settings.allKeys() if key.startswith("gaps/")]
    dialog.close()


def test_undo_takes_back_how_gaps_are_judged_everywhere_it_is_seen(opened):
    opened.actions_table["gap.measures"].trigger()
    dialog = opened.panes["gaps"]._dialog
    dialog.limits["energy_error"].setValue(60.0)
    dialog.close()
    opened.actions_table["edit.undo"].trigger()
    assert dialog.limits["energy_error"].value() == 12.0
    assert "±12" in opened.panes["gaps"].dock.head.titles()[2][2]
    opened.actions_table["gap.by_buzz"].trigger()
    opened.actions_table["edit.undo"].trigger()
    assert opened.panes["gaps"].dock.worst.currentData() == "click_exit"
    assert opened.actions_table["gap.by_click_exit"].isChecked()


def test_the_file_holds_all_measures_of_all_lanes_even_when_asked_for_at_once(
    opened, tmp_path, monkeypatch, qtbot
):
    from PySide6.QtWidgets import QFileDialog

    path = tmp_path / "gaps.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), "CSV (*.csv)"))
    opened.panes["gaps"].choose(
        replace(opened.panes["gaps"].choices, shown=("lsd",), thresholds={"lsd": 1000.0})
    )
    opened.panes["concealers"].dock.boxes["loud"].click()
    opened.actions_table["export.gaps"].trigger()
    qtbot.waitUntil(path.exists)
    rows = rows_of(path)
    assert [row["version"] for row in rows] == ["Lossy", "bad", "good", "Loud"] * 3
    assert {measure.key for measure in MEASURES} <= set(rows[0])
    loud = next(lane for lane in opened.controller.lanes if lane.name == "Loud")
    lanes = opened.controller.lanes
    others = {lane.name: lane.signal for lane in lanes[1:]}
    table = measure_gaps(lanes[0].signal, others | {"Loud": loud.signal}, opened.controller.trace)
    for place in range(3):
        row = rows[4 * place + 3]
        for measure in MEASURES:
            value = table.value(place, "Loud", measure.key)
            assert row[measure.key] == ("" if value is None else repr(value))
        assert "lsd" not in row["flags"].split()
        assert row["thresholds"] == "lsd=1000"


def test_work_that_was_cancelled_can_be_taken_up_again(opened, measured, monkeypatch, qtbot):
    import threading

    from gaplisten.bench import gap_measures

    engine, go_on = gap_measures.measure_gaps, threading.Event()

    def slow(reference, versions, trace, job, **how):
        while not go_on.wait(0.01):
            job.check(0.5)
        return engine(reference, versions, trace, job, **how)

    monkeypatch.setattr(gap_measures, "measure_gaps", slow)
    opened.controller.paint(80, 81, True)
    qtbot.waitUntil(lambda: opened.status.progress.isVisible())
    assert opened.panes["gaps"].dock.table.isEnabled()
    assert len(shown(opened)) == 4
    opened.status.cancel.click()
    qtbot.waitUntil(lambda: opened.panes["gaps"].dock.resume.isVisible())
    assert "cancelled" in opened.panes["gaps"].dock.note.text()
    go_on.set()
    opened.panes["gaps"].dock.resume.click()
    measured(opened)
    assert "…" not in shown(opened, (2, "lsd"))
    assert not opened.panes["gaps"].dock.resume.isVisible()


def test_new_values_leave_the_reader_where_they_are(opened, measured):
    opened.controller.paint(80, 80, True)
    for packet in range(2, 10, 2):
        opened.controller.paint(packet, packet, True)
    measured(opened)
    opened.panes["gaps"].walk.go_to(0)
    bar = opened.panes["gaps"].dock.table.verticalScrollBar()
    bar.setValue(bar.maximum())
    at = bar.value()
    assert at > 0
    opened.panes["concealers"].dock.boxes["loud"].click()
    measured(opened)
    opened.controller.document.set_parameter(0, "level", 0.75)
    measured(opened)
    assert bar.value() == at
    assert opened.panes["gaps"].dock.table.currentIndex().row() == 0


def test_another_clip_with_as_many_gaps_begins_without_a_selection(
    qtbot, window, tmp_path, write_clip, measured
):
    write_clip(tmp_path, "a", "10 20")
    write_clip(tmp_path, "b", "30 40")
    window.open_paths([tmp_path])
    qtbot.waitUntil(lambda: window.controller.clip_name == "a")
    measured(window)
    window.panes["gaps"].walk.go_to(1)
    assert window.panes["gaps"].dock.table.currentIndex().row() == 1
    window.controller.show_clip("b")
    qtbot.waitUntil(lambda: window.controller.clip_name == "b")
    measured(window)
    assert shown(window, "Start") == ["0.600", "0.800"]
    assert not window.panes["gaps"].dock.table.selectionModel().hasSelection()


def test_when_measuring_fails_the_table_and_a_file_asked_for_say_so(
    opened, tmp_path, monkeypatch, qtbot, caplog
):
    from PySide6.QtWidgets import QFileDialog

    from gaplisten.bench import gap_measures

    def broken(*_, **__):
        raise ValueError("no memory left")

    monkeypatch.setattr(gap_measures, "measure_gaps", broken)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "g.csv"), "CSV (*.csv)"))
    opened.controller.paint(80, 80, True)
    opened.actions_table["export.gaps"].trigger()
    qtbot.waitUntil(lambda: "no memory left" in opened.panes["gaps"].dock.note.text())
    assert "no memory left" in opened.messages.said[-1]
    assert not (tmp_path / "g.csv").exists()
    assert len(shown(opened)) == 4


def test_ordering_anew_shows_the_first_row(opened, measured):
    for packet in range(2, 10, 2):
        opened.controller.paint(packet, packet, True)
    measured(opened)
    bar = opened.panes["gaps"].dock.table.verticalScrollBar()
    bar.setValue(bar.maximum())
    assert bar.value() > 0
    opened.panes["gaps"].dock.table.sortByColumn(columns(opened)["Length"], Qt.SortOrder.DescendingOrder)
    assert bar.value() == 0
