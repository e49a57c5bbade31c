"""Ratings files of other versions, of editors and of accidents: read, told, or refused untouched."""

from __future__ import annotations

import csv
import io
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaplisten.panel import reading
from gaplisten.panel.beginning import begun_sessions
from gaplisten.panel.columns import (
    COLUMNS,
    SEALED,
    Column,
    Given,
    Truth,
    columns_for,
    filled_in,
    names_of,
)
from gaplisten.panel.frozen import FrozenPanel, open_panel
from gaplisten.panel.journal import Journal, read
from gaplisten.panel.judging import _is_code
from gaplisten.panel.reading import JournalDamaged, Reading, _cells, parse
from gaplisten.panel.results.evaluation import evaluate
from gaplisten.panel.results.vote_table import votes_table
from gaplisten.panel.results.votes import collect
from gaplisten.panel.session import Clock, Session
from gaplisten.panel.session_files import read_session
from gaplisten.panel.unseal import OtherPlan
from gaplisten.panel.watch import panel_status
from gaplisten.panel.withdrawing import withdraw
from kit.forms import ALIVE, in_excel, in_pandas, table, text
from kit.panels import NO_STEPS, SHORT, make_panel, take

NAMES = names_of(columns_for(("",)))


@pytest.fixture
def panel(tmp_path: Path) -> FrozenPanel:
    made = make_panel(tmp_path)
    for name, trials in (("Ann", 8), ("Ben", 3)):
        with Session.open(made.folder, name) as session:
            take(session, trials)
    return made


def file_of(panel: FrozenPanel, listener: str) -> Path:
    (path,) = panel.ratings.glob(f"*-{listener.lower()}-*.csv")
    return path


def with_column(data: bytes) -> bytes:
    rows = table(data)
    return text([[*row[:5], "mood" if at == 0 else f"m{at}", *row[5:]] for at, row in enumerate(rows)])


def without_column(data: bytes) -> bytes:
    rows = table(data)
    gone = rows[0].index("latency_ms")
    return text([[cell for at, cell in enumerate(row) if at != gone] for row in rows])


FORMS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "LF": (lambda data: data.replace(b"\r\n", b"\n"), "its lines end in LF"),
    "a byte order mark": (lambda data: b"\xef\xbb\xbf" + data, "it begins with a byte order mark"),
    "both": (lambda data: b"\xef\xbb\xbf" + data.replace(b"\r\n", b"\n"), "its lines end in LF"),
    "another order": (lambda data: text([row[::-1] for row in table(data)]), "in another order"),
    "a column of a newer version": (with_column, "unknown columns: mood"),
    "without a column": (without_column, "columns that it lacks: latency_ms"),
    "old Mac": (lambda data: data.replace(b"\r\n", b"\r"), "its lines end in CR"),
    "UTF-16": (lambda data: data.decode().encode("utf-16"), "it is UTF-16"),
    "tabs": (lambda data: text([["\t".join(row)] for row in table(data)]).replace(b'"', b""), "by tabs"),
    "quotes": (lambda data: text(table(data), "\n", quoting=csv.QUOTE_ALL), "its lines end in LF"),
    "a spreadsheet": (in_excel, "set apart by semicolons"),
    "pandas": (in_pandas, "numbers are written in another way"),
    "empty lines": (lambda data: data.replace(b"\r\n", b"\r\n\r\n"), "empty lines"),
    "no last line end": (lambda data: data.removesuffix(b"\r\n"), "its last line has no end"),
    "a row twice": (lambda data: data + data.splitlines(keepends=True)[-1], "stands there 2 times"),
    "a line that names the separator": (lambda data: b"sep=,\r\n" + data, "names the separator"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_in_another_form_counts_whole_and_what_is_unusual_is_said(
    form: str, panel: FrozenPanel
) -> None:
    changed, said = FORMS[form]
    before = collect(panel)
    for name in ("Ann", "Ben"):
        path = file_of(panel, name)
        path.write_bytes(changed(path.read_bytes()))
    after = collect(panel)
    assert after.votes == before.votes
    assert after.problems == ()
    told = [note for note in after.notes if said in note]
    assert len(told) == 2 or " and 1 other file: " in told[0]
    assert [(one.listener, one.done, one.problem) for one in panel_status(panel)] == [
        ("Ann", 8, ""),
        ("Ben", 3, ""),
    ]


@pytest.mark.parametrize("form", FORMS)
def test_a_session_in_another_form_goes_on_where_it_stopped_and_loses_nothing(
    form: str, panel: FrozenPanel
) -> None:
    changed, said = FORMS[form]
    path = file_of(panel, "Ben")
    heads, *first = table(path.read_bytes())
    begun = [dict(zip(heads, row, strict=True)) for row in first]
    path.write_bytes(changed(path.read_bytes()))
    before = path.read_bytes()
    with Session.open(panel.folder, "Ben") as session:
        assert session.progress.done == 3
        assert any(said in note for note in session.notices)
        assert path.read_bytes() == before
        take(session, 1)
        assert path.read_bytes().count(b"\r\n") == path.read_bytes().count(b"\n") == 5
        take(session)
    rows = table(path.read_bytes())
    assert set(rows[0]) >= set(NAMES)
    now = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert sorted(int(row["trial"]) for row in now) == list(range(1, 9))
    again = {row["trial"]: row for row in now}
    for old in begun:
        for name in set(NAMES) - set(SEALED) - {"latency_ms", "seconds_per_slot"}:
            assert again[old["trial"]][name] in (old[name], old[name].removesuffix("0")), name


@pytest.mark.parametrize("form", FORMS)
def test_a_finished_session_in_another_form_is_not_begun_anew(form: str, panel: FrozenPanel) -> None:
    path = file_of(panel, "Ann")
    path.write_bytes(FORMS[form][0](path.read_bytes()))
    before = path.read_bytes()
    with Session.open(panel.folder, "Ann") as session:
        assert session.finished
    assert not path.with_suffix(".torn").exists()
    if path.read_bytes() != before:  # the names of clips and conditions were in another form too
        assert {row["condition"] for row in read_session(panel, path).rows} == {"one", "two"}
    assert len(collect(panel).votes) == 11


def _other_vote(data: bytes) -> bytes:
    rows = table(data)
    at = rows[0].index("vote")
    rows[1][at] = "1" if rows[1][at] != "1" else "2"
    return text(rows[1:2])


REFUSED: dict[str, Callable[[bytes], bytes]] = {
    "a line in the middle is cut": lambda data: data.replace(b",test,acr,en,", b",", 1),
    "a line in the middle is rubbish": lambda data: data.replace(b"\r\n", b"\r\n\xff\xfe rubbish\r\n", 1),
    "a column that is needed is gone": lambda data: data.replace(b",trial_code,", b",trial code,", 1),
    "a name stands there twice": lambda data: data.replace(b",block,", b",session,", 1),
    "UTF-16 without its mark": lambda data: data.decode().encode("utf-16-le"),
    "Latin-1": lambda data: data.replace(b",Ann,", ",Jürgen,".encode("latin-1")).replace(
        b",Ben,", b",B\xe9n,"
    ),
    "a vote twice, differently": lambda data: data + _other_vote(data),
    "a vote is taken out of the middle": lambda data: data.replace(data.split(b"\r\n")[2] + b"\r\n", b""),
    "the first votes are taken out": lambda data: text([table(data)[0], *table(data)[3:]]),
    "nothing but text": lambda data: b"Dear listener",
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_cannot_be_read_is_refused_untouched(how: str, panel: FrozenPanel) -> None:
    path = file_of(panel, "Ben")
    path.write_bytes(REFUSED[how](path.read_bytes()))
    before = path.read_bytes()
    with pytest.raises((JournalDamaged, OtherPlan)):
        Session.open(panel.folder, "Ben")
    assert path.read_bytes() == before
    assert sorted(one.suffix for one in panel.ratings.glob("*-ben-*")) == [".csv"]
    found = collect(panel)
    assert {vote.listener for vote in found.votes} >= {"Ann"}
    assert len(found.problems) == 1
    assert next(one for one in panel_status(panel) if one.listener != "Ann").problem


def test_a_file_in_a_spreadsheets_own_encoding_says_how_to_save_it(panel: FrozenPanel) -> None:
    path = file_of(panel, "Ben")
    rows = table(path.read_bytes())
    at = rows[0].index("comment")
    changed = text(
        [row if place == 0 else [*row[:at], "höre „Klick“", *row[at + 1 :]] for place, row in enumerate(rows)]
    )
    path.write_bytes(changed.decode().encode("cp1252"))
    with pytest.raises(JournalDamaged, match="not UTF-8: save it from the spreadsheet as 'CSV UTF-8'"):
        Session.open(panel.folder, "Ben")
    assert any("'CSV UTF-8'" in problem for problem in collect(panel).problems)
    assert any("'CSV UTF-8'" in one.problem for one in panel_status(panel))
    path.write_bytes(changed)
    with Session.open(panel.folder, "Ben") as session:
        assert take(session) == 5


def test_a_cell_that_somebody_spoilt_costs_no_vote_and_no_other_session(panel: FrozenPanel) -> None:
    path = file_of(panel, "Ben")
    rows = table(path.read_bytes())
    rows[2][rows[0].index("underflows")] = "garbage"
    path.write_bytes(text(rows))
    found = collect(panel)
    assert len(found.votes) == 11
    assert "underflows 'garbage' of trial 2 is no number; the vote is used" in found.problems[0]


def test_a_damaged_line_is_left_out_of_the_results_and_told(panel: FrozenPanel) -> None:
    path = file_of(panel, "Ben")
    lines = path.read_bytes().split(b"\r\n")
    path.write_bytes(b"\r\n".join([lines[0], lines[1], lines[2][:40], *lines[3:]]))
    found = collect(panel)
    assert len(found.votes) == 10
    assert "line 3 cannot be read; it was left out" in found.problems[0]


def test_a_spoilt_name_in_one_row_makes_nobody_else_of_the_session(panel: FrozenPanel) -> None:
    path = file_of(panel, "Ann")
    rows = table(path.read_bytes())
    rows[1][rows[0].index("listener")] = "Eve"
    path.write_bytes(text(rows))
    found = collect(panel)
    assert [vote.listener for vote in found.votes].count("Ann") == 8


def test_a_name_that_a_spreadsheet_made_a_date_of_is_known_to_who_typed_it(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "1-2") as session:
        take(session, 3)
    (path,) = panel.ratings.glob("*.csv")
    path.write_bytes(path.read_bytes().replace(b",1-2,", b",01. Feb,"))
    with Session.open(panel.folder, "1-2") as session:
        assert (session.listener, session.progress.done) == ("1-2", 3)


@pytest.mark.parametrize(("typed", "written"), [("007", "7"), ("NA", ""), ("1e3", "1000.0")])
def test_what_spreadsheets_and_pandas_make_of_a_name_makes_nobody_else_of_a_session(
    typed: str, written: str, tmp_path: Path
) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, typed) as session:
        take(session, 3)
    (path,) = panel.ratings.glob("*.csv")
    pd.read_csv(path).to_csv(path, index=False)
    assert pd.read_csv(path, dtype=str, keep_default_na=False)["listener"][0] == written
    assert len(collect(panel).votes) == 3
    (status,) = panel_status(panel)
    assert (status.done, status.problem) == (3, "")
    with Session.open(panel.folder, typed) as session:
        assert session.progress.done == 3
        take(session)
    assert len(collect(panel).votes) == 8


@pytest.mark.parametrize(
    ("cell", "code", "same"),
    [
        ("0a1b2c3d4e5f", "0a1b2c3d4e5f", True),
        ("1.23457E+11", "123456789012", True),
        ("12345678901", "012345678901", True),
        ("1.2E+05", "00000001.2e5", True),
        ("1.23457E+11", "123556789012", False),
        ("6.14E+17", "614325e00012", True),
        ("6,14E+17", "614325e00012", True),
        ("6.15E+17", "614325e00012", False),
        ("inf", "1e9999999999", False),
        ("", "0a1b2c3d4e5f", False),
        ("0a1b2c3d4e5e", "0a1b2c3d4e5f", False),
    ],
)
def test_a_trials_code_that_looks_like_a_number_is_known_in_a_spreadsheets_form(
    cell: str, code: str, same: bool
) -> None:
    assert _is_code(cell, code) is same


def test_a_rating_taken_out_of_a_page_is_told_and_the_page_not_begun_anew(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "mushra", NO_STEPS + '[mushra]\nanchors = ["lossy"]\n')
    with Session.open(panel.folder, "Ann") as session:
        take(session, 3)
    (path,) = panel.ratings.glob("*.csv")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], *lines[3:]]))
    before = path.read_bytes()
    with pytest.raises(OtherPlan, match="trial 1 has 3 of its 4 votes although later trials are there"):
        Session.open(panel.folder, "Ann")
    assert path.read_bytes() == before
    (status,) = panel_status(panel)
    assert "trial 1 has 3 of its 4 votes" in status.problem
    found = collect(panel)
    assert len(found.votes) == 11
    assert "trial 1 has 3 of its 4 votes; all that is there is used" in found.problems[0]


@pytest.mark.parametrize("what", ["link", "pipe"])
def test_a_link_or_pipe_in_the_place_of_a_session_is_named_by_everybody(
    what: str, panel: FrozenPanel
) -> None:
    path = file_of(panel, "Ben")
    aside = path.rename(panel.folder.parent / "elsewhere.csv")
    if what == "link":
        path.symlink_to(aside)
    else:
        os.mkfifo(path)
    before = aside.read_bytes()
    with pytest.raises(JournalDamaged):
        Session.open(panel.folder, "Ben")
    found = collect(panel)
    assert {vote.listener for vote in found.votes} == {"Ann"}
    assert len(found.problems) == 1
    assert path.name in found.problems[0]
    assert [bool(one.problem) for one in panel_status(panel)] == [False, True]
    assert aside.read_bytes() == before


def test_copies_of_a_session_make_nobody_vote_twice_and_are_said(panel: FrozenPanel) -> None:
    whole = file_of(panel, "Ann")
    shutil.copy(whole, panel.ratings / "Kopie von Ann.csv")
    rows = table(whole.read_bytes())
    (panel.ratings / "Ann yesterday.csv").write_bytes(text(rows[:4]))
    at = rows[0].index("vote")
    rows[3][at] = "1" if rows[3][at] != "1" else "2"
    (panel.ratings / "Ann, improved.csv").write_bytes(text(rows))
    found = collect(panel)
    assert len([vote for vote in found.votes if vote.listener == "Ann"]) == 8
    said = [
        note for note in found.notes if f"of the same session as {whole.name}; each vote counts once" in note
    ]
    assert len(said) == 2
    (problem,) = found.problems
    assert "Ann, improved.csv" in problem
    assert "with other votes; it was left out" in problem
    table_, _, _ = votes_table(panel)
    assert len(table_.rows) == 8 + 3
    beside = [one for one in panel_status(panel) if "of the same session" in one.problem]
    assert len(beside) == 3


def test_a_copy_of_a_session_that_is_open_stays_hidden(panel: FrozenPanel) -> None:
    shutil.copy(file_of(panel, "Ben"), panel.ratings / "Ben (copy).csv")
    with Session.open(panel.folder, "Ben"):
        found = collect(panel)
        assert found.running == ("Ben",)
        assert found.listeners == ("Ann",)
        assert {row[3] for row in votes_table(panel)[0].rows} == {"Ann"}


def test_a_session_whose_file_was_renamed_counts_and_is_not_begun_anew(panel: FrozenPanel) -> None:
    own = file_of(panel, "Ben")
    other = own.rename(panel.ratings / "Ben of Monday.csv")
    before = other.read_bytes()
    assert len([vote for vote in collect(panel).votes if vote.listener == "Ben"]) == 3
    (ben,) = [one for one in begun_sessions(panel, panel.ratings) if one.drawn.listener == "Ben"]
    assert len(ben.taken) == 3
    with pytest.raises(OtherPlan, match=f"under another name; call it {own.name} again"):
        Session.open(panel.folder, "Ben")
    assert other.read_bytes() == before
    other.rename(own)
    with Session.open(panel.folder, "Ben") as session:
        assert take(session) == 5


def test_files_that_changed_places_are_named_and_nobody_votes_into_anothers(panel: FrozenPanel) -> None:
    ann, ben = file_of(panel, "Ann"), file_of(panel, "Ben")
    hers, his = ann.read_bytes(), ben.read_bytes()
    ann.write_bytes(his)
    ben.write_bytes(hers)
    for name, other in (("Ann", ben), ("Ben", ann)):
        with pytest.raises(OtherPlan, match=f"it holds ratings of the session {other.stem}; call it"):
            Session.open(panel.folder, name)
    assert (ann.read_bytes(), ben.read_bytes()) == (his, hers)
    assert Counter(vote.listener for vote in collect(panel).votes) == {"Ann": 8, "Ben": 3}
    assert not any("same session" in one.problem for one in panel_status(panel))


def test_while_a_session_in_another_form_waits_another_program_may_not_change_it(panel: FrozenPanel) -> None:
    path = file_of(panel, "Ben")
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
    journal = Journal(path, NAMES)
    path.write_bytes(path.read_bytes() + b"more\n")
    before = path.read_bytes()
    with pytest.raises(Exception, match="another program changed the file"):
        journal.append([{"trial": 4}])
    assert path.read_bytes() == before


@pytest.mark.parametrize("form", ALIVE)
def test_a_file_that_an_editor_saves_while_its_session_is_open_is_gone_on_with(
    form: str, panel: FrozenPanel
) -> None:
    path = file_of(panel, "Ben")
    with Session.open(panel.folder, "Ben") as session:
        take(session, 1)
        path.write_bytes(ALIVE[form](path.read_bytes()))
        take(session)
        assert session.finished
        said = " ".join(session.notices)
        assert ("another program meanwhile" in said) == (form != "as written")
    assert sorted(int(row["trial"]) for row in read_session(panel, path).rows) == list(range(1, 9))
    assert len(collect(panel).votes) == 16
    assert collect(panel).problems == ()


@pytest.mark.parametrize("left", ["nothing", "its header"])
def test_a_session_is_not_begun_anew_over_a_file_that_was_emptied(left: str, tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        take(session, 3)
    (path,) = panel.ratings.glob("*.csv")
    whole = path.read_bytes()
    emptied = b"" if left == "nothing" else whole.split(b"\n")[0] + b"\n"
    path.write_bytes(emptied)
    plan = (panel.ratings / f"plans/{session.name}.plan").read_bytes()
    later = Clock(wall=lambda: time.time() + 10_000)
    with pytest.raises(OtherPlan, match="its ratings are gone: votes had been saved in it"):
        Session.open(panel.folder, "Ann", clock=later)
    assert path.read_bytes() == emptied
    assert (panel.ratings / f"plans/{session.name}.plan").read_bytes() == plan
    assert "ratings are gone" in panel_status(panel)[0].problem
    assert "ratings are gone" in evaluate(panel).problems[0]
    (begun,) = begun_sessions(panel, panel.ratings)
    assert begun.finished  # nobody else is given its cells until somebody says what became of them
    path.write_bytes(whole)
    with Session.open(panel.folder, "Ann") as session:
        assert session.progress.done == 3
    path.unlink()
    with Session.open(panel.folder, "Ann") as session:
        assert session.progress.done == 0
    path.write_bytes(b"")  # what a kill between making the file and its first row leaves
    with Session.open(panel.folder, "Ann") as session:
        take(session)
        assert session.finished


def test_what_tells_that_a_session_was_begun_goes_with_who_withdraws(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        take(session, 1)
    withdraw(panel, "Ann", "asked to", erase=True)
    left = [path.name for path in panel.ratings.rglob("*") if "ann" in path.name]
    assert left == []


def test_a_name_that_is_no_column_is_not_dropped_without_a_word(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="trail"):
        Journal(tmp_path / "j.csv", ("trial", "vote")).append([{"trail": 1, "vote": 2}])
    assert not (tmp_path / "j.csv").exists()


def test_a_column_is_either_open_or_sealed() -> None:
    with pytest.raises(ValueError, match="either open or sealed"):
        Column("x", "", "0.1.0")
    with pytest.raises(ValueError, match="either open or sealed"):
        Column("x", "", "0.1.0", given=lambda given: 1, truth=lambda truth: 1)


def test_an_open_column_cannot_say_what_was_heard() -> None:
    """What open columns are made from has no word of the truth; sealed ones are made from nothing else."""
    assert set(Truth.__dataclass_fields__) == set(SEALED)
    assert not set(Truth.__dataclass_fields__) & (set(Given.__dataclass_fields__) | set(dir(Given)))


def test_filling_in_changes_sealed_columns_only() -> None:
    row = dict.fromkeys(NAMES, "as it was")
    truth = Truth("test", "c", "s", "one", "", "condition", "0" * 64, "S:one", 4.0, None, None)
    changed = {name for name, cell in filled_in(row, truth).items() if cell != "as it was"}
    assert changed == set(SEALED)


def test_files_of_methods_with_one_scale_have_the_first_versions_columns() -> None:
    first = tuple(one.name for one in COLUMNS if one.since == "0.1.0")
    assert names_of(columns_for(("",), drawn=False)) == first
    assert names_of(columns_for(("",))) == (*first[:-1], "sealed", first[-1])
    assert "scale" in names_of(columns_for(("signal", "background")))


def test_reading_gives_every_column_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(b"b,a,new\r\n2,1,3\r\n")
    found = read(path, ("a", "b", "c"), ("a",))
    assert found.rows == ({"a": "1", "b": "2", "c": "", "new": "3"},)


@given(st.text(alphabet="ab,;\t \"\r\n'\u00e4\x0b\x0c\x85\u2028\0\\=", max_size=12), st.sampled_from(",;\t"))
def test_a_lines_cells_are_those_of_the_csv_module(line: str, separator: str) -> None:
    try:
        found = list(csv.reader(io.StringIO(line, newline=""), delimiter=separator, strict=True))
        wanted = None if "\0" in line or len(found) > 1 else found[0] if found else []
    except csv.Error:
        wanted = None
    assert _cells(line.encode(), separator) == wanted


_LINES = st.lists(
    st.text(alphabet="ab,;\" \r'\u00e4\u2028\0", max_size=8).map(lambda cells: cells.encode())
    | st.sampled_from([b"1,2", b'"1","2"', b'"1,5",2', b"", b",", b'"1', b'2",3', b"\xff,1"]),
    max_size=6,
)


@given(_LINES, st.sampled_from([b"\n", b"\r\n"]))
def test_all_lines_at_once_are_read_as_line_by_line(lines: list[bytes], end: bytes) -> None:
    data = end.join([b"a,b", *lines, b""])

    def found() -> Reading | str:
        try:
            return parse(data, Path("r.csv"), ("a", "b"))
        except JournalDamaged as error:
            return str(error)

    at_once = found()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_plain_cells", lambda *_: None)
        assert found() == at_once


@pytest.mark.parametrize("method", ["acr", "mushra"])
def test_what_was_read_before_changes_nothing_of_what_is_read_after(method: str, tmp_path: Path) -> None:
    made = make_panel(tmp_path, method, NO_STEPS + SHORT.get(method, ""))
    for name in ("Ann", "Ben"):
        with Session.open(made.folder, name) as session:
            take(session)
    path = file_of(made, "Ben")
    whole = path.read_bytes()
    heads, _, line, *_ = whole.decode().split("\r\n")
    cells = line.encode().split(b",")
    assert collect(made).problems == ()
    for name in ("listener", "trial", "trial_code", "position", "vote", "underflows"):
        at = heads.split(",").index(name)
        for other in (b"", b"99", cells[at] + b"0"):
            spoilt = b",".join([*cells[:at], other, *cells[at + 1 :]])
            path.write_bytes(whole.replace(b",".join(cells), spoilt))
            fresh = open_panel(made.folder)
            assert collect(made) == collect(fresh)
