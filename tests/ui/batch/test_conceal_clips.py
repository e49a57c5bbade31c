"""Concealing all clips from the window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from gaplisten.audio.files import read_signal
from gaplisten.batch.work import Named
from gaplisten.bench.state import Choice
from gaplisten.clips.layouts import find_clips
from gaplisten.ui.batch.conceal_dialog import ConcealDialog
from kit.challenge import PACKET
from kit.tables import rows_of


def opened(window: Any, out: Path, *parameters: dict[str, object]) -> ConcealDialog:
    """Switch the concealer on once for each set of parameters, and open the dialog."""
    for each in parameters:
        window.controller.document.switch_on("constant", dict(each))
    window.actions_table["conceal.clips"].trigger()
    dialog: ConcealDialog = window.panes["batch"].conceal_dialog
    dialog.out.line.setText(str(out))
    return dialog


def run(qtbot: QtBot, dialog: ConcealDialog) -> None:
    dialog.go.click()
    qtbot.waitUntil(lambda: not dialog.run.running)


def test_every_clip_is_concealed_by_every_concealer_with_its_own_parameters(
    qtbot: QtBot, window: Any, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    dialog = opened(window, out, {"value": 0.125}, {"value": 0.5})
    run(qtbot, dialog)
    assert dialog.said.text() == f"8 files in {out}"
    for folder, value in (("constant", 0.125), ("constant 2", 0.5)):
        made = read_signal(out / folder / "3.wav").samples
        assert (made[5 * PACKET : 6 * PACKET] == np.float32(value)).all()
    assert [row["lost"] for row in rows_of(out / "constant" / "concealed.csv")] == ["3", "11", "3", "11"]
    assert sorted(path.name for path in (out / "constant").glob("*.wav")) == [f"{n}.wav" for n in range(4)]


def test_only_the_clip_that_is_shown_can_be_chosen_and_concealers_can_be_left_out(
    qtbot: QtBot, window: Any, tmp_path: Path
) -> None:
    dialog = opened(window, tmp_path / "out", {"value": 0.125}, {"value": 0.5})
    dialog.which.setCurrentIndex(1)
    dialog.concealers.tick("constant", False)
    run(qtbot, dialog)
    assert [path.relative_to(tmp_path / "out").as_posix() for path in tmp_path.glob("out/*/*.wav")] == [
        "constant 2/0.wav"
    ]


def test_a_damaged_file_is_named_with_its_reason_and_the_others_are_done(
    qtbot: QtBot, window: Any, clips_folder: Path, tmp_path: Path
) -> None:
    (clips_folder / "lossy_signals" / "2.wav").write_bytes(b"no sound at all")
    (clips_folder / "clean" / "2.wav").unlink()
    dialog = opened(window, tmp_path / "out", {})
    run(qtbot, dialog)
    assert len(list((tmp_path / "out").glob("constant/*.wav"))) == 3
    assert dialog.remarks.isVisible()
    (said,) = [dialog.remarks.item(row).text() for row in range(dialog.remarks.count())]
    assert said.startswith("constant: ")
    assert "2.wav" in said


def test_results_made_into_the_opened_folder_are_conditions_when_it_is_opened_again(
    qtbot: QtBot, window: Any, clips_folder: Path
) -> None:
    run(qtbot, opened(window, clips_folder, {}))
    found = find_clips([clips_folder])
    assert found.conditions == ("constant", "mild", "rough")
    assert len(found.clips) == 4


def test_what_a_plugin_says_when_it_fails_or_prints_is_listed(
    qtbot: QtBot, window: Any, catalogue: Any, tmp_path: Path
) -> None:
    dialog = opened(window, tmp_path / "out", {"value": -1.0})
    dialog.which.setCurrentIndex(1)
    run(qtbot, dialog)
    assert dialog.said.text().endswith("0 files in " + str(tmp_path / "out") + "; 1 failed:")
    assert "negative" in dialog.remarks.item(0).toolTip()
    window.controller.document.set_parameter(0, "value", 2.0)
    window.actions_table["conceal.clips"].trigger()
    dialog.which.setCurrentIndex(1)
    run(qtbot, dialog)
    said = [dialog.remarks.item(row).text() for row in range(dialog.remarks.count())]
    assert any("beyond full scale" in line for line in said)
    assert any("a large value" in line for line in said)
    assert "failed" not in dialog.said.text()


def test_stopped_work_is_kept_and_goes_on_when_started_again(
    qtbot: QtBot, window: Any, tmp_path: Path
) -> None:
    out, hold = tmp_path / "out", tmp_path / "hold"
    hold.touch()
    dialog = opened(window, out, {"hold": str(hold)})
    dialog.go.click()
    assert (dialog.inputs.isEnabled(), dialog.stop.isVisible()) == (False, True)
    qtbot.waitUntil(lambda: any(out.glob("constant/*.wav")))
    dialog.stop.click()
    qtbot.waitUntil(lambda: not dialog.run.running)
    assert dialog.said.text().startswith("Stopped.")
    there = {path: path.stat().st_mtime_ns for path in out.glob("constant/*.wav")}
    assert len(there) == 1
    hold.unlink()
    run(qtbot, dialog)
    assert dialog.said.text() == f"4 files in {out}, 1 of them were there already"
    assert {path: path.stat().st_mtime_ns for path in there} == there


def test_the_status_bars_cancel_stops_it_too(qtbot: QtBot, window: Any, tmp_path: Path) -> None:
    hold = tmp_path / "hold"
    hold.touch()
    dialog = opened(window, tmp_path / "out", {"hold": str(hold)})
    dialog.go.click()
    window.controller.tasks.cancel_shown()
    qtbot.waitUntil(lambda: not dialog.run.running)
    assert dialog.said.text().startswith("Stopped.")
    assert dialog.go.isEnabled()


def test_somebodys_own_folder_of_that_name_is_left_alone(qtbot: QtBot, window: Any, tmp_path: Path) -> None:
    own = tmp_path / "out" / "constant" / "0.wav"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"precious")
    dialog = opened(window, tmp_path / "out", {})
    run(qtbot, dialog)
    assert "holds files that Gaplisten has not made" in dialog.said.text()
    assert own.read_bytes() == b"precious"


def test_the_input_is_never_written_over(
    qtbot: QtBot, window: Any, clips_folder: Path, tmp_path: Path
) -> None:
    run(qtbot, opened(window, tmp_path / "out", {}))
    before = {path: path.read_bytes() for path in (tmp_path / "out" / "constant").glob("*.wav")}
    window.open_paths([tmp_path / "out" / "constant"])
    qtbot.waitUntil(lambda: window.controller.clipset.root.name == "constant")
    dialog = window.panes["batch"].conceal_dialog
    run(qtbot, dialog)
    assert "is the input itself" in dialog.said.text()
    assert {path: path.read_bytes() for path in before} == before


def test_a_concealers_name_never_leads_out_of_the_folder() -> None:
    names = ["../up", "..", "a/b", "plain 2"]
    assert [Named(name, Choice("x")).folder for name in names] == ["-up", "concealed", "a-b", "plain 2"]


def test_nothing_starts_without_a_concealer_and_a_folder(window: Any, tmp_path: Path) -> None:
    dialog = opened(window, tmp_path / "out")
    assert not dialog.go.isEnabled()
    assert "tick some in the workbench" in dialog.hint.text()
    window.controller.document.switch_on("constant")
    window.actions_table["conceal.clips"].trigger()
    assert dialog.go.isEnabled()
    dialog.out.line.clear()
    assert not dialog.go.isEnabled()


def test_what_is_switched_on_while_the_dialog_is_open_is_offered_and_choices_stay(
    window: Any, tmp_path: Path
) -> None:
    dialog = opened(window, tmp_path / "out", {}, {"value": 0.5})
    dialog.concealers.tick("constant", False)
    dialog.which.setCurrentIndex(1)
    window.controller.document.switch_on("constant", {"value": 0.75})
    assert dialog.concealers.ticked == ("constant 2", "constant 3")
    assert dialog.which.only_shown
    window.controller.document.switch_off(0)
    assert dialog.concealers.count() == 2


def test_hidden_work_goes_on_and_says_when_it_is_done(qtbot: QtBot, window: Any, tmp_path: Path) -> None:
    dialog = opened(window, tmp_path / "out", {})
    with qtbot.waitSignal(
        window.signals.said,
        check_params_cb=lambda said: said.startswith("concealed: 4 files"),
    ):
        dialog.go.click()
        dialog.close()
    assert len(list((tmp_path / "out").glob("constant/*.wav"))) == 4


@pytest.mark.parametrize("action", ["conceal.clips", "scores.clips"])
def test_without_clips_a_sentence_says_what_to_do(qtbot: QtBot, window: Any, action: str) -> None:
    window.controller.clipset = None
    window.actions_table[action].trigger()
    assert "open a folder" in window.messages.said[-1]
