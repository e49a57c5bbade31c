"""Versions with losses of their own: hatched, listed and measured at those, as by the commands."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.bench.gap_content import Column
from gaplisten.cli import main
from gaplisten.loss.measures import MEASURES
from gaplisten.loss.measures.among import AMONG
from kit.tables import rows_of
from kit.workbench import PACKET, RATE, loss, speech

OWN = "20-21 50 75-79 90"


@pytest.fixture
def own_window(qtbot, window, tmp_path, write_clip, measured):
    """Return the window with a clip of three gaps, of which one version met four others."""
    write_clip(tmp_path / "clips", "first", "10-12 40 60-69")
    part, lost = tmp_path / "clips" / "other", loss(OWN)
    part.mkdir()
    damped = np.where(np.repeat(lost, PACKET)[: speech().frames, None], 0.3, 1.0) * speech().samples
    write_signal(part / "first.wav", Signal(np.ascontiguousarray(damped, np.float32), RATE))
    (part / "first_is_lost.txt").write_text("".join(f"{int(flag)}\n" for flag in lost))
    window.open_paths([tmp_path / "clips"])
    qtbot.waitUntil(lambda: window.controller.clip_name == "first")
    measured(window)
    return window


def lane_of(window, name):
    return next(lane for lane in window.controller.lanes if lane.name == name)


def hear(window, name):
    window.controller.hearing.hear(lane_of(window, name).key)


def starts(window):
    """Return the packets at which the gaps that the table lists begin."""
    return [facts.gap.start // PACKET for facts in window.panes["gaps"].dock.model.content.gaps]


def cells(window, name):
    """Return what stands in a version's columns, as text, without empty ones."""
    model = window.panes["gaps"].dock.model
    places = [
        at
        for at, column in enumerate(model.content.columns)
        if isinstance(column, Column) and column.lane.name == name
    ]
    found = [model.data(model.index(row, at)) for row in range(model.rowCount()) for at in places]
    return [text for text in found if text]


def test_the_gaps_listed_are_those_that_the_version_heard_met(own_window, measured):
    assert starts(own_window) == [10, 40, 60]
    assert cells(own_window, "bad")
    assert cells(own_window, "other") == []
    hear(own_window, "other")
    measured(own_window)
    assert starts(own_window) == [20, 50, 75, 90]
    assert cells(own_window, "other")
    assert cells(own_window, "bad") == []
    own_window.controller.hearing.hear(0)
    assert starts(own_window) == [20, 50, 75, 90], (
        "the reference is heard at the gaps of what it is compared with"
    )
    hear(own_window, "good")
    assert starts(own_window) == [10, 40, 60]


def test_whose_gaps_are_listed_is_said_and_how_to_list_the_others(own_window, measured):
    dock, key = own_window.panes["gaps"].dock, lane_of(own_window, "other").key
    assert own_window.docks["gaps"].windowTitle() == "Gaps (the clip's losses)"
    assert f"lane {key} met other losses: hear it for those gaps" in dock.note.text()
    model = dock.model
    place = next(
        at
        for at, column in enumerate(model.content.columns)
        if isinstance(column, Column) and column.lane.name == "other"
    )
    tip = model.data(model.index(0, place), Qt.ItemDataRole.ToolTipRole)
    assert f"lane {key} other met losses of its own: hear it ({key}) to list those gaps" in tip
    hear(own_window, "other")
    measured(own_window)
    assert own_window.docks["gaps"].windowTitle() == f"Gaps (lane {key} other, losses of its own)"


def test_walking_goes_through_the_gaps_of_the_version_heard(own_window, qtbot):
    hear(own_window, "other")
    found = []
    for _ in range(4):
        own_window.actions_table["gap.next"].trigger()
        found.append(own_window.shell.hand.gap.start // PACKET)
    assert found == [20, 50, 75, 90]


def test_each_lane_is_hatched_where_it_lost(own_window):
    scene = own_window.lanes_view._canvas.scene
    rows = {lane.name: row for row, lane in enumerate(scene.lanes)}
    for name, packets in (("bad", [10, 40, 60]), ("other", [20, 50, 75, 90]), ("Lossy", [10, 40, 60])):
        assert [int(at) // PACKET for at in scene.with_losses_of(rows[name]).loss.starts] == packets


def test_painting_changes_the_clips_losses_and_not_those_of_a_version(own_window):
    own_window.controller.paint(80, 80, True)
    assert starts(own_window) == [10, 40, 60, 80]
    hear(own_window, "other")
    assert starts(own_window) == [20, 50, 75, 90]


def test_the_table_saved_has_what_the_command_says_of_each_version(
    own_window, qtbot, tmp_path, monkeypatch, measured
):
    from PySide6.QtWidgets import QFileDialog

    saved, told = tmp_path / "window.csv", tmp_path / "command.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(saved), "CSV (*.csv)"))
    own_window.actions_table["export.gaps"].trigger()
    qtbot.waitUntil(saved.exists)
    with pytest.raises(SystemExit) as ended:
        main(["gaps", str(tmp_path / "clips"), "--csv", str(told)])
    assert not ended.value.code
    keys = [measure.key for measure in MEASURES if measure not in AMONG]
    found = []
    for path in (saved, told):
        rows = [row for row in rows_of(path) if row["version"] in ("good", "bad", "other")]
        found.append({(row["version"], row["start_s"]): [row[key] for key in keys] for row in rows})
    assert found[0] == found[1]
    assert len([start for version, start in found[0] if version == "other"]) == 4
    assert len(found[0]) == 3 + 3 + 4


def test_a_gap_of_a_version_is_handed_over_as_its_own(own_window, measured):
    hear(own_window, "other")
    measured(own_window)
    finding = own_window.panes["handing_over"]._finding(2)
    assert finding.gap.start == 75 * PACKET
    assert "gap 3 of 4 that one version met" in finding.title
    values = {version.name: version.values for version in finding.versions}
    assert values["other"]
    assert not values["bad"]
