"""Votes by column are the same votes: grouped, ordered and told as a list of objects is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest

from gaplisten.panel.frozen import open_panel
from gaplisten.panel.ratings import Rating, grouped
from gaplisten.panel.results import votes as reading
from gaplisten.panel.results.evaluation import evaluate_votes
from gaplisten.panel.results.vote_table import votes_table
from gaplisten.panel.results.votes import Collected, collect
from gaplisten.panel.session import Session
from gaplisten.panel.vote_columns import Columns, Text, Votes
from kit.panels import make_clips, make_panel, take


def drawn(seed: int, count: int = 60) -> list[Rating]:
    draw = np.random.default_rng(seed)

    def one() -> Rating:
        some: Callable[[str], str] = lambda names: str(draw.choice(list(names)))  # noqa: E731
        return Rating(
            some("xyz"),
            str(draw.choice(["test", "gold"])),
            some("fgh"),
            some(" s").strip(),
            some("ABC"),
            "",
            "condition",
            int(draw.integers(0, 9)),
            float(draw.integers(1, 6)),
            [None, True, False][draw.integers(0, 3)],
            [None, 0, 2][draw.integers(0, 3)],
            vote=some("12345"),
        )

    return [one() for _ in range(count)]


def bare(votes: Votes) -> Votes:
    """Return the same votes as reading makes them: without an object that was there before."""
    old = votes.columns
    texts = {name: Text.of(votes.texts(name)) for name in reading_columns()}
    return Votes.whole(Columns(texts, old.trial, old.score, old.passed, old.underflows))


def reading_columns() -> tuple[str, ...]:
    from gaplisten.panel.vote_columns import TEXTS

    return TEXTS


@pytest.mark.parametrize("names", [("listener",), ("clip", "condition"), ("condition", "clip", "listener")])
@pytest.mark.parametrize("seed", range(3))
def test_groups_are_those_of_a_list_in_the_same_order(names: tuple[str, ...], seed: int) -> None:
    ratings = drawn(seed)
    votes = bare(Votes.of(ratings))
    assert list(votes) == ratings
    own = votes.grouped(names[0]) if len(names) == 1 else votes.grouped_by(*names)
    found = [(key, list(part)) for key, part in own.items()]
    assert found == list(grouped(ratings, attrgetter(*names)).items())


def test_a_part_of_a_part_holds_the_right_votes() -> None:
    ratings = drawn(7)
    votes = bare(Votes.of(ratings))
    part = votes.where(votes.are("kind", "test"))
    part = part.where(np.argsort(part.trial, kind="stable"))
    assert list(part) == sorted([one for one in ratings if one.kind == "test"], key=lambda one: one.trial)
    assert (part[3], list(part[:2])) == (list(part)[3], list(part)[:2])
    counted = [one.underflows for one in part if one.underflows is not None]
    assert part.underflows == sum(counted)
    assert part[:0].underflows is None
    renamed = part.renamed("listener", lambda name: "somebody" if name in "xy" else name)
    wanted = [replace(one, listener="somebody" if one.listener in "xy" else one.listener) for one in part]
    assert list(renamed) == wanted
    assert renamed.distinct("listener") == tuple(dict.fromkeys(one.listener for one in wanted))


def test_no_votes_have_no_groups() -> None:
    for nothing in (Votes.of([]), Votes.of(drawn(1))[:0]):
        assert (list(nothing), nothing.grouped("clip"), nothing.grouped_by("clip", "scale")) == ([], {}, {})
        assert not nothing.are("kind", "test").any()


def test_results_are_the_same_of_votes_as_they_are_read_and_of_objects(tmp_path: Path) -> None:
    make_clips(tmp_path / "clips")
    panel = make_panel(tmp_path, extra="[checks]\nclear_good = 1\nclear_bad = 1\nlevel = false\n")
    for at, name in enumerate(("Ann", "Ben", "Cleo")):
        with Session.open(panel.folder, name) as session:
            take(session, choose=lambda trial, slot, at=at: 1 + (trial.number * 7 + at) % 5)
    read = collect(panel)
    method = panel.definition.method
    objects = Collected(tuple(read.votes), sittings=read.sittings)
    assert evaluate_votes(read, method) == evaluate_votes(objects, method)
    assert {one.kind for one in read.votes} == {"test", "clear_good", "clear_bad"}


def test_a_table_of_all_votes_reads_each_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_clips(tmp_path / "clips")
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        take(session)
    times = []
    counted = reading.counted_sessions
    monkeypatch.setattr(reading, "counted_sessions", lambda *of: times.append(of) or counted(*of))
    table, found, _ = votes_table(open_panel(panel.folder))
    assert len(times) == 1
    assert len(table.rows) == found.listeners[0].votes > 0


def test_more_underflows_than_a_number_holds_are_no_reason_to_stop(tmp_path: Path) -> None:
    make_clips(tmp_path / "clips")
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        take(session)
    (path,) = panel.ratings.glob("*.csv")
    head, first, *rest = path.read_text().splitlines()
    place = head.split(",").index("underflows")
    cells = first.split(",")
    assert len(cells) == len(head.split(","))
    cells[place] = "9" * 40
    path.write_text("\r\n".join([head, ",".join(cells), *rest, ""]), newline="")
    found = collect(open_panel(panel.folder))
    assert (found.problems, len(found.votes)) == ((), 1 + len(rest))


@pytest.mark.parametrize(
    ("counted", "told"), [([], None), ([None, None], None), ([None, 0], 0), ([0, 0], 0), ([2, None, 1], 3)]
)
def test_underflows_that_nobody_counted_are_not_none(counted: list[int | None], told: int | None) -> None:
    votes = [replace(one, underflows=number) for one, number in zip(drawn(1), counted, strict=False)]
    assert Votes.of(votes).underflows == told
