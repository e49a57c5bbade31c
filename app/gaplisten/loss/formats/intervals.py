"""Losses as intervals, on packets or off them: tables, labels of Audacity, TextGrids of Praat."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from gaplisten.loss.formats.contract import (
    BadTrace,
    Content,
    Decoded,
    End,
    Kind,
    TraceFormat,
    Unusable,
    limited,
)
from gaplisten.loss.formats.packet_tables import cells_of, names_in
from gaplisten.loss.formats.text import lines_of, text_of
from gaplisten.loss.trace import LossTrace

_STARTS = ("start", "begin", "onset", "from", "tmin", "xmin", "beg")
_STOPS = ("end", "stop", "offset", "to", "tmax", "xmax")
_LENGTHS = ("duration", "dur", "length", "len")
_UNITS = {
    "": None, "s": 1.0, "sec": 1.0, "secs": 1.0, "seconds": 1.0, "time": 1.0, "times": 1.0,
    "ms": 1e-3, "msec": 1e-3, "milliseconds": 1e-3, "us": 1e-6,
    "sample": 0.0, "samples": 0.0, "frame": 0.0, "frames": 0.0,
}  # fmt: skip
_SAMPLES = 0.0
_LONGEST = 1e12
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{0,15})?([eE][+-]?\d{1,2})?")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(,\d{3})+")
_MOST_COLUMNS = 1000
_LOST_WORD = re.compile(
    r"(^|[^a-z])(is)?_?(lost|loss|gap|drop|dropout|dropped|missing|plc|bfi|x|1)([^a-z]|$)"
)

Rows = list[tuple[float, float, str]]


# --- what all have in common --------------------------------------------------------------------------------


def _decimal_commas(words: Sequence[str]) -> bool:
    """Whether commas in numbers are decimal ones, as many languages write them.

    Raises
    ------
    BadTrace
        If they may as well part thousands: each stands before three digits and behind some that are no 0.
    """
    with_comma = [word for word in words if "," in word]
    if not with_comma:
        return False
    if any("." in word for word in words):
        raise BadTrace(f"holds {with_comma[0][:30]!r} and points, too", "write all numbers with a point")
    if all(map(_THOUSANDS.fullmatch, with_comma)):
        fact = f"holds {with_comma[0]!r}, whose comma may be a decimal one or part thousands"
        raise BadTrace(fact, "write its numbers with a point, or without commas")
    return True


def _value(word: str, number: int, commas: bool = False) -> float:
    word = word.replace(",", ".") if commas else word
    value = float(word) if len(word) < 40 and _NUMBER.fullmatch(word) else math.nan
    if not 0 <= value < _LONGEST:
        raise BadTrace(f"line {number} holds {word[:30]!r} where a time belongs", "correct the line")
    return value


def _is_number(word: str) -> bool:
    return _NUMBER.fullmatch(word.replace(",", ".", 1)) is not None


def _decoded(rows: Rows, notes: Iterable[str] = (), *, in_frames: bool = False) -> Decoded:
    """Return what was lost: all rows, or those whose labels say so, where labels differ."""
    said = list(notes)
    limited(len(rows))
    labels = Counter(label.strip().lower() for _, _, label in rows)
    lost = {label for label in labels if _LOST_WORD.search(label)}
    if len(labels) > 1 and lost and len(lost) < len(labels):
        others = ", ".join(repr(label) for label in sorted(set(labels) - lost)[:4])
        said.append(f"labels that say nothing of a loss are left out: {others}")
        rows = [row for row in rows if row[2].strip().lower() in lost]
    elif labels and not lost and set(labels) != {""}:
        named = ", ".join(repr(label) for label in sorted(labels)[:4])
        said.append(f"every label counts as lost, whatever it says ({named})")
    points = sum(start == stop for start, stop, _ in rows)
    if points:
        said.append(f"{points} labels of no length are left out")
    kept = [(start, stop) for start, stop, _ in rows if stop > start]
    if not kept and rows:
        raise BadTrace("holds no intervals", "mark what was lost from its start to its end")
    return Decoded.of_intervals(sorted(kept), said, in_frames=in_frames)


def _row(start: float, stop: float, label: str, number: int) -> tuple[float, float, str]:
    if stop < start:
        raise BadTrace(f"line {number} ends at {stop:g}, before it begins ({start:g})", "correct the line")
    return start, stop, label


def _sure(content: Content, read: object) -> str:
    try:
        content.once(read)  # type: ignore[arg-type]
    except BadTrace as bad:
        raise Unusable(bad.fact, bad.way_out) from bad
    return ""


# --- tables with a header -----------------------------------------------------------------------------------


def _named(name: str, words: tuple[str, ...]) -> str | None:
    """Return the unit in a column's name (``starts`` is ``start`` and ``s``); None for another column."""
    for word in sorted(words, key=len, reverse=True):
        if name.startswith(word) and name[len(word) :].removeprefix("in") in _UNITS:
            return name[len(word) :].removeprefix("in")
        if name.endswith(word) and name[: -len(word)] in _UNITS:
            return name[: -len(word)]
    return None


def _columns(content: Content) -> tuple[int, int, bool, float | None] | None:
    """Return the columns of start and of end (or of a length), and what is a second's part (0: samples)."""
    rows = content.once(cells_of)
    # An hour of packets may stand in one line, and each name is looked for in many spellings.
    if content.kind is not Kind.TEXT or not rows or len(rows[0][1]) > _MOST_COLUMNS:
        return None
    names = names_in(rows[0][1])
    starts = [
        (place, unit) for place, name in enumerate(names) if (unit := _named(name, _STARTS)) is not None
    ]
    stops = [(place, unit) for place, name in enumerate(names) if (unit := _named(name, _STOPS)) is not None]
    lengths = [
        (place, unit) for place, name in enumerate(names) if (unit := _named(name, _LENGTHS)) is not None
    ]
    ends = stops or lengths
    if not starts or not ends or _UNITS[starts[0][1]] != _UNITS[ends[0][1]]:
        return None
    return starts[0][0], ends[0][0], not stops, _UNITS[starts[0][1]]


def _recognises_table(content: Content, *, samples: bool) -> str | None:
    found = _columns(content) if content.kind is Kind.TEXT else None
    if found is None:
        return _recognises_bare(content, samples=samples)
    told = found[3]
    if told is None:
        whole = _looks_like_samples(content, found[0], found[1])
        doubt = "its header does not say whether it counts seconds or samples" if whole else ""
        if samples and not whole:
            return None
        _sure(content, _samples_of if samples else _table_of)
        return (doubt or None) if samples else doubt
    if (told == _SAMPLES) is not samples:
        return None
    return _sure(content, _samples_of if samples else _table_of)


def _recognises_bare(content: Content, *, samples: bool) -> str | None:
    """Know rows of two numbers without a header, as they rise and do not overlap."""
    if content.kind is not Kind.TEXT:
        return None
    rows = [cells for _, cells in content.once(cells_of)]
    numbers = [word.replace(",", ".") for row in rows for word in row]
    if len(rows) < 2 or any(len(row) != 2 for row in rows) or not all(map(_NUMBER.fullmatch, numbers)):
        return None
    edges = [float(word) for word in numbers]
    counted = [int(row[0]) for row in rows if row[0].isdigit()]
    if counted == list(range(counted[0], counted[0] + len(rows))) if counted else False:
        return None  # numbers of packets, and something of each
    if any(later <= earlier for earlier, later in pairwise(edges)) or edges[0] < 0:
        return None
    whole = _looks_like_samples(content, 0, 1)
    doubt = "holds starts and ends, which may be seconds or samples" if whole else ""
    return (doubt or None) if samples else doubt


def _looks_like_samples(content: Content, first: int, last: int) -> bool:
    """Whether all numbers in two columns are whole: seconds hardly ever are."""
    rows = [cells for _, cells in content.once(cells_of)[1:]]
    return all(row[place].isdigit() for row in rows for place in (first, last) if place < len(row))


def _read_rows(content: Content) -> tuple[Rows, float | None]:
    table = content.once(cells_of)
    limited(len(table))
    found = _columns(content)
    first, last, by_length, unit = found if found is not None else (0, 1, False, None)
    width = len(table[0][1]) if table else 0
    names = names_in(table[0][1]) if found is not None else []
    label = next(
        (names.index(name) for name in ("label", "text", "type", "kind", "name") if name in names), None
    )
    rows: Rows = []
    times = table[1 if found is not None else 0 :]
    for number, cells in times:
        if len(cells) != width or len(cells) <= max(first, last):
            raise BadTrace(f"line {number} has {len(cells)} columns, the first {width}", "correct the line")
    commas = _decimal_commas([cells[place] for _, cells in times for place in (first, last)])
    for number, cells in times:
        start, stop = _value(cells[first], number, commas), _value(cells[last], number, commas)
        stop = start + stop if by_length else stop
        rows.append(_row(start, stop, cells[label] if label is not None else "", number))
    return rows, unit


def _table_of(content: Content) -> Decoded:
    rows, unit = _read_rows(content)
    if unit == _SAMPLES:
        raise BadTrace("counts samples, as its header says", "name the format intervals_samples")
    scale = 1.0 if unit is None else unit
    return _decoded([(start * scale, stop * scale, label) for start, stop, label in rows])


def _samples_of(content: Content) -> Decoded:
    rows, unit = _read_rows(content)
    if unit not in (None, _SAMPLES):
        raise BadTrace("counts time, as its header says", "name the format intervals")
    for number, (start, stop, _) in enumerate(rows, 1):
        if start % 1 or stop % 1:
            raise BadTrace(f"interval {number} does not lie on whole samples", "name the format intervals")
    return _decoded(rows, in_frames=True)


# --- Audacity -----------------------------------------------------------------------------------------------


def _recognises_labels(content: Content) -> str | None:
    if content.kind is not Kind.TEXT:
        return None
    rows = [line.split("\t") for _, line in content.once(lines_of)]
    rows = [row for row in rows if row[0] != "\\"]
    three = [row for row in rows if len(row) == 3 and all(map(_is_number, row[:2]))]
    if not rows or len(three) * 2 < len(rows) or not any(set(".,") & set(word) for word in three[0][:2]):
        return None
    return _sure(content, _labels_of)


def _labels_of(content: Content) -> Decoded:
    """Read a start, an end and a label a line; lines of frequencies (with a backslash) are passed over."""
    labels = []
    for number, line in content.once(lines_of):
        words = [word.strip() for word in line.split("\t")]
        if words[0] == "\\":
            continue
        if len(words) < 2:
            raise BadTrace(
                f"line {number} holds no start and end with a tab between", "export the labels again"
            )
        labels.append((number, words))
    commas = _decimal_commas([word for _, words in labels for word in words[:2]])
    rows: Rows = []
    for number, words in labels:
        start, stop = (_value(word, number, commas) for word in words[:2])
        rows.append(_row(start, stop, "".join(words[2:3]), number))
    return _decoded(rows)


# --- Praat --------------------------------------------------------------------------------------------------

_TIER = "call the tier of losses 'lost', or name the format: textgrid"
_QUOTED = re.compile(r'"([^"]*+(?:""[^"]*+)*+)"|(?<![\w"])([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w"])')


def _recognises_grid(content: Content) -> str | None:
    if content.kind is not Kind.TEXT or '"TextGrid"' not in content.once(text_of)[:300]:
        return None
    tiers = _tiers(content.once(text_of))
    labels = {row[2].strip().lower() for _, rows in tiers for row in rows} - {""}
    told = any(map(_LOST_WORD.search, (*labels, *(name.lower() for name, _ in tiers))))
    if len(labels) > 1 and not told:  # words that were said, or sounds of speech
        raise BadTrace(f"has no tier of losses (its tiers are {', '.join(name for name, _ in tiers)})", _TIER)
    return _sure(content, _grid_of)


def _grid_of(content: Content) -> Decoded:
    """Read the tier whose name speaks of losses, else the first of intervals; empty labels were received."""
    if '"TextGrid"' not in content.once(text_of):
        raise BadTrace("is no TextGrid of Praat", "name another format")
    tiers = _tiers(content.once(text_of))
    if not tiers:
        raise BadTrace("holds no tier of intervals", "mark what was lost in an interval tier")
    chosen = next((tier for tier in tiers if _LOST_WORD.search(tier[0].lower())), tiers[0])
    name, rows = chosen
    notes = [f"tier {name!r} is read, of {len(tiers)}"] if len(tiers) > 1 else []
    marked = [row for row in rows if row[2].strip() and row[2].strip() not in ("0", "0.0")]
    if not marked and not _LOST_WORD.search(name.lower()):
        raise BadTrace(f"has no label in its tier {name!r}", "label what was lost")
    return _decoded(marked, notes)


def _tiers(text: str) -> list[tuple[str, Rows]]:
    """Return the interval tiers of a TextGrid, long or short: values in their order, whatever is between."""
    body = text[text.index('"TextGrid"') + len('"TextGrid"') :]
    # In long files numbers in brackets count; values stand behind an equals sign.
    body = re.sub(r"\[\d*\]", " ", body)
    values = [
        (found[1].replace('""', '"') if found[1] is not None else float(found[2]))
        for found in _QUOTED.finditer(body)
    ]
    tiers: list[tuple[str, Rows]] = []
    at = 3  # the grid's own start and end, and its number of tiers
    if len(values) <= at:
        raise BadTrace("is a TextGrid cut short", "save it again in Praat")
    for _ in range(int(_number_at(values, 2))):
        kind, name = _word_at(values, at), _word_at(values, at + 1)
        count = int(_number_at(values, at + 4))
        at += 5
        width = 3 if kind == "IntervalTier" else 2
        if not 0 <= count <= (len(values) - at) // width:
            raise BadTrace(
                f"is a TextGrid cut short: tier {name!r} promises {count} entries", "save it again"
            )
        if kind == "IntervalTier":
            rows = []
            for place in range(at, at + 3 * count, 3):
                start, stop = _number_at(values, place), _number_at(values, place + 1)
                rows.append(_row(start, stop, _word_at(values, place + 2), place))
            tiers.append((name, rows))
        at += width * count
    return tiers


def _number_at(values: list[str | float], at: int) -> float:
    value = values[at] if at < len(values) else None
    if not isinstance(value, float) or not 0 <= value < _LONGEST:
        raise BadTrace(f"is a damaged TextGrid: value {at} is {value!r}, no number", "save it again in Praat")
    return value


def _word_at(values: list[str | float], at: int) -> str:
    value = values[at] if at < len(values) else None
    if not isinstance(value, str):
        raise BadTrace(f"is a damaged TextGrid: value {at} is {value!r}, no label", "save it again in Praat")
    return value


# --- writing ------------------------------------------------------------------------------------------------


def _seconds(trace: LossTrace) -> list[tuple[str, str]]:
    return [(f"{start / trace.rate:.9f}", f"{stop / trace.rate:.9f}") for start, stop in trace.spans.tolist()]


def _write_table(trace: LossTrace) -> bytes:
    return ("start_s,end_s\n" + "".join(f"{start},{stop}\n" for start, stop in _seconds(trace))).encode()


def _write_samples(trace: LossTrace) -> bytes:
    rows = "".join(f"{start},{stop}\n" for start, stop in trace.spans.tolist())
    return ("start_sample,end_sample\n" + rows).encode()


def _write_labels(trace: LossTrace) -> bytes:
    if not trace.has_loss:
        raise BadTrace("would be empty: nothing is lost", "choose another format")
    return "".join(f"{start}\t{stop}\tlost\n" for start, stop in _seconds(trace)).encode()


def _write_grid(trace: LossTrace) -> bytes:
    """Write a long TextGrid with one tier, which tiles the sound."""
    end = f"{trace.frames / trace.rate:.9f}"
    pieces, at = list[tuple[str, str, str]](), f"{0:.9f}"
    for start, stop in _seconds(trace):
        pieces += [(at, start, "")] if start != at else []
        pieces.append((start, stop, "lost"))
        at = stop
    pieces += [(at, end, "")] if at != end else []
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {end}",
             "tiers? <exists>", "size = 1", "item []:", "    item [1]:", '        class = "IntervalTier"',
             '        name = "lost"', "        xmin = 0", f"        xmax = {end}",
             f"        intervals: size = {len(pieces)}"]  # fmt: skip
    for number, (start, stop, label) in enumerate(pieces, 1):
        lines += [f"        intervals [{number}]:", f"            xmin = {start}",
                  f"            xmax = {stop}", f'            text = "{label}"']  # fmt: skip
    return ("\n".join(lines) + "\n").encode()


FORMATS = (
    TraceFormat(
        name="audacity",
        help="labels of Audacity: start, end, label",
        suffixes=(".txt",),
        polarity="labelled = lost",
        end=End.RECEIVED,
        recognises=_recognises_labels,
        decode=lambda content: content.once(_labels_of),
        encode=_write_labels,
        unit="sample",
        lists=True,
        place=130,
    ),
    TraceFormat(
        name="textgrid",
        help="TextGrid of Praat, long or short, with a tier of losses",
        suffixes=(".TextGrid",),
        polarity="labelled = lost",
        end=End.RECEIVED,
        recognises=_recognises_grid,
        decode=lambda content: content.once(_grid_of),
        encode=_write_grid,
        unit="sample",
        lists=True,
        place=140,
    ),
    TraceFormat(
        name="intervals",
        help="table of starts and ends (or lengths) in s or ms",
        suffixes=(".csv", ".txt"),
        polarity="listed = lost",
        end=End.RECEIVED,
        recognises=lambda content: _recognises_table(content, samples=False),
        decode=lambda content: content.once(_table_of),
        encode=_write_table,
        unit="sample",
        lists=True,
        place=120,
    ),
    TraceFormat(
        name="intervals_samples",
        help="table of starts and ends (or lengths) in samples",
        suffixes=(".csv", ".txt"),
        polarity="listed = lost",
        end=End.RECEIVED,
        recognises=lambda content: _recognises_table(content, samples=True),
        decode=lambda content: content.once(_samples_of),
        encode=_write_samples,
        unit="sample",
        lists=True,
        place=125,
    ),
)
