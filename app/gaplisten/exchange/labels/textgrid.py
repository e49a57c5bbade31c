"""TextGrids of Praat, long and short: a tier of intervals for each track, another for its points."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

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

_POINTS = " (points)"
_BINARY, _BY_TIME = b"ooBinaryFile", "Praat chronological TextGrid"
_AS_TEXT = "use Praat's command Save as text file"
_MORE = re.compile(r" \d+$")


def _encode(tracks: Sequence[Track], seconds: float, _rate: int) -> str:
    end = max([seconds, *(label.stop for track in tracks for label in track.labels)])
    tiers = [tier for track in tracks for tier in _tiers(track, end)]
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {end:.9f}",
             "tiers? <exists>", f"size = {len(tiers)}", "item []:"]  # fmt: skip
    for number, tier in enumerate(tiers, 1):
        lines += [f"    item [{number}]:", *tier]
    return "\n".join(lines) + "\n"


def _tiers(track: Track, end: float) -> list[list[str]]:
    """Return a track as tiers: intervals that overlap have tiers of their own, and so have points."""
    rows: list[list[Label]] = [[]]
    for label in (each for each in track.labels if not each.is_point):
        free = next((row for row in rows if not row or row[-1].stop <= label.start), None)
        if free is None:
            rows.append(free := [])
        free.append(label)
    points = [each for each in track.labels if each.is_point]
    found = [
        _intervals(f"{track.name} {number}" if number > 1 else track.name, row, end)
        for number, row in enumerate(rows, 1)
    ]
    if points and rows == [[]]:
        found = []
    return found + ([_points(track.name + _POINTS, points, end)] if points else [])


def _intervals(name: str, row: Sequence[Label], end: float) -> list[str]:
    edges = [0.0, *(edge for each in row for edge in (each.start, each.stop)), end]
    texts = ["", *(text for each in row for text in (each.text, ""))]
    pieces = [
        (start, stop, text)
        for (start, stop), text in zip(pairwise(edges), texts, strict=True)
        if f"{start:.9f}" != f"{stop:.9f}"  # a tier tiles its sound, and holds nothing without a length
    ]
    lines = _head("IntervalTier", name, end, "intervals", len(pieces))
    for number, (start, stop, text) in enumerate(pieces, 1):
        lines += [f"        intervals [{number}]:", f"            xmin = {start:.9f}",
                  f"            xmax = {stop:.9f}", f"            text = {_quoted(text)}"]  # fmt: skip
    return lines


def _points(name: str, points: Sequence[Label], end: float) -> list[str]:
    lines = _head("TextTier", name, end, "points", len(points))
    for number, each in enumerate(points, 1):
        lines += [f"        points [{number}]:", f"            number = {each.start:.9f}",
                  f"            mark = {_quoted(each.text)}"]  # fmt: skip
    return lines


def _head(kind: str, name: str, end: float, what: str, count: int) -> list[str]:
    return [f'        class = "{kind}"', f"        name = {_quoted(name)}", "        xmin = 0",
            f"        xmax = {end:.9f}", f"        {what}: size = {count}"]  # fmt: skip


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


# Nothing is kept to come back to: for each sign of a long text that was 130 bytes.
_VALUE = re.compile(
    r'"([^"]*+(?:""[^"]*+)*+)"|(?<![\w"\[])([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w"\]])'
)


def _decode(data: bytes) -> tuple[Track, ...]:
    if data.startswith(_BINARY):
        raise BadLabels("is a binary file of Praat", _AS_TEXT)
    text = text_of(data)
    if _BY_TIME in text[:200]:
        raise BadLabels("is a chronological TextGrid of Praat", _AS_TEXT)
    if '"TextGrid"' not in text:
        raise BadLabels("is no TextGrid of Praat")
    body = text[text.index('"TextGrid"') + len('"TextGrid"') :]
    values = iter(_VALUE.finditer(body))

    def number(what: str) -> float:
        found = next(values, None)
        if found is None or found[2] is None:
            raise BadLabels(f"is a damaged TextGrid: {what} is no number")
        return seconds_of(found[2], what)

    def word(what: str) -> str:
        found = next(values, None)
        if found is None or found[1] is None:
            raise BadLabels(f"is a damaged TextGrid: {what} is no text")
        return found[1].replace('""', '"')

    number("its start")
    number("its end")
    tracks: dict[str, list[Label]] = {}
    held = 0
    for tier in range(1, int(number("the number of its tiers")) + 1):
        kind, name = word(f"the class of tier {tier}"), word(f"the name of tier {tier}")
        where = f"tier {name!r}"
        number(where)
        number(where)
        kept = tracks.setdefault(_MORE.sub("", name.removesuffix(_POINTS)), [])
        for _ in range(int(number(where))):
            held += 1
            bounded(held, "labels")
            start = number(where)
            stop = start if kind == "TextTier" else number(where)
            label = label_of(start, stop, word(where), where)
            if label.text:
                kept.append(label)
    return tuple(Track(name, tuple(sorted(labels))) for name, labels in tracks.items())


FORMAT = LabelFormat("Praat", ".TextGrid", _encode, _decode, place=20)
