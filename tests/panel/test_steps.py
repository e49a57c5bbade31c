"""Before the first trial: consent, questions, level, sides, room, headphones, digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gaplisten.panel.answer_table import answer_table
from gaplisten.panel.checks import CHECKED, StepKind, task_of
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.session import Session
from gaplisten.panel.steps import AnswerMissing
from kit.panels import make_panel, play_step, take

ALL = """
[checks]
sides = true
quiet_room = true
headphones = true
bandwidth = true
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
    return task_of(panel.key, session.listener, step.kind, step.attempt, step.number).answer


def answer(panel: FrozenPanel, session: Session, right: bool = True) -> None:
    """Play what there is, and answer."""
    step = session.step
    assert step is not None
    play_step(session)
    if step.questions:
        session.answer({"age": "33"})
    elif step.kind is StepKind.CONSENT:
        session.answer({"consent": "yes"})
    elif step.kind is StepKind.LEVEL:
        session.answer({})
    else:
        given = right_answer(panel, session)
        if not right:
            given = next((value for value, _ in step.choices if value != given), "000")
        session.answer({step.kind.value: given})


def go(
    panel: FrozenPanel, session: Session, until: StepKind | None = None, wrong: StepKind | None = None
) -> None:
    """Answer every step rightly, those of kind `wrong` wrongly."""
    while (step := session.step) is not None and step.kind is not until:
        answer(panel, session, right=step.kind is not wrong)


def test_all_steps_come_in_order_then_the_trials(tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        seen = []
        while session.step is not None:
            assert session.trial is None
            seen.append((session.step.kind.value, session.step.number))
            assert all(panel.read(code).frames for code in session.step.stimuli)
            answer(panel, session)
        assert session.trial is not None
    kinds = [kind for kind, _ in seen]
    assert list(dict.fromkeys(kinds)) == [kind.value for kind in StepKind][:8]
    assert [kinds.count(kind.value) for kind in CHECKED] == [4, 6, 6, 6, 5]


def test_answers_are_saved_apart_from_the_ratings_and_resumed(tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        go(panel, session, until=StepKind.HEADPHONES)
    with Session.open(panel.folder, "Ann") as session:
        assert session.step is not None
        assert session.step.kind is StepKind.LEVEL  # asked at every start
        answer(panel, session)
        assert (session.step.kind, session.step.number) == (StepKind.HEADPHONES, 1)
        go(panel, session)
        take(session, 1)
    (ratings,) = panel.ratings.glob("*.csv")
    assert len(pd.read_csv(ratings)) == 1
    (answers,) = (panel.ratings / "answers").glob("*.csv")
    table = pd.read_csv(answers)
    assert table.loc[table["question"] == "age", "answer"].tolist() == ["33"]
    assert table.loc[table["step"] == "digits", "right"].tolist() == [True] * 5


def test_what_became_of_the_file_of_answers_is_told_at_once(tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        answer(panel, session)
        before = list(session.notices)
        next((panel.ratings / "answers").glob("*.csv")).unlink()
        answer(panel, session)
        (told,) = [note for note in session.notices if note not in before]
        assert "had been removed; it was written again with all" in told


@pytest.mark.parametrize(
    ("answers", "said"),
    [({}, "there is no answer"), ({"age": "old"}, "'old' is no number"), ({"age": " "}, "no answer")],
)
def test_what_is_needed_must_be_answered(answers: dict[str, str], said: str, tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        with pytest.raises(AnswerMissing):
            session.answer({"consent": "maybe"})
        session.answer({"consent": "yes"})
        with pytest.raises(AnswerMissing, match=said):
            session.answer(answers)
        assert session.step is not None
        assert session.step.kind is StepKind.QUESTIONNAIRE


def test_a_failed_check_is_tried_again_with_more_tasks_and_then_closes_the_session(
    tmp_path: Path,
) -> None:
    panel = panel_of(tmp_path, "required = true\nattempts = 2")
    with Session.open(panel.folder, "Ann") as session:
        go(panel, session, until=StepKind.HEADPHONES)
        for _ in range(6):
            assert session.step is not None
            assert (session.step.attempt, session.step.total) == (1, 6)
            answer(panel, session, right=False)
        assert session.step is not None
        assert (session.step.attempt, session.step.number, session.step.total) == (2, 1, 9)
        go(panel, session, wrong=StepKind.HEADPHONES)
        assert session.closed.startswith("Headphones: ")
        assert "you cannot take part" in session.closed
        assert session.trial is None
    with Session.open(panel.folder, "Ann") as session:
        assert session.closed


def test_a_check_that_is_not_required_is_only_written_down(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, "attempts = 1")
    with Session.open(panel.folder, "Ann") as session:
        go(panel, session, wrong=StepKind.DIGITS)
        assert session.trial is not None
        assert not session.closed


def test_all_answers_and_attempts_stand_in_one_table(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, "attempts = 2")
    with Session.open(panel.folder, "007") as session:
        go(panel, session, wrong=StepKind.SIDES)
        take(session, 1)
    (path,) = (panel.ratings / "answers").glob("*.csv")
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
    (path.parent / "link.csv").symlink_to(path)
    table, problems = answer_table(panel)
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert {row["listener"] for row in rows} == {"007"}
    asked = {row["question"]: row["answer"] for row in rows if row["step"] == "questionnaire"}
    assert asked == {"age": "33", "language": ""}
    sides = [row for row in rows if row["step"] == "sides"]
    assert [(row["attempt"], row["right"], row["asked"], row["needed"], row["passed"]) for row in sides] == [
        (1, 0, 4, 4, False),
        (2, 0, 7, 7, False),
    ]
    (room,) = [row for row in rows if row["step"] == "quiet_room"]
    assert (room["right"], room["passed"], room["passed_by_guessing"]) == (6, True, 0.0156)
    assert len(problems) == 1
    assert "it is a link" in problems[0]


def test_who_does_not_agree_does_not_take_part_but_may_think_again(tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        session.answer({"consent": "no"})
        assert "do not take part" in session.closed
        assert session.trial is None
        assert session.step is None
    with Session.open(panel.folder, "Ann") as session:
        assert session.step is not None
        assert session.step.kind is StepKind.CONSENT
        session.answer({"consent": "yes"})
        assert session.step.kind is StepKind.QUESTIONNAIRE
    with Session.open(panel.folder, "Ann") as session:
        assert session.step is not None
        assert session.step.kind is StepKind.QUESTIONNAIRE


def test_what_is_answered_must_have_been_played(tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        while session.step is not None:
            step = session.step
            if step.stimuli:
                given = {} if step.kind is StepKind.LEVEL else {step.kind.value: right_answer(panel, session)}
                with pytest.raises(AnswerMissing, match="play it first"):
                    session.answer(given)
                last = len(step.stimuli) - 1
                for which in range(last):
                    session.step_heard(which, 0, session.step_sounds()[which].frames)
                half = session.step_sounds()[last].frames // 2
                session.step_heard(last, half, 2 * half)  # its second half only
                with pytest.raises(AnswerMissing, match="play it first"):
                    session.answer(given)
                assert session.step == step
            answer(panel, session)


def test_tasks_are_drawn_for_each_listener_and_attempt(tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    names = [f"listener {at}" for at in range(40)]
    for kind in CHECKED:
        answers = {
            (name, attempt): tuple(task_of(panel.key, name, kind, attempt, at + 1).answer for at in range(6))
            for name in names
            for attempt in (1, 2)
        }
        assert len(set(answers.values())) > 25, kind
        assert sum(answers[name, 1] != answers[name, 2] for name in names) >= 36, kind
    room = [task_of(panel.key, name, StepKind.QUIET_ROOM, 1, at + 1) for name in names for at in range(6)]
    by_code = {code: one.codes.index(code) for one in panel.key.steps for code in one.codes}
    assert all(by_code[task.codes[int(task.answer) - 1]] == 1 for task in room)


def test_questions_between_blocks_and_after_the_end(tmp_path: Path) -> None:
    extra = """
[training]
trials = 2
[checks]
level = false
[breaks]
every_trials = 3
[[question]]
name = "tired"
text = "Are you tired?"
when = "between"
[[question]]
name = "hard"
text = "Was it hard?"
when = "after"
"""
    panel = make_panel(tmp_path, extra=extra)
    asked = []
    for _ in range(3):  # in several runs
        with Session.open(panel.folder, "Ann") as session:
            for _ in range(6):
                if (step := session.step) is not None:
                    assert session.trial is None
                    asked.append((step.kind.value, step.number, session.progress.done))
                    session.answer({"tired": "no", "hard": "yes"})
                else:
                    take(session, 1)
    assert asked == [("between", 1, 0), ("between", 2, 3), ("between", 3, 6), ("after", 1, 8)]
    (answers,) = (panel.ratings / "answers").glob("*.csv")
    assert pd.read_csv(answers)["step"].tolist() == ["between"] * 3 + ["after"]
    with Session.open(panel.folder, "Ann") as session:
        assert session.finished
        assert session.step is None


def test_the_sounds_of_the_steps_are_what_they_claim(tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    tasks = {kind.value: [one for one in panel.key.steps if one.kind == kind.value] for kind in StepKind}
    for task in tasks["sides"]:
        samples = panel.read(task.codes[0]).samples
        assert (samples[:, 0].any(), samples[:, 1].any()) == (task.answer != "right", task.answer != "left")
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
        assert noise[0] > noise[1]
        assert task.answer == "2"
        assert max(noise) / min(noise) == pytest.approx(10, rel=0.15)
    for task in tasks["bandwidth"]:
        one, other = (panel.read(code).samples[:, 0] for code in task.codes)
        above = [float(np.sum(np.abs(np.fft.rfft(sound)[len(sound) // 3 :]) ** 2)) for sound in (one, other)]
        assert (above[1] < 1e-3 * above[0]) == (task.answer == "different")
        assert np.std(one) == pytest.approx(np.std(other), rel=0.05)
    assert all(len(task.answer) == 3 and task.answer.isdigit() for task in tasks["digits"])
    assert [task.group for task in tasks["digits"]] == [at // 4 for at in range(20)]


def test_a_sound_counts_as_heard_when_it_was_played_from_its_beginning_on_in_one_piece(
    tmp_path: Path,
) -> None:
    panel = make_panel(tmp_path, extra="[checks]\nlevel = false\nsides = true\n")

    def answered(*played: tuple[int, int], which: int = 0) -> bool:
        with Session.open(panel.folder, f"listener {len(tried)}") as session:
            tried.append(played)
            for start, stop in played:
                session.step_heard(which, start, stop)
            try:
                session.answer({"sides": right_answer(panel, session)})
            except AnswerMissing:
                return False
            return True

    tried: list[object] = []
    with Session.open(panel.folder, "first") as session:
        (sound,) = session.step_sounds()
    frames, slack = sound.frames, round(0.15 * sound.rate)  # what polling leaves out
    half = frames // 2
    assert answered((0, frames))
    assert answered((0, half), (half, frames))
    assert answered((slack, frames - slack))
    assert answered((0, half), (half + slack, frames - slack))
    assert not answered()
    assert not answered((slack + 1, frames))
    assert not answered((0, frames - slack - 1))
    assert not answered((0, half), (half + slack + 1, frames))
    assert not answered((half, frames), (0, half))
    assert not answered((0, frames), which=1)
