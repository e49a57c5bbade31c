"""Notes on what is heard: tags, search, and the formats other tools read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from gaplisten.bench.state import Note
from gaplisten.tables import Cell, Table, write_csv

TAGS = ("click", "metallic", "robotic", "mute", "wrong word", "late fade", "own")

COLUMNS = ("clip", "seconds", "frame", "packet", "gap", "lane", "tag", "text")


def gap_number(note: Note) -> int | None:
    """Return the number of the note's gap as tables show it, from 1."""
    return None if note.gap is None else note.gap + 1


def label_of(note: Note, lane_name: str) -> str:
    """Return the note in one line, as other tools show it."""
    words = [note.tag, note.text.strip()]
    line = ": ".join(word for word in words if word)
    lane = f" [{lane_name}]" if lane_name else ""
    return " ".join((line + lane).split())


def matching(notes: Iterable[Note], words: str) -> list[Note]:
    """Return the notes in which every one of `words` occurs, in tag, text, lane or gap number."""
    wanted = words.casefold().split()
    return [note for note in notes if all(word in _searched(note) for word in wanted)]


def _searched(note: Note) -> str:
    gap = "" if note.gap is None else f"#{gap_number(note)}"
    return f"{note.tag} {note.text} {note.lane} {gap}".casefold()


def notes_table(
    notes: Mapping[str, tuple[Note, ...]], rates: Mapping[str, int], packet_ms: float | None
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
    """
    rows: list[tuple[Cell, ...]] = []
    for clip, those in notes.items():
        rate = rates.get(clip)
        for note in sorted(those, key=lambda each: each.frame):
            seconds = None if rate is None else round(note.frame / rate, 6)
            packet = None if rate is None or packet_ms is None else int(note.frame * 1000 / rate / packet_ms)
            rows.append((clip, seconds, note.frame, packet, gap_number(note), note.lane, note.tag, note.text))
    return Table(COLUMNS, tuple(rows))


def write_notes_csv(
    path: Path, notes: Mapping[str, tuple[Note, ...]], rates: Mapping[str, int], packet_ms: float | None
) -> None:
    """Write all notes as CSV."""
    write_csv(path, notes_table(notes, rates, packet_ms))
