"""Traces of many clips in one table."""

from __future__ import annotations

from pathlib import Path

import pytest

from gaplisten.clips.layouts import find_clips
from gaplisten.clips.trace_table import read_trace_table
from gaplisten.loss.formats import TraceFileError


def table(folder: Path, *rows: str) -> Path:
    path = folder / "meta.csv"
    path.write_text("name,a,b,trace\n" + "\n".join(rows) + "\n")
    return path


def test_rows_that_name_one_file_and_differ_are_told_and_not_used(tmp_path: Path) -> None:
    rows = "1.wav,x,y,00010000", "2.wav,x,y,00000011", "a/1.wav,x,y,01000000"
    found = read_trace_table(table(tmp_path, *rows))
    assert list(found.traces) == ["2"]
    assert found.notes == ("meta.csv: lines 2, 4 differ on 1: none of them is used",)


def test_rows_that_say_the_same_twice_do_no_harm(tmp_path: Path) -> None:
    found = read_trace_table(table(tmp_path, "1.wav,x,y,00010000", "1.wav,x,y,00010000"))
    assert (list(found.traces), found.notes) == (["1"], ())


@pytest.mark.parametrize(
    ("encoding", "sign"), [("utf-16", "\t"), ("latin-1", ";"), ("utf-8-sig", ","), ("utf-8", "|")]
)
def test_a_table_is_read_as_any_spreadsheet_saves_it(tmp_path: Path, encoding: str, sign: str) -> None:
    rows = "name,a,b,trace", "Müller.wav,x,é,00010000", "2.wav,x,y,00000011"
    path = tmp_path / "meta.csv"
    path.write_bytes("\r\n".join(rows).replace(",", sign).encode(encoding))
    found = read_trace_table(path)
    assert {name: "".join("01"[lost] for lost in row) for name, row in found.traces.items()} == {
        "Müller": "00010000", "2": "00000011",
    }  # fmt: skip
    path.write_bytes(b"\x1f\x8b\0\xff, ,\0\xff\n")
    with pytest.raises(TraceFileError, match="is no CSV text"):
        read_trace_table(path)


def test_a_quote_that_is_never_closed_is_told_instead_of_swallowing_the_rest(tmp_path: Path) -> None:
    path = table(tmp_path, '1.wav,"x,y,00010000', "2.wav,x,y,00000011")
    with pytest.raises(TraceFileError, match="a quote is never closed"):
        read_trace_table(path)


def test_opening_a_folder_says_what_its_table_leaves_out(make) -> None:
    make.sound("clean/1.wav")
    make.sound("clean/2.wav")
    one, other, none = ("".join("01"[packet == lost] for packet in range(25)) for lost in (3, 4, -1))
    table(make.root, f"1.wav,x,y,{one}", f"1.wav,x,y,{other}", f"2.wav,x,y,{none}")
    found = find_clips([make.root])
    assert any("lines 2, 3 differ on 1" in note for note in found.notes)
    assert [clip.inline_trace is None for clip in found.clips] == [True, False]
    table(make.root, '1.wav,"x,y,0001')
    assert any("a quote is never closed" in note for note in find_clips([make.root]).notes)
