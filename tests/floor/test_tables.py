"""Tables and the CSV that is made of them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from gaplisten.tables import Table, csv_row, neutral, to_csv, write_csv


def test_numbers_have_a_decimal_point_and_missing_values_are_empty() -> None:
    assert csv_row([1, 2.5, None, float("nan"), True, "a,b"]) == '1,2.5,,,true,"a,b"\r\n'


def test_text_that_a_spreadsheet_would_run_is_made_harmless() -> None:
    assert neutral('=HYPERLINK("x")') == '\'=HYPERLINK("x")'
    assert csv_row(["+1", "-1", "@x", -1, -0.5]) == "'+1,'-1,'@x,-1,-0.5\r\n"


@given(
    st.lists(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n\0")), min_size=2)
)
def test_any_text_comes_back_from_csv(cells: list[str]) -> None:
    row = next(csv.reader(io.StringIO(csv_row(cells), newline="")))
    assert row == [neutral(cell) for cell in cells]


def test_pandas_reads_the_file_as_it_is(tmp_path: Path) -> None:
    table = Table(("clip", "score"), (("54", 3.25), ("ä", None)))
    write_csv(tmp_path / "t.csv", table)
    frame = pd.read_csv(tmp_path / "t.csv")
    assert frame["score"].tolist()[0] == 3.25
    assert frame["clip"].tolist() == ["54", "ä"]
    assert to_csv(table).count("\r\n") == 3
