"""Notes on what is heard: tags, search, and the formats other tools read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from gaplisten.bench.state import Note
from gaplisten.tables import Cell, Table

TAGS = ("click", "metallic", "robotic", "mute", "wrong word", "late fade", "own")

COLUMNS = ("clip", "seconds", "frame", "packet", "gap", "lane", "tag", "text")


Spans = Sequence[tuple[int, int]]
Number = Callable[[Note], int | None]
"""Tells the number of a note's gap as tables show it, from 1; None where it is about none."""


def gap_index(note: Note, spans: Spans) -> int | None:
    """Return the index of the gap that a note is about, where losses are these.

    Parameters
    ----------
    spans
        Start and stop of the clip's gaps in frames, as they are now.
    """
    start, stop = note.gap or (note.frame, note.frame + note.length)
    return most_covered(start, stop, spans)


def most_covered(start: int, stop: int, spans: Spans) -> int | None:
    """Return the index of the gap that a stretch (or place) has most of."""
    if stop <= start:
        inside = (at for at, (begin, end) in enumerate(spans) if begin <= start < end)
        return next(inside, None)
    shares = [min(stop, end) - max(start, begin) for begin, end in spans]
    return shares.index(max(shares)) if shares and max(shares) > 0 else None


def numbered(note: Note, spans: Spans) -> int | None:
    """Return the number of a note's gap as tables show it, from 1."""
    index = gap_index(note, spans)
    return None if index is None else index + 1


def no_number(_note: Note) -> None:
    """Return that nothing is known of the gap."""


def label_of(note: Note, lane_name: str) -> str:
    """Return the note in one line, as other tools show it."""
    words = [note.tag, note.text.strip()]
    line = ": ".join(word for word in words if word)
    lane = f" [{lane_name}]" if lane_name else ""
    return " ".join((line + lane).split())


def matching(
    notes: Iterable[Note],
    words: str,
    number: Number = no_number,
    names: Mapping[str, str] | None = None,
) -> list[Note]:
    """Return the notes in which every one of `words` occurs: tag, text, lane (also by name), gap number."""
    wanted = words.casefold().split()
    known = names or {}
    return [note for note in notes if all(word in _searched(note, number, known) for word in wanted)]


def _searched(note: Note, number: Number, names: Mapping[str, str]) -> str:
    gap, lane = number(note), lane_named(note.lane, names)
    return f"{note.tag} {note.text} {note.lane} {lane} {'' if gap is None else f'#{gap}'}".casefold()


def notes_table(
    notes: Mapping[str, tuple[Note, ...]],
    rates: Mapping[str, int],
    packet_ms: float | None,
    number: Callable[[str, Note], int | None] = lambda _clip, note: no_number(note),
    names: Mapping[str, str] | None = None,
) -> Table:
    """Return all notes, one row each, in order of clip and time.

    Parameters
    ----------
    notes
        The notes of each clip, by its name.
    rates
        Each clip's rate in Hz; a clip whose rate is unknown has no seconds and no packet.
    packet_ms
        Packet length in milliseconds; None: there are no packets.
    number
        Tells the number of the gap that a note of a clip is about.
    names
        Names of lanes by their identifiers.
    """
    names = names or {}
    rows: list[tuple[Cell, ...]] = []
    for clip, those in notes.items():
        rate = rates.get(clip)
        for note in sorted(those, key=lambda each: each.frame):
            seconds = None if rate is None else round(note.frame / rate, 6)
            packet = None if rate is None or packet_ms is None else int(note.frame * 1000 / rate / packet_ms)
            lane = lane_named(note.lane, names)
            rows.append((clip, seconds, note.frame, packet, number(clip, note), lane, note.tag, note.text))
    return Table(COLUMNS, tuple(rows))


def lane_named(ident: str, names: Mapping[str, str]) -> str:
    """Return what people call a lane; for one that the clip at hand lacks, what its identifier tells."""
    return names.get(ident) or ident.removeprefix("condition:")
