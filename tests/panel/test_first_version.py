"""Panels built, and sessions begun, with the first version: resumed and evaluated by this one, byte for byte.

`first_version` holds one tiny panel of each method as the first one built it. In each, Ann took everything
and Ben stopped after two trials; `expected` holds what that version then wrote and found.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gaplisten import __version__
from gaplisten.panel.columns import PlaybackFacts
from gaplisten.panel.frozen import open_panel
from gaplisten.panel.results.evaluation import evaluate
from gaplisten.panel.results.report import save_tables, summary
from gaplisten.panel.session import Clock, Session
from kit.panels import listen, vote
from kit.tables import rows_of

FIRST = Path(__file__).resolve().parent / "first_version"
METHODS = sorted(path.name for path in FIRST.iterdir() if path.is_dir())


@pytest.fixture(params=METHODS)
def panel(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIRST / request.param, tmp_path / "panel"))


def clock() -> Clock:
    ticks = iter(range(1, 10_000))  # the first version looked once before: for the time of the last break
    return Clock(lambda: 1_790_000_000.0 + 1.25 * next(ticks), lambda: 0.5 * next(ticks))


def scripted(session: Session, trials: int | None = None) -> None:
    """Take trials as the sessions of the first version were taken."""
    done = 0
    while session.trial is not None and (trials is None or done < trials):
        listen(session)
        vote(session)
        if done == 1:
            session.comment("=a click, at the end", ("click",))
        assert session.next(PlaybackFacts("Test device", 48000, done % 2, 23.0)) is None
        done += 1


def file_of(panel: Path, listener: str) -> Path:
    (path,) = (panel / "ratings").glob(f"*-{listener.lower()}-*.csv")
    return path


def as_first(path: Path) -> bytes:
    """Return a ratings file as the first version would have written it: its number ends each row."""
    return path.read_bytes().replace(f",{__version__}\r\n".encode(), b",0.1.0\r\n")


FEW = "; with fewer than 7 items one lapse is more than 15 %"  # what it did not explain


def as_first_said(text: str) -> str:
    """Return what it would have said: why somebody is left out in English, whatever the panel's language."""
    german = "eindeutig schlecht: 0 von 1 Prüfungen bestanden"
    return text.replace(FEW, "").replace(german, "clear bad: 0 of 1 checks passed")


def assert_found(path: Path, expected: Path, method: str) -> None:
    """Whatever the first version found is found still: it knew the intervals over listeners alone.

    Its variance of CCR votes was taken after signs had been turned, which hid who always pressed one key.
    """
    found = rows_of(path)
    wanted = rows_of(expected)
    assert len(found) == len(wanted)
    for row, first in zip(found, wanted, strict=True):
        for end in ("low", "high"):
            row[f"95 % {end}"] = row.get(f"these clips {end}", row.get(f"95 % {end}", ""))
        same = [name for name in first if (method, name) != ("ccr", "variance")]
        assert {name: as_first_said(row[name]) for name in same} == {name: first[name] for name in same}


def test_every_method_of_the_first_version_is_here() -> None:
    assert METHODS == ["ab", "abc_hr", "abx", "acr", "acr_effort", "ccr", "dcr", "mushra"]


def test_a_session_that_the_first_version_began_is_gone_on_with(panel: Path) -> None:
    begun = file_of(panel, "Ben").read_bytes()
    with Session.open(panel, "Ben", clock=clock()) as session:
        assert session.resumed
        assert session.notices == []
        assert file_of(panel, "Ben").read_bytes() == begun or session.finished
        scripted(session)
        assert session.finished
    assert as_first(file_of(panel, "Ben")) == (panel / "expected/ben.csv").read_bytes()


def test_a_finished_session_of_the_first_version_is_left_as_it_is(panel: Path) -> None:
    before = file_of(panel, "Ann").read_bytes()
    with Session.open(panel, "Ann") as session:
        assert session.finished
        assert session.notices == []
    assert file_of(panel, "Ann").read_bytes() == before


def test_results_of_the_first_versions_sessions_are_the_same(panel: Path, tmp_path: Path) -> None:
    found = evaluate(open_panel(panel))
    assert found.problems == ()
    save_tables(found, tmp_path / "results.csv")
    for expected in (panel / "expected").glob("results*.csv"):
        assert_found(tmp_path / expected.name, expected, found.method.name)
    # It said an interval of no width where all were alike, and said everything in English.
    alike = "mean share 0.250, 95 % 0.250 to 0.250 (Student's t)"
    text = (panel / "expected/summary.txt").read_text(encoding="utf-8")
    said = text.replace(alike, "share 0.250 in each of them, so Student's t tells nothing").splitlines()
    found = replace(found, language="en")
    assert set(said) <= {as_first_said(one).replace(", these clips", "") for one in summary(found)}


def test_a_scripted_session_writes_the_same_rows_as_ever(panel: Path) -> None:
    """From the first trial on, while it runs (nothing unsealed) and when it is complete."""
    whole, begun = file_of(panel, "Ann").read_bytes(), file_of(panel, "Ben").read_bytes()
    for path in (panel / "ratings").glob("*.csv"):
        path.unlink()
    with Session.open(panel, "Ann", clock=clock()) as session:
        scripted(session)
    with Session.open(panel, "Ben", clock=clock()) as session:
        scripted(session, 2)
    assert as_first(file_of(panel, "Ann")) == whole
    assert as_first(file_of(panel, "Ben")) == begun
