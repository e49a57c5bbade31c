"""The audit in the window: run off the thread, cancelled, shown with verdicts, marked on the card, saved."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from gaplisten.bench.audit_subjects import Subject, subjects
from gaplisten.bench.state import Choice
from gaplisten.concealers.findings import Audit, Finding, Verdict
from gaplisten.errors import GaplistenError
from gaplisten.ui.audit.bars import bars_of
from gaplisten.ui.audit.dialog import number
from kit.tables import rows_of
from kit.timing import PATIENCE

HONEST = (
    Finding("look-ahead", 10.0, 10.0, "ms", Verdict.OK, None, "160 frames"),
    Finding("time per packet, p99", None, 0.9, "ms", Verdict.OK, 20.0),
    Finding("leak", None, 0.0, "largest difference", Verdict.OK, 1e-6),
)
LYING = (
    Finding("look-ahead", 0.0, 20.0, "ms", Verdict.LIES, None, "320 frames, worst before packet 4"),
    Finding("delay and time per packet", 0.0, 20.5, "ms", Verdict.OVER, 20.0),
    *HONEST[1:],
)


class Auditor:
    """Answers when the test says so, with findings that it chose."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked: list[tuple] = []
        self.findings = HONEST
        self.error: Exception | None = None
        self.stopped = threading.Event()

    def __call__(self, subject, speech, packet_ms, job):
        self.asked.append((subject.entry.name, dict(subject.parameters), speech.name, packet_ms))
        try:
            while not self.go.wait(0.01):
                job.check(0.4, "auditing")
        except BaseException:
            self.stopped.set()
            raise
        if self.error is not None:
            raise self.error
        return Audit(
            subject.entry, dict(subject.parameters), speech.name or "demo", 16000, 320, self.findings
        )


@pytest.fixture
def auditor(window, monkeypatch):
    made = Auditor()
    monkeypatch.setattr(window.panes["audit"], "_auditor", made)
    yield made
    made.go.set()


def opened_dialog(window):
    window.actions_table["conceal.audit"].trigger()
    return window.panes["audit"].dialog


def cells(dialog):
    table = dialog.table
    return [
        [table.item(row, c).text() for c in range(table.columnCount())] for row in range(table.rowCount())
    ]


def choose(dialog, name):
    places = range(dialog.concealer.count())
    dialog.concealer.setCurrentIndex(
        next(place for place in places if dialog.concealer.itemData(place).entry.name == name)
    )


def test_an_audit_shows_declared_beside_measured_and_is_kept(window, auditor, qtbot) -> None:
    dialog = opened_dialog(window)
    choose(dialog, "loud")
    assert dialog.verdict.text() == "not measured yet"
    dialog.start.click()
    qtbot.waitUntil(lambda: dialog.progress.value() == 400)
    assert dialog.stop.isVisible()
    assert not dialog.start.isEnabled()
    auditor.go.set()
    qtbot.waitUntil(lambda: dialog.audit is not None)
    assert cells(dialog)[0] == ["look-ahead", "10 ms", "10 ms", "", "ok", "160 frames"]
    assert "is what it declares" in dialog.verdict.text()
    assert dialog.stop.isHidden()
    choose(dialog, "fails")
    assert dialog.audit is None
    choose(dialog, "loud")
    assert dialog.audit is not None


def test_a_plugin_that_lies_is_marked_here_and_in_the_dock_until_its_file_changes(
    window, auditor, runner, qtbot
) -> None:
    auditor.findings = LYING
    auditor.go.set()
    dialog = opened_dialog(window)
    choose(dialog, "loud")
    dialog.start.click()
    qtbot.waitUntil(lambda: dialog.audit is not None)
    assert [row[4] for row in cells(dialog)] == ["! LIES", "! over the limit", "ok", "ok"]
    assert dialog.verdict.text().startswith("Loud is not what it declares: look-ahead")
    card = window.panes["concealers"].dock.cards["loud"]
    mark = card.audited
    assert mark.text() == "! declares falsely: look-ahead"
    assert "declared 0 ms, measured 20 ms" in mark.toolTip()
    assert window.panes["concealers"].dock.cards["fails"].audited is None
    catalogue = window.controller.catalogue
    changed = tuple(replace(e, digest="2") if e.name == "loud" else e for e in catalogue.entries)
    window.controller.use_catalogue(replace(catalogue, entries=changed), runner)
    qtbot.waitUntil(lambda: window.panes["concealers"].dock.cards["loud"].audited is None)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [(Verdict.DOUBT, "not provable"), (Verdict.FAILS, "fails"), (Verdict.LATE, "cannot keep up")],
)
def test_a_plugin_that_no_audit_can_vouch_for_is_marked_in_the_dock(
    window, auditor, qtbot, verdict, words
) -> None:
    auditor.findings = (*HONEST, Finding("kept apart", None, "no", "", verdict, None, "reads what it hides"))
    auditor.go.set()
    dialog = opened_dialog(window)
    choose(dialog, "loud")
    dialog.start.click()
    qtbot.waitUntil(lambda: dialog.audit is not None)
    mark = window.panes["concealers"].dock.cards["loud"].audited
    assert mark.text().startswith(f"! {words}")
    assert mark.text().endswith("kept apart")


def test_cancelling_stops_the_work_and_leaves_the_dialog_ready(window, auditor, qtbot) -> None:
    dialog = opened_dialog(window)
    dialog.start.click()
    qtbot.waitUntil(lambda: bool(auditor.asked))
    dialog.stop.click()
    assert auditor.stopped.wait(PATIENCE)
    assert dialog.start.isEnabled()
    assert dialog.audit is None


def test_a_plugin_that_cannot_be_measured_says_why(window, auditor, qtbot) -> None:
    auditor.error = GaplistenError("loud", "returned NaN", "mend it")
    auditor.go.set()
    dialog = opened_dialog(window)
    dialog.start.click()
    qtbot.waitUntil(lambda: "returned NaN" in dialog.verdict.text())
    assert dialog.start.isEnabled()
    assert not dialog.save.isEnabled()


def test_what_is_heard_is_audited_with_its_parameters_on_the_clips_own_reference(
    opened, monkeypatch, qtbot, settle
) -> None:
    auditor = Auditor()
    auditor.go.set()
    monkeypatch.setattr(opened.panes["audit"], "_auditor", auditor)
    opened.controller.document.switch_on("loud", {"level": 0.5})
    settle(opened)
    key = next(lane.key for lane in opened.controller.lanes if lane.ident == "loud")
    opened.controller.hearing.hear(key)
    dialog = opened_dialog(opened)
    assert dialog.concealer.currentText() == f"Loud (lane {key}; level 0.5)"
    dialog.speech.setCurrentIndex(1)
    dialog.start.click()
    qtbot.waitUntil(lambda: dialog.audit is not None)
    assert auditor.asked == [("loud", {"level": 0.5}, "reference of first", 20.0)]


def test_the_table_is_saved_with_how_it_was_obtained(window, auditor, qtbot, tmp_path: Path) -> None:
    entry = window.controller.catalogue.get("loud")
    audit = Audit(entry, {"level": 0.5}, "demo1.flac", 16000, 320, LYING)
    window.panes["audit"].save(audit, tmp_path / "out")
    rows = rows_of(tmp_path / "out.csv")
    assert rows[0] == {
        "concealer": "loud",
        "parameters": '{"level": 0.5}',
        "plugin_sha256": "1",
        "speech": "demo1.flac",
        "rate_hz": "16000",
        "packet_ms": "20.0",
        "measure": "look-ahead",
        "declared": "0.0",
        "measured": "20.0",
        "limit": "",
        "unit": "ms",
        "verdict": "LIES",
        "note": "320 frames, worst before packet 4",
    }
    window.panes["audit"].save(audit, tmp_path / "none" / "out.csv")
    assert "choose another place" in window.messages.said[-1]


def test_bars_stand_against_the_challenges_line_and_the_packets_length(window) -> None:
    entry = window.controller.catalogue.get("loud")
    bars = bars_of(Audit(entry, {}, "demo", 16000, 160, LYING))
    assert [(bar.name, bar.limit, bar.over) for bar in bars] == [
        ("Look-ahead", 20.0, True),
        ("Delay + time per packet", 20.0, True),
        ("Time per packet, p99", 10.0, False),
    ]
    assert bars[0].words == "Look-ahead 20 ms, declared 0 ms, limit 20 ms"


def test_each_lane_is_offered_as_it_is_set_and_each_concealer_with_its_defaults(window) -> None:
    entries = window.controller.catalogue.entries
    offered = subjects(entries, [Choice("loud", (("level", 0.5),)), Choice("gone")], [2, None])
    assert [subject.title for subject in offered] == ["Loud (lane 2; level 0.5)", "Loud", "Fails"]
    assert subjects(entries, [Choice("loud")], [3])[0].title == "Loud (lane 3)"
    assert isinstance(offered[0], Subject)


def test_numbers_carry_their_unit_and_what_is_missing_a_dash() -> None:
    assert number(0.95565, "ms") == "0.956 ms"
    assert number(None, "ms") == "-"
    assert number("same each time", "") == "same each time"
    assert number(5, "") == "5"


LIAR = """
import numpy as np

name = "Liar"
causal = True
delay = 0


def conceal(lossy, lost, rate, packet_frames, *, strength: float = 1.0):
    made = lossy.copy()
    for packet in np.flatnonzero(lost):
        after = lossy[(packet + 1) * packet_frames :][:packet_frames]
        made[packet * packet_frames :][: len(after)] = strength * after
    return made
"""


def test_a_real_audit_finds_that_a_plugin_looks_ahead(tmp_path: Path, monkeypatch) -> None:
    from gaplisten.bench.audit_subjects import Speech, run_audit
    from gaplisten.concealers import audit as engine
    from gaplisten.concealers.catalogue import Catalogue
    from gaplisten.jobs import Job
    from kit.sound_material import speech

    monkeypatch.setattr(engine, "PLACES", 4)
    monkeypatch.setattr(engine, "SECONDS", 2.0)
    (tmp_path / "liar.py").write_text(LIAR, encoding="utf-8")
    entry = Catalogue.scan([tmp_path]).get("liar")
    job = Job()
    found = run_audit(Subject(entry, {"strength": 0.5}), Speech("noise", speech(2.0)), 20.0, job)
    lies = [finding.measure for finding in found.lies]
    assert lies[0] == "look-ahead"
    assert set(lies) <= {"look-ahead", "look-ahead elsewhere"}  # there by one place or two: not each time
    assert found.finding("look-ahead").measured == pytest.approx(20.0, abs=1.0)
    assert found.parameters["strength"] == 0.5
    assert found.material == f"noise, changed with seed {found.seed}"
    assert job.fraction > 0.5
