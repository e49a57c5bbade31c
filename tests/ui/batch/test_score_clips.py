"""Scoring all clips from the window: the same rows as the command line's, cancellable, resumable."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.batch import score as batch_score
from gaplisten.batch import score_work
from gaplisten.batch.items import versions_from_paths
from gaplisten.batch.journal import Journal
from gaplisten.batch.run import ProcessWorkers, ThreadWorkers
from gaplisten.batch.score import described, score_versions
from gaplisten.batch.summary import tidy
from gaplisten.exchange.service_settings import PLCMOS, save_service
from gaplisten.metrics import material
from gaplisten.tables import to_csv
from gaplisten.ui.batch.score_dialog import ScoreDialog
from kit.tables import rows_of
from kit.timing import PATIENCE


def opened(qtbot: QtBot, window: Any, table: Path, metrics: str = "lsd sdr") -> ScoreDialog:
    """Open the dialog with these metrics ticked."""
    window.actions_table["scores.clips"].trigger()
    dialog: ScoreDialog = window.panes["batch"].score_dialog
    qtbot.waitUntil(lambda: not window.controller.tasks.busy)  # the service is looked for
    dialog.table.line.setText(str(table))
    for name in [*dialog.metrics.ticked]:
        dialog.metrics.tick(name, False)
    for name in metrics.split():
        dialog.metrics.tick(name)
    return dialog


def run(qtbot: QtBot, dialog: ScoreDialog) -> None:
    dialog.go.click()
    qtbot.waitUntil(lambda: not dialog.run.running)


def test_the_table_is_the_command_lines(
    qtbot: QtBot, window: Any, clips_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score_work, "ProcessWorkers", ProcessWorkers)
    table = tmp_path / "scores.csv"
    dialog = opened(qtbot, window, table)
    run(qtbot, dialog)
    with ThreadWorkers(2) as workers, Journal(tmp_path / "journal") as journal:
        metrics = described(["lsd", "sdr"], workers)
        expected = score_versions(versions_from_paths([clips_folder]), metrics, workers, journal)
    assert table.read_text(encoding="utf-8") == to_csv(tidy(expected.rows)).replace("\r\n", "\n")
    assert dialog.said.text() == f"24 scores in {table}"
    assert {row["clips"] for row in rows_of(tmp_path / "scores-summary.csv") if row["stratum"] == "all"} == {
        "4"
    }


def test_a_table_of_the_clips_parts_the_means_and_one_that_cannot_is_told(
    qtbot: QtBot, window: Any, tmp_path: Path
) -> None:
    clips = [clip.name for clip in window.controller.clipset.clips]
    told = tmp_path / "meta.csv"
    told.write_text("id,talker\n" + "".join(f"{name},{'ab'[n % 2]}\n" for n, name in enumerate(clips)))
    table = tmp_path / "scores.csv"
    dialog = opened(qtbot, window, table, "lsd")
    dialog.clip_table.line.setText(str(told))
    run(qtbot, dialog)
    assert {row["clip:talker"] for row in rows_of(table)} == {"a", "b"}
    assert {row["stratum"] for row in rows_of(table)}.isdisjoint({"talker a", "talker b"}), (
        "no column is named"
    )
    table.unlink()
    dialog.column.setText("speaker")
    run(qtbot, dialog)
    assert "has no column 'speaker'" in dialog.said.text()
    assert "'talker'" in dialog.said.text()
    assert not table.exists()
    dialog.column.setText("talker")
    run(qtbot, dialog)
    assert {row["stratum"] for row in rows_of(table)} == {"talker a", "talker b"}


def test_the_table_that_the_clip_list_shows_is_the_one_that_scores_get(
    qtbot: QtBot, window: Any, tmp_path: Path
) -> None:
    told = tmp_path / "meta.csv"
    told.write_text("id,talker\n" + "".join(f"{c.name},a\n" for c in window.controller.clipset.clips))
    window.controller.document.set_clip_table(told)
    dialog = opened(qtbot, window, tmp_path / "scores.csv", "lsd")
    assert dialog.clip_table.path == told


def test_transcripts_that_are_named_count_and_others_are_told_before_the_work(
    qtbot: QtBot, window: Any, tmp_path: Path
) -> None:
    name = window.controller.clipset.clips[0].name
    said = tmp_path / "said.csv"
    said.write_text(f"id,transcription\n{name},good morning\n")
    dialog = opened(qtbot, window, tmp_path / "scores.csv", "lsd")
    dialog.words.line.setText(str(said))
    clip = score_work.told(dialog.wish()).clipset.clip(name)
    assert clip.transcript is not None
    assert clip.transcript.text == "good morning"
    said.write_text("id,mood\n1,good\n")
    run(qtbot, dialog)
    assert "has no column of transcripts" in dialog.said.text()


def test_concealers_are_concealed_first_and_scored_as_conditions(
    qtbot: QtBot, window: Any, tmp_path: Path
) -> None:
    window.controller.document.switch_on("constant", {"value": 0.01})
    table = tmp_path / "scores.csv"
    dialog = opened(qtbot, window, table, "sdr")
    for name in ("mild", "rough", "lossy"):
        dialog.versions.tick(name, False)
    run(qtbot, dialog)
    found = rows_of(table)
    assert [(row["clip"], row["condition"]) for row in found] == [(str(n), "constant") for n in range(4)]
    assert found[0]["file"] == str(tmp_path / "scores-concealed" / "constant" / "0.wav")
    assert all(float(row["value"]) > 0 for row in found)


def test_what_cannot_be_scored_is_named_with_its_reason_and_the_others_are_done(
    qtbot: QtBot, window: Any, clips_folder: Path, tmp_path: Path
) -> None:
    write_signal(clips_folder / "mild" / "1.wav", Signal.of([0.0] * 17600, 16000))
    (clips_folder / "rough" / "2.wav").write_bytes(b"not a sound")
    table = tmp_path / "scores.csv"
    dialog = opened(qtbot, window, table, "sdr")
    run(qtbot, dialog)
    said = [dialog.remarks.item(row).text() for row in range(dialog.remarks.count())]
    assert len(said) == 2
    assert any("mild/1.wav" in line and "silent" in line for line in said)
    assert any("rough/2.wav" in line for line in said)
    assert dialog.said.text() == f"10 scores in {table}; 2 failed:"
    assert len(rows_of(table)) == 12


def test_stopped_scoring_goes_on_where_it_was(
    qtbot: QtBot, window: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, note, stopped = batch_score.compute_tasks, Journal.note, threading.Event()
    begun, noted = itertools.count(), []

    def held(tasks: Any) -> Any:
        if next(begun) >= 2:
            stopped.wait(PATIENCE)
        return own(tasks)

    def noting(journal: Journal, key: str, outcome: Any) -> None:
        note(journal, key, outcome)
        noted.append(key)

    monkeypatch.setattr(batch_score, "compute_tasks", held)
    monkeypatch.setattr(Journal, "note", noting)
    dialog = opened(qtbot, window, tmp_path / "scores.csv", "sdr")
    dialog.go.click()
    qtbot.waitUntil(lambda: len(noted) >= 2)
    dialog.stop.click()
    stopped.set()
    qtbot.waitUntil(lambda: not dialog.run.running)
    assert dialog.said.text().startswith("Stopped.")
    assert not (tmp_path / "scores.csv").exists()
    run(qtbot, dialog)
    assert "of them known before" in dialog.said.text()
    assert len(rows_of(tmp_path / "scores.csv")) == 12


def test_a_metric_whose_package_is_missing_is_greyed_with_the_reason(
    qtbot: QtBot, window: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        material, "missing_packages", lambda metric: ("pesq",) if metric.name == "pesq" else ()
    )
    dialog = opened(qtbot, window, tmp_path / "scores.csv", "sdr")
    (item,) = [
        item
        for row in range(dialog.metrics.count())
        if (item := dialog.metrics.item(row)).text().startswith("PESQ")
    ]
    assert item.text() == "PESQ (needs the package pesq)"
    assert not item.flags() & item.flags().ItemIsEnabled
    assert "pesq" not in dialog.metrics.ticked


def test_an_unwritable_place_is_told_before_the_work(qtbot: QtBot, window: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    dialog = opened(qtbot, window, tmp_path / "file" / "scores.csv")
    run(qtbot, dialog)
    assert str(tmp_path / "file") in dialog.said.text()
    assert dialog.go.isEnabled()


def test_the_teams_service_scores_once_it_is_set_up_and_the_token_stays_unwritten(
    qtbot: QtBot, window: Any, service: Any, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = opened(qtbot, window, tmp_path / "scores.csv", "plcmos_service")
    assert dialog.metrics.ticked == ()  # nothing is set up
    monkeypatch.setenv(PLCMOS.token_variable, "open-sesame")
    save_service(service.address, "team")
    dialog = opened(qtbot, window, tmp_path / "scores.csv", "plcmos_service")
    for name in ("mild", "lossy"):
        dialog.versions.tick(name, False)
    run(qtbot, dialog)
    found = rows_of(tmp_path / "scores.csv")
    assert [(row["metric"], row["value"], row["marks"]) for row in found] == [
        ("plcmos_service", "3.25", "model version 7")
    ] * 4
    assert len(service.accounts) == 4
    files = [path for folder in (tmp_path, home) for path in folder.rglob("*") if path.is_file()]
    assert not any(b"open-sesame" in path.read_bytes() for path in files)
    assert "open-sesame" not in dialog.said.text()


def test_the_comparison_opens_on_what_was_scored(qtbot: QtBot, window: Any, tmp_path: Path) -> None:
    assert not window.actions_table["scores.compare"].isEnabled()
    dialog = opened(qtbot, window, tmp_path / "scores.csv", "sdr")
    run(qtbot, dialog)
    dialog.compare.click()
    (made,) = window.panes["batch"].windows
    assert not dialog.isVisible()  # it would hide the clips that a click opens
    assert {row[0] for row in made.tables[0].table.rows} == {"lossy", "mild", "rough"}


@pytest.mark.parametrize("typed", ["/", "~nobody-of-that-name/scores.csv"])
def test_a_path_that_is_not_yet_one_only_keeps_the_work_from_starting(
    qtbot: QtBot, window: Any, tmp_path: Path, typed: str
) -> None:
    dialog = opened(qtbot, window, tmp_path / "scores.csv")
    with qtbot.captureExceptions() as raised:
        dialog.table.line.setText(typed)
    assert not raised
    assert not dialog.go.isEnabled()
    dialog.table.line.setText(str(tmp_path / "scores.csv"))
    assert dialog.go.isEnabled()


def test_edited_losses_that_a_batch_does_not_use_are_told(qtbot: QtBot, window: Any, tmp_path: Path) -> None:
    dialog = opened(qtbot, window, tmp_path / "scores.csv")
    assert dialog.edits.isHidden()
    trace = window.controller.trace
    window.controller.document.set_loss("1", trace, "painted")
    assert dialog.edits.isVisible()
    assert dialog.edits.text().startswith("The loss that you edited will not be used")
    dialog.which.setCurrentIndex(1)  # only clip 0, whose loss nobody touched
    assert dialog.edits.isHidden()
    window.controller.document.set_loss("0", trace, "painted")
    assert dialog.edits.isVisible()
    window.controller.document.reset_loss("0")
    assert dialog.edits.isHidden()
