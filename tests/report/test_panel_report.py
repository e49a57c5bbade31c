"""A panel's report: how it was obtained stands in it, and nobody reads two languages in one sentence."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gaplisten.panel.columns import PlaybackFacts
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.results.evaluation import evaluate
from gaplisten.panel.results.report import summary
from gaplisten.panel.session import Session
from gaplisten.report.panel_report import report_of
from kit.panels import NO_STEPS, listen, make_panel, vote


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> FrozenPanel:
    made = make_panel(tmp_path_factory.mktemp("p"), "acr", NO_STEPS, clips=4, top='language = "de"')
    for name, trials, card in (("Ann", 8, "Card (hw:0,0)"), ("Ben", 8, "Card (hw:0,0)"), ("Cy", 3, "USB")):
        with Session.open(made.folder, name) as session:
            for _ in range(trials):
                listen(session)
                vote(session, (lambda trial, slot: 3) if name == "Ann" else None)
                assert session.next(PlaybackFacts(card, 48000, 1, 23.0)) is None
    return made


def facts(page: str) -> dict[str, str]:
    return dict(re.findall(r"<tr><t[dh][^>]*>([^<]*)</t[dh]><td[^>]*>([^<]*)</td></tr>", page))


def test_the_report_tells_when_by_how_many_and_with_what_it_was_listened_to(panel: FrozenPanel) -> None:
    found = facts(report_of(panel, evaluate(panel)))
    assert found["Sitzungen"] == "2 beendet, 1 nicht (3 von 8 Durchgängen): abgegebene Stimmen zählen"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d( bis \d{4}-\d\d-\d\d \(UTC\))?", found["durchgeführt"])
    assert found["Geräte"] == "Card (hw:0,0), mit 48000 Hz: 2 Sitzungen; USB, mit 48000 Hz: 1 Sitzung"
    assert found["Aussetzer der Ausgabe"] == "19"


def test_an_english_panel_is_told_of_in_english(panel: FrozenPanel) -> None:
    found = facts(report_of(panel, replace(evaluate(panel), language="en")))
    assert found["sessions"] == "2 finished, 1 not (3 of 8 trials): the votes that were given are used"
    assert found["devices"] == "Card (hw:0,0), at 48,000 Hz: 2 sessions; USB, at 48,000 Hz: 1 session"
    assert found["underflows of the output"] == "19"


def test_a_report_under_pseudonyms_names_no_device(panel: FrozenPanel) -> None:
    page = report_of(panel, evaluate(panel, anonymous=True))
    assert facts(page)["Geräte"] == "nicht genannt, mit 48000 Hz: 3 Sitzungen"
    assert not re.search(r"hw:0|USB|\bAnn\b|\bBen\b", page)


def test_why_somebody_is_left_out_is_said_in_the_panels_language(panel: FrozenPanel) -> None:
    (said,) = (one for one in summary(evaluate(panel)) if "ausgeschlossen" in one)
    assert said == (
        "ausgeschlossen: Ann (die Stimmen unterscheiden sich kaum (Varianz 0,00 < 0,1, wie in P.808))"
    )
