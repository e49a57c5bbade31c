"""Before the first trial: consent, questions, level, sides, room, headphones, digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.session import Session
from gaplisten.panel.steps import AnswerMissing, StepKind
from kit.panels import make_panel, take

ALL = """
[checks]
sides = true
quiet_room = true
headphones = true
digits = true
{more}
[[question]]
name = "age"
text = "How old are you?"
kind = "number"
[[question]]
name = "language"
text = "First language?"
optional = true
"""


def panel_of(base: Path, more: str = "") -> FrozenPanel:
    return make_panel(base, extra=ALL.replace("{more}", more), top='consent = "I agree."')


def right_answer(panel: FrozenPanel, session: Session) -> str:
    step = session.step
    assert step is not None
    tasks = [one for one in panel.key.steps if one.kind == step.kind.value]
    return tasks[step.number - 1].answer


def go(
    panel: FrozenPanel, session: Session, until: StepKind | None = None, wrong: StepKind | None = None
) -> None:
    """Answer every step rightly, those of kind `wrong` wrongly."""
    while (step := session.step) is not None and step.kind is not until:
        if step.kind is StepKind.QUESTIONNAIRE:
            session.answer({"age": "33"})
        elif step.kind is StepKind.CONSENT:
            session.answer({"consent": "yes"})
        else:
            answer = right_answer(panel, session)
            if step.kind is wrong:
                answer = next((value for value, _ in step.choices if value != answer), "000")
            session.answer({step.kind.value: answer})


def test_all_steps_come_in_order_then_the_trials(tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        seen = []
        while session.step is not None:
            assert session.trial is None
            seen.append((session.step.kind.value, session.step.number))
            kind = session.step.kind
            assert all(panel.read(code).frames for code in session.step.stimuli)
            go_one(panel, session, kind)
        assert session.trial is not None
    kinds = [kind for kind, _ in seen]
    assert list(dict.fromkeys(kinds)) == [kind.value for kind in StepKind]
    assert [kinds.count(kind) for kind in ("sides", "quiet_room", "headphones", "digits")] == [2, 4, 6, 5]


def go_one(panel: FrozenPanel, session: Session, kind: StepKind) -> None:
    answers = {StepKind.QUESTIONNAIRE: {"age": "33"}, StepKind.CONSENT: {"consent": "yes"}}
    session.answer(answers.get(kind) or {kind.value: right_answer(panel, session)})


def test_answers_are_saved_apart_from_the_ratings_and_resumed(tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        go(panel, session, until=StepKind.HEADPHONES)
    with Session.open(panel.folder, "Ann") as session:
        assert session.step is not None
        assert session.step.kind is StepKind.LEVEL  # asked at every start
        session.answer({})
        assert (session.step.kind, session.step.number) == (StepKind.HEADPHONES, 1)
        go(panel, session)
        take(session, 1)
    (ratings,) = panel.ratings.glob("*.csv")
    assert len(pd.read_csv(ratings)) == 1
    (answers,) = (panel.ratings / "answers").glob("*.csv")
    table = pd.read_csv(answers)
    assert table.loc[table["question"] == "age", "answer"].tolist() == ["33"]
    assert table.loc[table["step"] == "digits", "right"].tolist() == [True] * 5


@pytest.mark.parametrize(
    ("answers", "said"),
    [({}, "there is no answer"), ({"age": "old"}, "'old' is no number"), ({"age": " "}, "no answer")],
)
def test_what_is_needed_must_be_answered(answers: dict[str, str], said: str, tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        with pytest.raises(AnswerMissing):
            session.answer({"consent": "no"})
        session.answer({"consent": "yes"})
        with pytest.raises(AnswerMissing, match=said):
            session.answer(answers)
        assert session.step is not None
        assert session.step.kind is StepKind.QUESTIONNAIRE


def test_a_required_check_may_be_tried_again_and_then_closes_the_session(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, "required = true\nattempts = 2")
    with Session.open(panel.folder, "Ann") as session:
        go(panel, session, until=StepKind.HEADPHONES)
        for _ in range(6):
            assert session.step is not None
            assert session.step.attempt == 1
            session.answer({"headphones": "1" if right_answer(panel, session) != "1" else "2"})
        assert session.step is not None
        assert (session.step.attempt, session.step.number) == (2, 1)
        go(panel, session, wrong=StepKind.HEADPHONES)
        assert session.closed.startswith("Headphones: ")
        assert "you cannot take part" in session.closed
        assert session.trial is None
    with Session.open(panel.folder, "Ann") as session:
        assert session.closed


def test_a_check_that_is_not_required_is_only_written_down(tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        go(panel, session, wrong=StepKind.DIGITS)
        assert session.trial is not None
        assert not session.closed


def test_the_sounds_of_the_steps_are_what_they_claim(tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    tasks = {kind.value: [one for one in panel.key.steps if one.kind == kind.value] for kind in StepKind}
    for task in tasks["sides"]:
        samples = panel.read(task.codes[0]).samples
        silent = 1 if task.answer == "left" else 0
        assert not samples[:, silent].any()
        assert samples[:, 1 - silent].any()
    for task in tasks["headphones"]:
        tones = [panel.read(code).samples for code in task.codes]
        levels = [float(np.sqrt(np.mean(tone**2))) for tone in tones]
        assert int(np.argmin(levels)) == int(task.answer) - 1
        assert min(levels) / max(levels) == pytest.approx(0.5, rel=0.01)
        assert sum(np.allclose(tone[:, 0], -tone[:, 1]) for tone in tones) == 1
    for task in tasks["quiet_room"]:
        one, other = (panel.read(code).samples for code in task.codes)
        clean = panel.read(tasks["level"][0].codes[0]).samples
        noise = [float(np.mean((sound - clean) ** 2)) for sound in (one, other)]
        assert (noise[0] < noise[1]) == (task.answer == "1")
        assert max(noise) / min(noise) == pytest.approx(10, rel=0.15)
    assert all(len(task.answer) == 3 and task.answer.isdigit() for task in tasks["digits"])
