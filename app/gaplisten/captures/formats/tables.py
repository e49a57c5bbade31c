"""Tables of RTP packets: tshark's fields, Wireshark's stream analysis and Wireshark's packet list, as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

from gaplisten.captures.formats.contract import CaptureFormat, Damaged, first_text, text_of
from gaplisten.captures.streams import NO_TIME, Capture, Collector, Head, Route
from gaplisten.jobs import Job
from gaplisten.texts import separator_of

_EVERY = 20_000
_LONGEST_CELL = 100_000
_SECOND, _MILLISECOND = 9, 6  # powers of ten in nanoseconds
_LATEST = 1 << 62
_RTP_OVER_UDP = 20  # bytes of both heads
_WHOLE = re.compile(r"\d{1,12}")
_HEX = re.compile(r"0x[0-9a-fA-F]{1,8}")
_INFO = re.compile(
    r"PT=(?P<type>[^,]+), SSRC=(?P<ssrc>0x[0-9A-Fa-f]{1,8}), Seq=(?P<number>\d{1,5}), Time=(?P<time>\d{1,10})"
    r"(?P<mark>, Mark)?"
)
_NAMED_TYPES = {
    "ITU-T G.711 PCMU": 0, "GSM 06.10": 3, "ITU-T G.711 PCMA": 8, "ITU-T G.722": 9, "ITU-T G.723": 4,
    "Comfort noise": 13, "ITU-T G.729": 18, "16-bit uncompressed audio, stereo": 10,
    "16-bit uncompressed audio, monaural": 11,
}  # fmt: skip
_TIMES = ("frame.time_epoch", "frame.time_relative")


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Give the rows that hold anything, with the numbers of their lines."""
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise Damaged(f"line {reader.line_num} is no CSV ({error})", "save it again") from error


def _places(names: list[str]) -> dict[str, int]:
    return {name.casefold(): place for place, name in enumerate(names)}


def _number(row: list[str], place: int | None, line: int, most: int, otherwise: int | None = None) -> int:
    """Return a whole number of a row, decimal or hexadecimal."""
    word = row[place] if place is not None and place < len(row) else ""
    if not word and otherwise is not None:
        return otherwise
    if word in ("True", "False"):
        return int(word == "True")
    value = int(word, 16) if _HEX.fullmatch(word) else int(word) if _WHOLE.fullmatch(word) else -1
    if not 0 <= value <= most:
        raise Damaged(f"line {line} holds {word!r} where a number of 0 to {most} belongs", "correct the line")
    return value


def _time(word: str, line: int, power: int, separator: str) -> int:
    """Return nanoseconds of a decimal number of seconds or milliseconds, exactly."""
    # Where cells are not parted by commas, a spreadsheet has written one for the decimal point.
    point = word if separator == "," else word.replace(",", ".")
    try:
        value = int(Decimal(point).scaleb(power)) if len(word) <= 40 else -1
    except (InvalidOperation, OverflowError, ValueError):
        value = -1
    if not 0 <= value < _LATEST:
        raise Damaged(f"line {line} holds {word[:40]!r} where a time belongs", "correct the line")
    return value


# --- tshark -------------------------------------------------------------------------------------------------


def _is_tshark(head: bytes) -> bool:
    line = first_text(head).lstrip().split("\n", 1)[0].casefold()
    return "rtp.seq" in line and not line.startswith("{")


def _read_tshark(path: Path, data: bytes, job: Job) -> Capture:
    text = text_of(data)
    separator = separator_of(text)
    rows = _rows(text, separator)
    _, names = next(rows)
    place = _places(names)
    time = next((name for name in _TIMES if name in place), None)
    several = 0
    collector = Collector(path)
    for count, (line, row) in enumerate(rows):
        if len(row) != len(names):
            raise Damaged(
                f"line {line} has {len(row)} columns, the first has {len(names)}", "correct the line"
            )
        if "," in row[place["rtp.seq"]]:
            several += 1  # packets within a message about packets
            continue
        if not row[place["rtp.seq"]]:
            continue
        collector.add(_route(row, place), _ssrc(row, place, line), _head(row, place, line, time, separator))
        if count % _EVERY == 0:
            job.check(0.5)
    notes = (f"{several} rows with several packets in one frame are left out",) if several else ()
    return _found(path, "tshark CSV", collector, notes)


def _route(row: list[str], place: dict[str, int]) -> Route:
    ends = []
    for address, port in (("src", "srcport"), ("dst", "dstport")):
        named = [row[place[key]] for key in (f"ip.{address}", f"ipv6.{address}") if key in place]
        known = next(filter(None, named), "")
        number = row[place[f"udp.{port}"]] if f"udp.{port}" in place else ""
        ends.append(f"{known}:{number}" if known and number else known or number)
    return Route(*ends)


def _ssrc(row: list[str], place: dict[str, int], line: int) -> int | None:
    if "rtp.ssrc" not in place:
        return None
    return _number(row, place["rtp.ssrc"], line, 0xFFFFFFFF)


def _head(row: list[str], place: dict[str, int], line: int, time: str | None, separator: str) -> Head:
    length = _number(row, place.get("udp.length"), line, 0xFFFF, 0)
    return Head(
        _time(row[place[time]], line, _SECOND, separator) if time else NO_TIME,
        _number(row, place["rtp.seq"], line, 0xFFFF),
        _number(row, place["rtp.timestamp"], line, 0xFFFFFFFF) if "rtp.timestamp" in place else -1,
        _number(row, place.get("rtp.p_type"), line, 127) if "rtp.p_type" in place else -1,
        bool(_number(row, place.get("rtp.marker"), line, 1, 0)),
        length - _RTP_OVER_UDP if length >= _RTP_OVER_UDP else -1,
    )


# --- Wireshark: RTP Stream Analysis, Save CSV ---------------------------------------------------------------


def _is_analysis(head: bytes) -> bool:
    lines = [line.casefold() for line in first_text(head).lstrip().split("\n", 2)[:2]]
    return any("sequence" in line and "delta (ms)" in line for line in lines)


def _read_analysis(path: Path, data: bytes, job: Job) -> Capture:
    place: dict[str, int] = {}
    route, part, clock = Route("", ""), 0, 0
    collector, title, text = Collector(path), 0, text_of(data)
    separator = separator_of(text)
    for count, (line, row) in enumerate(_rows(text, separator)):
        if "sequence" in map(str.casefold, row):
            place, part, clock, title = _places(row), part + 1, 0, 0
            continue
        _refuse_short(title, place)
        if not place or len(row) < 2:
            title = line if place else 0  # "Forward" and "Reverse", each over a table of its own
            continue
        if len(row) != len(place):
            raise Damaged(f"line {line} has {len(row)} columns, the first {len(place)}", "correct the line")
        clock += _time(row[place["delta (ms)"]], line, _MILLISECOND, separator)
        if clock >= _LATEST:
            raise Damaged(f"line {line} lies beyond all times", "correct the line")
        if "source" in place and "destination" in place:
            route = Route(row[place["source"]], row[place["destination"]])
        marked = bool(row[place["marker"]]) if "marker" in place else False
        number = _number(row, place["sequence"], line, 0xFFFF)
        collector.add(route, part if part > 1 else None, Head(clock, number, -1, -1, marked, -1))
        if count % _EVERY == 0:
            job.check(0.5)
    _refuse_short(title, place)
    return _found(path, "Wireshark RTP CSV", collector, ())


def _refuse_short(title: int, place: dict[str, int]) -> None:
    """Refuse a line of one column, if there is one, that turned out to be no title of a table."""
    if title:
        raise Damaged(f"line {title} has 1 column, the first {len(place)}", "correct the line")


# --- Wireshark: Export Packet Dissections, As CSV -----------------------------------------------------------


def _is_list(head: bytes) -> bool:
    line = first_text(head).lstrip().split("\n", 1)[0].casefold()
    return all(name in line for name in ("time", "protocol", "info"))


def _read_list(path: Path, data: bytes, job: Job) -> Capture:
    text = text_of(data)
    separator = separator_of(text)
    rows = _rows(text, separator)
    _, names = next(rows)
    place, collector, others = _places(names), Collector(path), 0
    for count, (line, row) in enumerate(rows):
        if len(row) != len(names):
            raise Damaged(
                f"line {line} has {len(row)} columns, the first has {len(names)}", "correct the line"
            )
        found = _INFO.search(row[place["info"]])
        if found is None:
            others += 1
            continue
        ends = [row[place[key]] if key in place else "" for key in ("source", "destination")]
        collector.add(
            Route(*ends),
            int(found["ssrc"], 16),
            Head(
                _time(row[place["time"]], line, _SECOND, separator),
                _number([found["number"]], 0, line, 0xFFFF),
                _number([found["time"]], 0, line, 0xFFFFFFFF),
                _type(found["type"]),
                found["mark"] is not None,
                -1,
            ),
        )
        if count % _EVERY == 0:
            job.check(0.5)
    notes = (f"{others} rows that are no RTP are left out",) if others else ()
    return _found(path, "Wireshark packet list", collector, notes)


def _type(name: str) -> int:
    dynamic = re.search(r"(\d{2,3})\s*$", name)  # DynamicRTP-Type-111
    return _NAMED_TYPES.get(name, min(int(dynamic[1]), 127) if dynamic and "Type" in name else -1)


def _found(path: Path, name: str, collector: Collector, notes: tuple[str, ...]) -> Capture:
    streams = collector.streams()
    if not streams:
        raise Damaged("holds no stream of RTP packets", "save the packets of one stream, in their order")
    stray = collector.stray
    more = (f"{stray} packets belong to no stream",) if stray else ()
    return Capture(path, name, streams, notes=(*notes, *more))


def _table(
    name: str, help: str, recognises: Callable[[bytes], bool], read: Callable[..., Capture], place: int
) -> CaptureFormat:
    return CaptureFormat(name=name, help=help, recognises=recognises, read=read, by_lines=True, place=place)


FORMATS = (
    _table(
        "tshark", "fields of tshark with a header line (-T fields -E header=y)", _is_tshark, _read_tshark, 40
    ),
    _table("wireshark", "Wireshark's RTP stream analysis as CSV", _is_analysis, _read_analysis, 50),
    _table("packet_list", "Wireshark's packet list as CSV", _is_list, _read_list, 60),
)
