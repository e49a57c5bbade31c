"""A panel of 24 simulated listeners, taken through real sessions: what was put in comes out of the files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gaplisten.panel.build import build
from gaplisten.panel.frozen import open_panel
from gaplisten.panel.planned import Planned
from gaplisten.panel.results.evaluation import Results, evaluate
from gaplisten.panel.selection import Places
from gaplisten.panel.session import Session
from kit.listener import NoConcealers, clips_folder, definition

ORDER = ("zero", "fade", "hybrid", "clean")
LISTENERS = 24
Answer = Callable[[Session, Planned, int, np.random.Generator], None]


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether rows are forced to the disk is not asked here."""
    monkeypatch.setattr("os.fsync", lambda _: None)


def simulated(folder: Path, method: str, answer: Answer, more: str = "") -> Results:
    """Build a panel of eight clips and four conditions; let 24 listeners take it."""
    clips_folder(folder / "clips", tuple("abcdefgh"), 0.1)
    systems = "".join(f'[[condition]]\nname = "{name}"\nfiles = "quuxnet"\n' for name in ORDER)
    rules = f'[rules]\nheard = "nothing"\n[checks]\nlevel = false\n{more}'
    made = definition(method, conditions=systems + rules)
    build(made, folder / "panel", NoConcealers(), places=Places(folder))
    for index in range(LISTENERS):
        draw = np.random.default_rng(100 + index)
        with Session.open(folder / "panel", f"l{index:02}") as session:
            while session.trial is not None:
                answer(session, session._todo[0], index, draw)
                assert session.next() is None
    return evaluate(open_panel(folder / "panel"))


def noisy(truth: float, index: int, draw: np.random.Generator, low: int, high: int) -> int:
    """Vote with a bias of the listener's own and noise of the vote."""
    bias = float(np.random.default_rng(index).normal(0, 0.3))
    return int(np.clip(round(truth + bias + draw.normal(0, 0.6)), low, high))


def test_acr_gives_true_scores_back_and_finds_who_guesses_and_who_always_votes_the_same(
    tmp_path: Path,
) -> None:
    truth = {"zero": 1.9, "fade": 2.7, "hybrid": 3.6, "clean": 4.3}

    def answer(session: Session, planned: Planned, index: int, _: np.random.Generator) -> None:
        # Each panel draws orders of its own: votes that followed them would let a guesser be right by chance.
        draw = np.random.default_rng((index, ord(planned.clip), ORDER.index(planned.condition)))
        votes = {22: int(draw.integers(1, 6)), 23: 4}
        honest = noisy(truth[planned.condition], index, draw, 1, 5)
        assert session.rate(votes.get(index, honest)) is None

    found = simulated(tmp_path, "acr", answer, "[results]\nexclude_by_agreement = true\n")
    assert [one.condition for one in found.conditions] == list(ORDER)
    for one in found.conditions:
        assert one.mean.n == 22
        assert abs(one.mean.mean - truth[one.condition]) < 0.25
    why = {one.name: " ".join(one.reasons) for one in found.excluded}
    assert set(why) == {"l22", "l23"}
    assert "guessing" in why["l22"]
    assert "hardly differ" in why["l23"]


def test_ccr_reads_processed_compared_with_reference_in_both_orders(tmp_path: Path) -> None:
    truth = {"zero": -2.3, "fade": -1.6, "hybrid": -0.8, "clean": 0.0}
    reversed_pairs = []

    def answer(session: Session, planned: Planned, index: int, draw: np.random.Generator) -> None:
        processed = noisy(truth[planned.condition], index, draw, -3, 3)
        last = planned.conditions[1] == planned.condition
        reversed_pairs.append(not last)
        assert session.rate(processed if last else -processed) is None

    found = simulated(tmp_path, "ccr", answer)
    assert sum(reversed_pairs) * 2 == len(reversed_pairs) == LISTENERS * 32
    for one in found.conditions:
        assert abs(one.mean.mean - truth[one.condition]) < 0.25


def test_mushra_screens_by_both_rules_of_the_standard(tmp_path: Path) -> None:
    truth = {"reference": 100.0, "anchor35": 25.0, "anchor70": 55.0, "clean": 85.0}
    truth |= {"hybrid": 70.0, "fade": 50.0, "zero": 30.0}

    def answer(session: Session, planned: Planned, index: int, draw: np.random.Generator) -> None:
        for slot in planned.trial.rated_slots:
            name = planned.conditions[slot]
            vote = truth[name] + (0 if name == "reference" else draw.normal(0, 6))
            if name == "reference" and index == 22 and planned.clip in "ab":
                vote = 80  # two of eight items are more than 15 %
            if name == "anchor70" and index == 23:
                vote = 95
            session.started(slot)
            assert session.rate(int(np.clip(round(vote), 0, 100)), slot) is None

    found = simulated(tmp_path, "mushra", answer)
    assert {one.name: one.reasons for one in found.excluded} == {
        "l22": ("hidden reference below 90 on 2 of 8 items (BS.1534-3)",),
        "l23": ("mid anchor above 90 on 8 of 8 items (BS.1534-3)",),
    }
    for one in found.conditions:
        assert abs(one.spread.median - truth[one.condition]) < 3
