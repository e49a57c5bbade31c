"""P.804: seven scales of one recording, known answers on some of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from gaplisten.panel.definition import DefinitionError, parse_definition
from gaplisten.panel.methods import method
from gaplisten.panel.methods.p804 import SCALES
from gaplisten.panel.results.evaluation import Results, evaluate
from gaplisten.panel.rules import Refusal
from gaplisten.panel.session import Session
from kit.panels import NO_STEPS, listen, make_clips, make_panel, take, toml

GOLD = """
[[checks.gold]]
clip = "c0"
condition = "two"
answers = { discontinuity = 1, overall = 2 }
[[checks.gold]]
clip = "c1"
condition = "one"
answers = { noisiness = 5 }
[[checks.trap]]
file = "trap.wav"
answer = 1
"""


def test_the_scales_are_those_of_the_toolkit_with_words_at_their_ends() -> None:
    for language in ("en", "de"):
        words = method("p804").wording(language)
        assert tuple(words) == SCALES
        for name in SCALES[:5]:
            assert [bool(text) for _, text in words[name].labels] == [True, False, False, False, True]
        assert all(text for name in SCALES[5:] for _, text in words[name].labels)
    assert dict(method("p804").wording()["discontinuity"].labels)[1] == "Discontinuous"


def test_all_scales_are_answered_after_one_hearing(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "p804")
    with Session.open(panel.folder, "Ann") as session:
        assert session.rate(3, scale="coloration") is Refusal.NOT_HEARD
        listen(session)
        assert session.trial is not None
        assert session.trial.together
        for scale in SCALES:
            assert session.may_go_on() is Refusal.UNRATED
            assert session.rate(3, scale=scale) is None
        assert session.next() is None


def taken(base: Path, answers: dict[str, dict[str, int]]) -> Results:
    """Return the results of a listener who says 3, but for these answers to checks (by kind of check)."""
    make_clips(base / "clips")
    soundfile.write(base / "trap.wav", soundfile.read(base / "clips/clean/c0.wav")[0], 8000)
    panel = make_panel(base, "p804", NO_STEPS + GOLD)
    with Session.open(panel.folder, "Ann") as session:
        while session.trial is not None:
            listen(session)
            kind = session._todo[0]
            own = answers.get(f"{kind.kind} {kind.clip}", {})
            for at, scale in enumerate(session.trial.scales):
                assert session.rate(own.get(scale, own.get("*", 3 + at % 2)), scale=scale) is None
            session.next()
    return evaluate(panel)


TRAP = {"*": 1}
GOLD_FAILED = ("gold: 1 of 2",)


@pytest.mark.parametrize(
    ("gold", "trap", "reasons"),
    [
        ({"gold c0": {"discontinuity": 2, "overall": 3}, "gold c1": {"noisiness": 4}}, TRAP, ()),
        (
            {"gold c0": {"discontinuity": 3, "overall": 2}, "gold c1": {"noisiness": 5}},
            TRAP,
            GOLD_FAILED,
        ),
        (
            {"gold c0": {"discontinuity": 1, "overall": 1}, "gold c1": {"noisiness": 3}},
            TRAP,
            GOLD_FAILED,
        ),
        (
            {"gold c0": {"discontinuity": 1, "overall": 2}, "gold c1": {"noisiness": 5}},
            {"*": 1, "signal": 2},
            ("trap: 0 of 1",),
        ),
    ],
)
def test_every_gold_answer_and_every_scale_of_a_trap_must_be_met(
    tmp_path: Path, gold: dict[str, dict[str, int]], trap: dict[str, int], reasons: tuple[str, ...]
) -> None:
    results = taken(tmp_path, {**gold, "trap trap 3": trap})
    (ann,) = results.listeners
    assert ann.checks == 3
    assert [one.split(" checks")[0] for one in ann.reasons] == list(reasons)


def test_each_scale_has_its_own_mean(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "p804")
    with Session.open(panel.folder, "Ann") as session:
        take(session)
    found = evaluate(panel)
    assert [(one.condition, one.scale) for one in found.conditions] == [
        (name, scale) for name in ("one", "two") for scale in SCALES
    ]


@pytest.mark.parametrize(
    ("gold", "said"),
    [
        ("answers = { choppiness = 1 }", "there is no scale 'choppiness'"),
        ("answers = { overall = 7 }", "no value of the scale"),
        ("answer = 1\nanswers = { overall = 1 }", "either answer, or answers"),
        ("", "either answer, or answers"),
    ],
)
def test_known_answers_that_fit_no_scale_are_refused(gold: str, said: str) -> None:
    text = f'[[checks.gold]]\nclip = "c0"\ncondition = "one"\n{gold}\n'
    with pytest.raises(DefinitionError, match=said):
        parse_definition(toml("p804", text))
