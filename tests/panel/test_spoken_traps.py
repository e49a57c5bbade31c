"""Attention trials that the panel makes itself: a spoken number says what to answer, in every method."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gaplisten.panel.check_sounds import spoken_digits
from gaplisten.panel.definition import DefinitionError
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.planned import Planned
from gaplisten.panel.results.evaluation import evaluate
from gaplisten.panel.session import Session
from gaplisten.panel.session_files import read_session
from gaplisten.panel.trial import Response, Trial, Vote
from kit.panels import make_panel, take

CHECKS = "[checks]\nlevel = false\nspoken_traps = 2\n"
METHODS = {
    "acr": "",
    "acr_annoyance": "",
    "p835": "",
    "dcr": "",
    "ccr": "",
    "mushra": '[mushra]\nanchors = ["lossy"]\n',
    "ab": "",
    "abx": "[abx]\ntrials = 6\n",
    "abx_pair": "[abx_pair]\ntrials = 6\n",
    "p804": "",
    "ranking": "[ranking]\nreference = true\n",
    "abc_hr": "",
}


def right_vote(panel: FrozenPanel, planned: Planned, slot: int, attentive: bool) -> Vote:
    """Return the vote of somebody who does as the numbers say, or the opposite."""
    trial = planned.trial
    if trial.rated_slots:
        expected = panel.key.by_code[trial.slots[slot].stimulus].expected
        assert expected is not None
        if trial.response is Response.PLACES:
            return expected if attentive else len(trial.rated_slots) + 1 - expected
        others = {Response.SLIDERS: (expected + 50) % 100, Response.GRADES: 1.0 + expected % 5}
        return expected if attentive else others[trial.response]
    if trial.response is Response.CHOICE:
        letters = {name: one.letter for one, name in zip(trial.slots, planned.conditions, strict=True)}
        if isinstance(planned.expected, str):
            right = planned.expected
        else:
            right = letters[planned.condition if planned.expected == 1 else planned.compared_with]
        return right if attentive else "AB".replace(right, "")
    assert isinstance(planned.expected, int)
    return planned.expected if attentive else planned.expected % 3 + 1


TEN_CONDITIONS = "".join(f'[[condition]]\nname = "s{at}"\nfiles = "one"\n' for at in range(8))


@pytest.mark.parametrize("method", METHODS)
def test_who_does_as_the_numbers_say_passes_and_who_does_not_is_left_out(method: str, tmp_path: Path) -> None:
    panel = make_panel(tmp_path, method, CHECKS + METHODS[method], clips=4)
    for name, attentive in (("Ann", True), ("Ben", False)):
        with Session.open(panel.folder, name) as session:
            truth = {one.trial.number: one for one in session._plan}

            def choose(trial: Trial, slot: int) -> Vote:
                if truth[trial.number].kind == "trap":  # noqa: B023 - called in this turn only
                    return right_vote(panel, truth[trial.number], slot, attentive)  # noqa: B023
                if trial.response is Response.PLACES:
                    return slot
                if trial.response is Response.GRADES:
                    return 3.5 + 0.1 * slot
                values = [value for value, _ in session.scale.labels if value != "none"]
                return 50 + slot if trial.response is Response.SLIDERS else values[trial.number % len(values)]

            take(session, choose=choose)
        (path,) = [one for one in panel.ratings.glob("*.csv") if f"-{name.lower()}-" in one.name]
        rows = [row for row in read_session(panel, path).rows if row["kind"] == "trap"]
        assert len({row["trial"] for row in rows}) == 2
        assert {row["passed"] for row in rows if row["expected"]} == {str(attentive).lower()}
        assert all(row["trial"] != "1" for row in rows)
    found = {one.name: " ".join(one.reasons) for one in evaluate(panel).listeners}
    assert "trap" not in found["Ann"]
    assert "trap" in found["Ben"]


def test_the_sounds_of_a_trap_are_equally_long_and_say_different_digits(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "mushra", CHECKS + METHODS["mushra"], clips=4)
    sounds = [one for one in panel.key.stimuli if one.clip == "spoken trap 1"]
    samples = {one.condition + one.use: panel.read(one.code).mono for one in sounds}
    assert len({len(wave) for wave in samples.values()}) == 1
    rated = [one for one in sounds if one.expected is not None]
    assert len({one.expected for one in rated}) == len(rated) == 4
    assert {one.within for one in rated} == {5}
    words = spoken_digits(8000, "en")
    for one in rated:
        assert one.expected is not None
        wave, wanted = panel.read(one.code).mono.astype(float), one.expected // 10
        scores = [np.abs(np.correlate(wave, word / np.linalg.norm(word), "valid")).max() for word in words]
        assert int(np.argmax(scores)) == wanted


def test_the_page_says_what_numbers_mean_in_the_panels_language(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", CHECKS, top='language = "de"')
    assert "antworten Sie mit dieser Zahl" in panel.scales[""].instruction
    compared = make_panel(tmp_path, "ccr", CHECKS, out="ccr")  # whose answers bear no numbers
    assert "one Slightly Better, two Better, three Much Better" in compared.scales[""].instruction
    plain = make_panel(tmp_path, "abx", CHECKS, out="abx")
    assert "number" not in plain.scales[""].instruction  # X is the one that says the same: nothing to explain


@pytest.mark.parametrize(
    ("method", "more", "said"),
    [
        ("ranking", TEN_CONDITIONS, "a digit for each condition: 9 at most, there are 10"),
        ("mushra", "[rules]\nneed_hundred = true\n", "no recording gets 100"),
    ],
)
def test_where_they_do_not_fit_is_said(method: str, more: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=said):
        make_panel(tmp_path, method, CHECKS + more)
