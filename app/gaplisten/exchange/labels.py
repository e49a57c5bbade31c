"""Labels as other tools read and write them: Audacity, Praat, Sonic Visualiser, CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

from gaplisten.durable.files import not_written, write_whole
from gaplisten.errors import GaplistenError, visible
from gaplisten.tables import neutral, plain
from gaplisten.texts import decoded_anyhow, lines_of
from gaplisten.untrusted import read_regular

MOST_BYTES = 16 << 20
MOST_LABELS = 200_000  # ten hours of phones
_POINTS = " (points)"
_BINARY, _BY_TIME = b"ooBinaryFile", "Praat chronological TextGrid"
_MORE = re.compile(r" \d+$")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_LONGEST = 1e7  # seconds


class LabelError(GaplistenError):
    """Labels that cannot be read or written."""


@dataclass(frozen=True, order=True)
class Label:
    """A remark about a stretch of sound, in seconds; a point where both are equal."""

    start: float
    stop: float
    text: str

    @property
    def is_point(self) -> bool:
        """Whether it speaks of one place."""
        return self.stop <= self.start


@dataclass(frozen=True)
class Track:
    """Labels of one kind: what was lost, what is found in one version, notes."""

    name: str
    labels: tuple[Label, ...]


def write_labels(path: Path, tracks: Sequence[Track], seconds: float, rate: int) -> None:
    """Write tracks in the format of the suffix: ``.txt``, ``.TextGrid``, ``.svl`` or ``.csv``.

    Parameters
    ----------
    seconds, rate
        Length of the sound, and its rate in Hz: some formats count frames.

    Raises
    ------
    LabelError
        If the suffix names no format, or the disk refuses.
    """
    make = _WRITERS.get(path.suffix.lower())
    if make is None:
        fact = f"{path.suffix or 'no suffix'} is no format of labels"
        raise LabelError(str(path), fact, f"use {', '.join(SUFFIXES)}")
    try:
        write_whole(path, make(_tidy(tracks), seconds, rate))
    except OSError as error:
        raise LabelError(*not_written(path, error)) from error


def read_labels(path: Path) -> tuple[Track, ...]:
    """Return the tracks in a file of labels; tracks of formats that have none are told by a prefix.

    Raises
    ------
    LabelError
        If it cannot be read, or is damaged.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        fact = f"{path.suffix or 'no suffix'} is no format of labels"
        raise LabelError(str(path), fact, f"use {', '.join(SUFFIXES)}")
    try:
        data = read_regular(path, MOST_BYTES)
        if data.startswith(_BINARY):
            raise _OtherForm("is a binary file of Praat")
        return read(decoded_anyhow(data))  # Praat saves as UTF-16 where text is not plain
    except OSError as error:
        raise LabelError(str(path), f"cannot be read ({error.strerror})", "check the path") from error
    except UnicodeDecodeError as error:
        raise LabelError(str(path), f"is no text ({error.reason})", "save it as UTF-8") from error
    except _TooMany as many:
        raise LabelError(str(path), str(many), "give it in parts") from many
    except _OtherForm as form:
        raise LabelError(str(path), str(form), "use Praat's command Save as text file") from form
    except _Bad as bad:
        raise LabelError(str(path), str(bad), "save it again in the tool that made it") from bad


class _Bad(ValueError):  # noqa: N818 - never leaves this module
    """What is wrong with a file's content."""


class _TooMany(_Bad):
    """More than anybody sets by hand or a tool finds in speech: it would take minutes."""


class _OtherForm(_Bad):
    """Whole, but in a form of Praat's that few tools read."""


def _bounded(count: int, what: str) -> None:
    if count > MOST_LABELS:
        raise _TooMany(f"has {count:,} {what} or more; {MOST_LABELS:,} are read at most")


def _tidy(tracks: Iterable[Track]) -> list[Track]:
    """Return tracks in order of time, their texts in one line each, without characters that tools refuse."""
    return [
        Track(
            _line(track.name),
            tuple(sorted(Label(each.start, each.stop, _line(each.text)) for each in track.labels)),
        )
        for track in tracks
    ]


def _line(text: str) -> str:
    return visible(" ".join(text.split()))


def _flat(tracks: Sequence[Track]) -> list[Label]:
    """Return all labels in order of time; of several tracks, each with its track's name before it."""
    alone = len(tracks) == 1
    every = (
        label if alone else Label(label.start, label.stop, f"{track.name}: {label.text}")
        for track in tracks
        for label in track.labels
    )
    return sorted(every)


def _parted(labels: Iterable[Label]) -> tuple[Track, ...]:
    """Undo `_flat`: where every label begins with a name, those are the tracks'."""
    known = list(labels)
    if not known or not all(": " in each.text for each in known):
        return (Track("", tuple(known)),)
    tracks: dict[str, list[Label]] = {}
    for each in known:
        name, _, text = each.text.partition(": ")
        tracks.setdefault(name, []).append(Label(each.start, each.stop, text))
    return tuple(Track(name, tuple(found)) for name, found in tracks.items())


def _seconds(text: str, where: str) -> float:
    if not _NUMBER.fullmatch(text.strip()) or not abs(float(text)) < _LONGEST:
        raise _Bad(f"{where} holds {text.strip()[:30]!r} where a time in seconds belongs")
    return float(text)


# --- Audacity -----------------------------------------------------------------------------------------------


def _audacity(tracks: Sequence[Track], _seconds: float, _rate: int) -> str:
    return "".join(f"{each.start:.6f}\t{each.stop:.6f}\t{each.text}\n" for each in _flat(tracks))


def _of_audacity(text: str) -> tuple[Track, ...]:
    lines = lines_of(text)
    _bounded(len(lines), "lines")
    labels = []
    for number, line in enumerate(lines, 1):
        words = line.split("\t")
        if not line.strip() or words[0] == "\\":  # frequencies of the label before
            continue
        where = f"line {number}"
        if len(words) < 2:
            raise _Bad(f"{where} holds no start and end with a tab between")
        start, stop = (_seconds(word, where) for word in words[:2])
        labels.append(_label(start, stop, "\t".join(words[2:]), where))
    return _parted(labels)


def _label(start: float, stop: float, text: str, where: str) -> Label:
    if stop < start:
        raise _Bad(f"{where} ends at {stop:g}, before it begins ({start:g})")
    return Label(start, stop, _line(text))


# --- Praat --------------------------------------------------------------------------------------------------


def _textgrid(tracks: Sequence[Track], seconds: float, _rate: int) -> str:
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


def _of_textgrid(text: str) -> tuple[Track, ...]:
    if _BY_TIME in text[:200]:
        raise _OtherForm("is a chronological TextGrid of Praat")
    if '"TextGrid"' not in text:
        raise _Bad("is no TextGrid of Praat")
    body = text[text.index('"TextGrid"') + len('"TextGrid"') :]
    values = iter(_VALUE.finditer(body))

    def number(what: str) -> float:
        found = next(values, None)
        if found is None or found[2] is None:
            raise _Bad(f"is a damaged TextGrid: {what} is no number")
        return _seconds(found[2], what)

    def word(what: str) -> str:
        found = next(values, None)
        if found is None or found[1] is None:
            raise _Bad(f"is a damaged TextGrid: {what} is no text")
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
            _bounded(held, "labels")
            start = number(where)
            stop = start if kind == "TextTier" else number(where)
            label = _label(start, stop, word(where), where)
            if label.text:
                kept.append(label)
    return tuple(Track(name, tuple(sorted(labels))) for name, labels in tracks.items())


# --- Sonic Visualiser ---------------------------------------------------------------------------------------


def _layer(tracks: Sequence[Track], seconds: float, rate: int) -> str:
    from xml.sax.saxutils import quoteattr  # brings the network with it: not at every start

    heights = {track.name: height for height, track in enumerate(tracks)}
    rows = [(each, heights.get(each.text.partition(": ")[0], 0)) for each in _flat(tracks)]
    points = "".join(
        f'      <point frame="{round(each.start * rate)}" value="{height}"'
        f' duration="{round((each.stop - each.start) * rate)}" label={quoteattr(each.text)} />\n'
        for each, height in rows
    )
    name = quoteattr(", ".join(heights))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE sonic-visualiser>\n<sv>\n  <data>\n'
        f'    <model id="1" name={name} sampleRate="{rate}" start="0" end="{round(seconds * rate)}"'
        ' type="sparse" dimensions="3" resolution="1" notifyOnAdd="true" dataset="0" subtype="region"'
        f' valueQuantization="1" minimum="0" maximum="{max(len(heights) - 1, 0)}" units="" />\n'
        f'    <dataset id="0" dimensions="3">\n{points}    </dataset>\n  </data>\n  <display>\n'
        f'    <layer id="2" type="regions" name={name} model="1" verticalScale="1" plotStyle="0" />\n'
        "  </display>\n</sv>\n"
    )


def _of_layer(text: str) -> tuple[Track, ...]:
    if "<!ENTITY" in text:
        raise _Bad("is no layer of Sonic Visualiser: it defines entities")
    _bounded(text.count("<") - 20, "elements")
    try:
        root = ElementTree.fromstring(text.partition("?>")[2] if text.startswith("<?xml") else text)
    except ElementTree.ParseError as error:
        raise _Bad(f"is no layer of Sonic Visualiser ({error})") from error
    model = root.find("./data/model")
    rate = 0.0 if model is None else _seconds(model.get("sampleRate", ""), "its sample rate")
    if not rate > 0:
        raise _Bad("is no layer of Sonic Visualiser: it names no sample rate")
    labels = []
    for number, point in enumerate(root.iterfind("./data/dataset/point"), 1):
        where = f"point {number}"
        frame, length = (_seconds(point.get(name, "0"), where) for name in ("frame", "duration"))
        labels.append(_label(frame / rate, (frame + length) / rate, point.get("label", ""), where))
    return _parted(sorted(labels))


# --- CSV ----------------------------------------------------------------------------------------------------


_HEADS = ("track", "start_s", "end_s", "text")


def _csv(tracks: Sequence[Track], _seconds: float, _rate: int) -> str:
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(_HEADS)
    rows = sorted((label, track.name) for track in tracks for label in track.labels)
    for label, name in rows:
        table.writerow((neutral(name), f"{label.start:.6f}", f"{label.stop:.6f}", neutral(label.text)))
    return out.getvalue()


def _of_csv(text: str) -> tuple[Track, ...]:
    _bounded(text.count("\n") - 1, "rows")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise _Bad(f"is no table ({error})") from error
    heads = [head.strip().lower() for head in rows[0]] if rows else []
    if not {"start_s", "end_s"} <= {*heads}:
        raise _Bad("has no columns start_s and end_s")
    at = {head: heads.index(head) for head in _HEADS if head in heads}
    tracks: dict[str, list[Label]] = {}
    for number, row in enumerate(rows[1:], 2):
        if not any(row):
            continue
        if len(row) < len(heads):
            raise _Bad(f"line {number} has {len(row)} columns, its first {len(heads)}")
        start, stop = (_seconds(row[at[name]], f"line {number}") for name in ("start_s", "end_s"))
        name, words = (plain(row[at[head]]) if head in at else "" for head in ("track", "text"))
        tracks.setdefault(name, []).append(_label(start, stop, words, f"line {number}"))
    return tuple(Track(name, tuple(labels)) for name, labels in tracks.items())


_WRITERS: dict[str, Callable[[Sequence[Track], float, int], str]] = {
    ".txt": _audacity,
    ".textgrid": _textgrid,
    ".svl": _layer,
    ".csv": _csv,
}
_READERS: dict[str, Callable[[str], tuple[Track, ...]]] = {
    ".txt": _of_audacity,
    ".textgrid": _of_textgrid,
    ".svl": _of_layer,
    ".csv": _of_csv,
}
SUFFIXES = (".txt", ".TextGrid", ".svl", ".csv")
"""Of Audacity, Praat, Sonic Visualiser, and tables."""
