"""Labels as a table: CSV with the columns track, start_s, end_s, text."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from gaplisten.exchange.labels.contract import (
    BadLabels,
    Label,
    LabelFormat,
    Track,
    bounded,
    label_of,
    seconds_of,
    text_of,
)
from gaplisten.tables import neutral, plain

_HEADS = ("track", "start_s", "end_s", "text")


def _encode(tracks: Sequence[Track], _seconds: float, _rate: int) -> str:
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(_HEADS)
    rows = sorted((label, track.name) for track in tracks for label in track.labels)
    for label, name in rows:
        table.writerow((neutral(name), f"{label.start:.6f}", f"{label.stop:.6f}", neutral(label.text)))
    return out.getvalue()


def _decode(data: bytes) -> tuple[Track, ...]:
    text = text_of(data)
    bounded(text.count("\n") - 1, "rows")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise BadLabels(f"is no table ({error})") from error
    heads = [head.strip().lower() for head in rows[0]] if rows else []
    if not {"start_s", "end_s"} <= {*heads}:
        raise BadLabels("has no columns start_s and end_s")
    at = {head: heads.index(head) for head in _HEADS if head in heads}
    tracks: dict[str, list[Label]] = {}
    for number, row in enumerate(rows[1:], 2):
        if not any(row):
            continue
        if len(row) < len(heads):
            raise BadLabels(f"line {number} has {len(row)} columns, its first {len(heads)}")
        start, stop = (seconds_of(row[at[name]], f"line {number}") for name in ("start_s", "end_s"))
        name, words = (plain(row[at[head]]) if head in at else "" for head in ("track", "text"))
        tracks.setdefault(name, []).append(label_of(start, stop, words, f"line {number}"))
    return tuple(Track(name, tuple(labels)) for name, labels in tracks.items())


FORMAT = LabelFormat("Table", ".csv", _encode, _decode, place=40)
