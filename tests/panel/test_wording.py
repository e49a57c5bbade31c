"""Results of a German panel are shown in German; files of data stay English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaplisten.languages import translated
from gaplisten.panel.results import report
from gaplisten.panel.results.evaluation import Results, evaluate
from gaplisten.panel.results.wording import in_words, worded
from gaplisten.panel.session import Session
from gaplisten.panel.trial import Trial, Vote
from gaplisten.report.figure import Boxes, Points
from gaplisten.report.panel_figure import figures_of
from gaplisten.report.panel_report import report_of
from gaplisten.tables import Table
from kit.panels import NO_STEPS, SHORT, make_panel, some_vote, take

# The same in both languages: signs, numbers, and what the field calls so everywhere.
_SAME = re.compile(r"|Clips|Median|p|p \(Holm\)|q1|q3|C?MOS|d'|[\d.,−]+|[<>=≤]*[\d-]+ ms")
_ENGLISH = re.compile(r"\b(listeners?|votes|each|how|over|share|mean|difference|burst|the|of|by)\b", re.I)
_WORDS = {"stratum", "interval over", "found by", "what", "reliability", "speaks about", "blocks", "scale"}


def _results(base: Path, method: str, language: str = "de") -> tuple[Results, str]:
    """Return what three listeners found, and the report."""
    (base / "who.csv").write_text("clip,talker,sex\nc0,t0,f\nc1,t1,m\nc2,t1,m\n")
    extra = NO_STEPS + SHORT.get(method, "") + ("[results]\nmargin = 0.4\n" if method == "acr" else "")
    panel = make_panel(base, method, extra, clips=3, top=f'language = "{language}"', talkers="who.csv")
    draw = np.random.default_rng(1)

    def choose(trial: Trial, _slot: int) -> Vote:
        if method in ("mushra", "ranking"):
            return int(draw.integers(0, 100))
        with_number = replace(trial, number=int(draw.integers(1, 99)))
        return some_vote(with_number, session)

    for name in ("anna", "ben", "cleo"):
        with Session.open(panel.folder, name) as session:
            take(session, choose=choose)
    found = evaluate(panel)
    return found, report_of(panel, found)


def _tables(found: Results) -> list[Table]:
    made = [report.main_table(found), report.contrasts_table(found), report.strata_table(found)]
    made += [report.talkers_table(found), report.listeners_table(found), report.by_listener_table(found)]
    return [*made, *(one.table for one in found.statistics)]


def _texts(found: Results) -> Iterator[str]:
    """Yield every English text of ours that tables hold."""
    for table in _tables(found):
        yield from table.columns
        for row in table.rows:
            told = zip(table.columns, row, strict=True)
            yield from (cell for name, cell in told if name in _WORDS and isinstance(cell, str))
    for one in found.statistics:
        yield from (one.title, *one.notes)


@pytest.mark.parametrize("method", ["acr", "p835", "ccr", "ab", "abx", "mushra", "ranking"])
def test_every_text_of_a_german_panels_results_is_german(tmp_path: Path, method: str) -> None:
    found, page = _results(tmp_path, method)
    english = {text for text in _texts(found) if worded(text, "de") == text}
    assert {text for text in english if not _SAME.fullmatch(text) and text not in ("t0", "t1")} == set()
    for figure in figures_of(found, 181).values():
        for plot in (plot for row in figure.rows for plot in row):
            labels = [mark.label for mark in plot.marks if isinstance(mark, Points | Boxes)]
            texts = (plot.title, plot.x.label, plot.y.label, *labels)
            assert not [text for text in texts if _ENGLISH.search(text)]
    heads = re.findall(r"<(?:h\d|th)>(.*?)</", page)
    assert not [one for one in heads if _ENGLISH.search(one)]
    facts = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td></tr>", page)
    assert ("Sitzungen", "3 beendet, 0 nicht") in facts
    assert not [one for one in facts if _ENGLISH.search(" ".join(one))]
    assert '<html lang="de">' in page


def test_numbers_have_commas_where_people_write_them_and_data_have_points(tmp_path: Path) -> None:
    found, page = _results(tmp_path, "acr")
    mean = found.conditions[0].mean.mean
    assert f'<td class="number">{mean:.4g}</td>'.replace(".", ",") in page
    written = tmp_path / "r.csv"
    report.save_tables(found, written)
    head, first, *_ = written.read_text(encoding="utf-8").splitlines()
    assert head.startswith("condition,stratum,listeners,votes,MOS")
    assert f",{round(mean, 4)}," in first
    assert "listeners and clips" in first


def test_names_are_never_taken_for_words() -> None:
    table = Table(("condition", "stratum", "listener"), (("clips", "all", "none"),))
    shown = in_words(table, "de")
    assert shown.rows == (("clips", "alle", "none"),)
    assert shown.columns == ("Bedingung", "Schicht", "Hörende Person")
    assert in_words(table, "en") is table


def test_a_text_with_places_is_translated_place_by_place() -> None:
    said = "longest burst ≤120 ms: n = 1 listener, 12 clips; 95 % over clips, this listener only"
    assert worded(said, "de") == (
        "längster Verlust ≤120 ms: n = 1 hörende Person, 12 Clips; 95 % über Clips, nur diese hörende Person"
    )
    assert worded("6, 0.4 s each on average", "de") == "6, im Mittel je 0,4 s"
    assert worded("Card, at 48,000 Hz: 2 sessions", "de") == "Card, mit 48000 Hz: 2 Sitzungen"
    assert worded("what nobody wrote down", "de") == "what nobody wrote down"
    assert translated("en", "listeners", "results") == "listeners"
