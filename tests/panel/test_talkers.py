"""Who talks: from names or from a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from gaplisten.panel.talkers import Talker, TalkersError, by_pattern, by_table


@pytest.mark.parametrize(
    ("pattern", "name", "talker"),
    [
        ("{sex}{talker}_*", "f1_s03", Talker("f1", "female")),
        ("{sex}{talker}_*", "M2_s03", Talker("M2", "male")),
        ("*_{talker}_{sex}", "s1_kim_female", Talker("kim", "female")),
        ("{talker}-*", "p225-003", Talker("p225", "")),
        ("*-{sex}", "003-w", Talker("", "female")),
        ("a.b_{talker}", "a.b_x", Talker("x", "")),
    ],
)
def test_names_follow_a_pattern(pattern: str, name: str, talker: Talker) -> None:
    assert by_pattern(pattern, [name]) == {name: talker}


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("*", "must hold"),
        ("{talker}{talker}", "twice"),
        ("*****{sex}", "at most 4"),
        ("{sex}_x", "does not follow"),
    ],
)
def test_patterns_that_say_nothing_are_refused(pattern: str, said: str) -> None:
    with pytest.raises(TalkersError, match=said):
        by_pattern(pattern, ["zz"])


def test_no_pattern_takes_for_ever() -> None:
    with pytest.raises(TalkersError):
        by_pattern("*a*a*a*a{talker}!", ["a" * 100])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_with_any_separator_and_case_of_columns(tmp_path: Path, separator: str) -> None:
    rows = ["Clip,Talker,Sex", "c0,Kim,F", "c1,,m"]
    (tmp_path / "t.csv").write_text("\ufeff" + "\r\n".join(rows).replace(",", separator), encoding="utf-8")
    found = by_table(tmp_path / "t.csv", ["c0", "c1"])
    assert found == {"c0": Talker("Kim", "female"), "c1": Talker("", "male")}


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_table_is_read_as_any_spreadsheet_saves_it(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "t.csv").write_bytes("clip;talker\r\nc0;Jürgen\r\n".encode(encoding))
    assert by_table(tmp_path / "t.csv", ["c0"]) == {"c0": Talker("Jürgen", "")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clip,talker\nc0,a\n", "1 clip is not in it"),
        ("clip,talker\nc0,a\nc0,b\nc1,c\n", "twice"),
        ("name,talker\nc0,a\n", "columns"),
        ("", "columns"),
    ],
)
def test_tables_that_do_not_say_it_are_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(TalkersError, match=said):
        by_table(tmp_path / "t.csv", ["c0", "c1"])


def test_a_cell_that_is_too_long_for_a_table_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"clip,talker\n1,{'x' * 200_000}\n")
    with pytest.raises(TalkersError, match="it is no table: field larger"):
        by_table(tmp_path / "t.csv", ["1"])
