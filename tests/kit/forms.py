"""What editors, spreadsheets and pandas make of a session's CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

MARK = b"\xef\xbb\xbf"


def table(data: bytes) -> list[list[str]]:
    """Return the cells of a file as the program writes it."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def text(rows: list[list[str]], end: str = "\r\n", separator: str = ",", quoting: int = 0) -> bytes:
    """Return rows as CSV."""
    made = io.StringIO()
    csv.writer(made, delimiter=separator, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return made.getvalue().encode()


def in_excel(data: bytes) -> bytes:
    """Return the file as a spreadsheet of a country with decimal commas writes it, a remark added."""
    rows = table(data)
    names = ("seconds_heard", "response_seconds", "gain_db", "latency_ms")
    numbers = [rows[0].index(name) for name in names]
    for row in rows[1:]:
        for at in numbers:
            row[at] = row[at].replace(".", ",")
    remarks = ["remark", "two\nlines; of it", *[""] * len(rows)]
    made = [[*row, remark] for row, remark in zip(rows, remarks, strict=False)]
    return MARK + text([*made, [""] * len(made[0])], separator=";")


def in_pandas(data: bytes) -> bytes:
    """Return the file as pandas writes it after a concatenation: whole numbers as 3.0, an index before."""
    import pandas as pd

    frame = pd.read_csv(io.BytesIO(data))
    whole = ["order", "trial", "position", "plays", "rate", "underflows", "vote"]
    saved: str = frame.astype(dict.fromkeys(whole, float)).sort_values("vote").to_csv()
    return saved.encode()


# Forms that a file can have while its session is not finished; each goes on.
ALIVE: dict[str, Callable[[bytes], bytes]] = {
    "as written": lambda data: data,
    "LF": lambda data: data.replace(b"\r\n", b"\n"),
    "CR": lambda data: data.replace(b"\r\n", b"\r"),
    "byte order mark": lambda data: MARK + data,
    "LF and a mark": lambda data: MARK + data.replace(b"\r\n", b"\n"),
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "another order": lambda data: text([row[::-1] for row in table(data)]),
    "quotes": lambda data: text(table(data), "\n", quoting=csv.QUOTE_ALL),
    "no last line end": lambda data: data.removesuffix(b"\r\n"),
    "spreadsheet": in_excel,
    "pandas": in_pandas,
}
