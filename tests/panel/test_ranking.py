"""Ranking by elimination."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from gaplisten.panel.definition import DefinitionError, parse_definition
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.results.evaluation import evaluate
from gaplisten.panel.rules import Refusal
from gaplisten.panel.session import Session
from kit.panels import NO_STEPS, listen, make_panel, take, toml, unsealed_file

SYSTEMS = ("one", "two", "three")


def rank(session: Session, order: tuple[str, ...]) -> None:
    """Take conditions out in this order, the worst first."""
    (planned, *_) = session._todo
    for left, name in zip(range(len(order), 1, -1), order, strict=False):
        assert session.rate(left, planned.conditions.index(name)) is None


def panel_of(base: Path, extra: str = "", systems: tuple[str, ...] = SYSTEMS) -> FrozenPanel:
    return make_panel(base, "ranking", NO_STEPS + extra, systems=systems)


def test_the_worst_goes_out_until_one_is_left(tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        assert session.rate(3, 0) is Refusal.ALL_HEARD
        while session.trial is not None:
            listen(session)
            rank(session, ("two", "one", "three"))
            assert session.next() is None
    rows = pd.read_csv(unsealed_file(panel))
    assert rows.groupby("condition")["vote"].first().to_dict() == {"one": 2, "three": 1, "two": 3}
    assert rows.groupby("condition")["score"].first().to_dict() == {"one": 0.5, "three": 1.0, "two": 0.0}
    found = evaluate(panel)
    assert {one.condition: one.mean.mean for one in found.conditions} == {
        "one": 0.5,
        "two": 0.0,
        "three": 1.0,
    }
    assert found.excluded == ()


def test_only_the_last_free_place_is_given_and_undo_gives_it_back(tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        listen(session)
        for place in (1, 2, 4, 0, 3.0, "3"):
            assert session.rate(place, 0) is Refusal.BAD_VALUE
        assert session.rate(3, 0) is None
        assert session.rate(2, 0) is Refusal.BAD_VALUE
        assert session.may_go_on() is Refusal.UNRATED_SOME
        assert session.rate(2, 2) is None
        assert session.state.votes == {(0, ""): 3, (2, ""): 2, (1, ""): 1}
        assert session.may_go_on() is None
        assert session.undo()
        assert session.state.votes == {(0, ""): 3}
        assert session.rate(2, 1) is None
        assert session.state.votes[2, ""] == 1


def test_conditions_are_equally_often_behind_each_letter(tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    behind: Counter[tuple[int, str]] = Counter()
    for at in range(6):
        with Session.open(panel.folder, f"L{at}") as session:
            for one in session._plan:
                behind.update(enumerate(one.conditions))
            take(session)
    assert set(behind.values()) == {8}


def test_an_open_reference_is_heard_but_not_ranked(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, "[ranking]\nreference = true\n")
    with Session.open(panel.folder, "Ann") as session:
        assert session.trial is not None
        assert session.trial.slots[0].named_reference
        assert session.trial.rated_slots == (1, 2, 3)
        listen(session)
        assert session.rate(3, 0) is Refusal.NOT_RATED_SLOT
        take(session)
        assert session.finished


def test_one_condition_cannot_be_ranked() -> None:
    with pytest.raises(DefinitionError, match="2 to 12 conditions"):
        parse_definition(toml("ranking", systems=("one",)))
