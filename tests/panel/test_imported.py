"""A folder of imported votes holds what was found, and results are made of it as of a panel's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gaplisten.panel.imported import (
    ANSWERS,
    MANIFEST,
    VOTES,
    ForeignVote,
    Imported,
    ImportedError,
    ImportedVotes,
    open_source,
    write_imported,
)
from gaplisten.panel.methods import method
from gaplisten.panel.results.evaluation import evaluate
from gaplisten.panel.results.votes import collect

FOUND = Imported(
    "another tool",
    method("acr"),
    tuple(
        ForeignVote(who, clip, condition, score + (who == "Ben"), trial=at, vote=score, seconds=2.5)
        for who in ("Ann", "Ben")
        for at, (clip, condition, score) in enumerate(
            [("c1", "x", 2.0), ("c1", "y", 4.0), ("c2", "x", 3.0), ("c2", "y", 4.0)], start=1
        )
    ),
    unchecked="who heard what to its end",
    notes=("one guess",),
    answers={"Ann": {"age": "31"}, "Ben": {"age": "="}},
    talkers={"c1": ("t1", "f"), "c2": ("", "")},
)


def written(folder: Path, found: Imported = FOUND, **files: bytes) -> ImportedVotes:
    return write_imported(folder / "votes", found, "A title", files or {"a.csv": b"votes"})


def test_what_was_found_is_read_back_as_it_was(tmp_path: Path) -> None:
    made = written(tmp_path)
    again = open_source(tmp_path / "votes")
    assert isinstance(again, ImportedVotes)
    assert again == made
    assert sorted(path.name for path in made.folder.iterdir()) == sorted([VOTES, ANSWERS, MANIFEST])
    read = collect(again).votes
    assert [(one.listener, one.clip, one.condition, one.score, one.trial) for one in read] == [
        (one.listener, one.clip, one.condition, one.score, one.trial) for one in FOUND.votes
    ]
    assert {(one.kind, one.role) for one in read} == {("test", "condition")}
    assert again.talker("c1") == ("t1", "f")
    assert again.talker("c2") == again.talker("c3") == ("", "")
    assert again.unchecked == "imported from another tool: who heard what to its end"
    assert [(row[0], row[3], row[4]) for row in again.answers().rows] == [
        ("Ann", "age", "31"),
        ("Ben", "age", "="),
    ]


def test_results_are_made_of_it(tmp_path: Path) -> None:
    written(tmp_path)
    (found,) = evaluate(open_source(tmp_path / "votes"), resample=False).contrasts
    assert abs(found.mean) == pytest.approx(1.5)
    assert found.listeners.of == 2


def test_a_vote_without_a_score_is_said_and_left_out(tmp_path: Path) -> None:
    votes = (replace(FOUND.votes[0], score=None, vote=None), *FOUND.votes[1:])
    made = written(tmp_path, replace(FOUND, votes=votes))
    rows, problems = made.rows()
    found, spoilt, notes = made.votes(rows)
    assert (len(found), problems, spoilt) == (len(votes) - 1, [], [])
    assert notes == ["1 votes are empty: nothing was answered, or it was left out"]


def test_lines_that_cannot_be_used_are_counted_and_the_others_stay(tmp_path: Path) -> None:
    made = written(tmp_path)
    path = made.folder / VOTES
    head, first, second, *rest = path.read_text(encoding="utf-8-sig").splitlines()
    place = head.split(",").index("score")
    spoilt = [[*line.split(",")[:place], word, *line.split(",")[place + 1 :]] for line, word in
              ((first, "garbage"), (second, "nan"))]  # fmt: skip
    path.write_text("\r\n".join([head, *map(",".join, spoilt), *rest, ""]), newline="")
    found, problems, _ = made.votes(made.rows()[0])
    assert len(found) == len(rest)
    assert problems == [f"{VOTES}: 2 rows have no usable score or scale; they were left out"]


def test_no_votes_make_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ImportedError, match=r"a\.csv: no votes are in it"):
        written(tmp_path, replace(FOUND, votes=()))
    assert not (tmp_path / "votes").exists()


def test_what_it_was_taken_from_is_known_by_hash_and_another_file_is_another_source(tmp_path: Path) -> None:
    one, other = (written(tmp_path / name, **{"a.csv": data}) for name, data in (("1", b"a"), ("2", b"b")))
    assert [each.manifest.files[0].name for each in (one, other)] == ["a.csv", "a.csv"]
    assert one.sha256 != other.sha256
    assert one.sha256 == written(tmp_path / "3", **{"a.csv": b"a"}).sha256
