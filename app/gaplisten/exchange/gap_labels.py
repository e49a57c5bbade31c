"""Gaps, findings and notes of a clip as labels, and labels of other tools as notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from gaplisten.bench.gap_wording import with_unit
from gaplisten.bench.notes import TAGS, gap_index, label_of, most_covered
from gaplisten.bench.state import Note
from gaplisten.exchange.labels.contract import Label, Track
from gaplisten.loss.measures import GapTable, measure_named
from gaplisten.loss.measures.gap_table import badness
from gaplisten.loss.trace import LossTrace

LOST, NOTES = "lost", "notes"
_OWN = "own"


def gap_tracks(
    trace: LossTrace | None,
    rate: int,
    frames: int,
    tables: Sequence[GapTable],
    thresholds: Mapping[str, float],
) -> list[Track]:
    """Return what was lost, and a track for each version with the gaps that are flagged in it.

    Parameters
    ----------
    trace
        The clip's losses; None where versions have none in common.
    rate, frames
        The clip's clock in Hz, and its length.
    tables
        What was measured; each version stands in one of them.
    thresholds
        Where they are not the measures' own.
    """
    gaps = () if trace is None else trace.gaps(frames)
    lost = tuple(Label(gap.start / rate, gap.stop / rate, f"gap {at}") for at, gap in enumerate(gaps, 1))
    versions = [
        Track(version, tuple(_flagged(table, version, rate, thresholds)))
        for table in tables
        for version in table.versions
    ]
    return [Track(LOST, lost), *versions] if lost else versions


def _flagged(table: GapTable, version: str, rate: int, thresholds: Mapping[str, float]) -> Iterable[Label]:
    for at, facts in enumerate(table.gaps):
        flags = table.flags(version, at, thresholds)
        if flags:
            gap, told = facts.gap, _told(table, version, at, flags)
            yield Label(gap.start / rate, gap.stop / rate, told)


def _told(table: GapTable, version: str, at: int, flags: Sequence[str]) -> str:
    """Return the measures that flag a gap, the one farthest beyond its threshold first."""
    known = []
    for key in flags:
        measure, value = measure_named(key), table.value(at, version, key)
        if value is not None:
            beyond = float(badness(measure, np.array([value]))[0]) / abs(measure.threshold or 1.0)
            known.append((-beyond, f"{measure.short} {with_unit(measure, value)}"))
    return ", ".join(text for _, text in sorted(known))


def note_track(
    notes: Iterable[Note], rate: int, names: Mapping[str, str], spans: Sequence[tuple[int, int]]
) -> Track:
    """Return notes as intervals: their own, else that of the gap that they are about, else a point.

    Parameters
    ----------
    names
        Names of lanes by their identifiers.
    spans
        Start and stop of the clip's gaps in frames.
    """
    labels = []
    for note in notes:
        start, stop = note.frame, note.frame + note.length
        index = gap_index(note, spans)
        if not note.length and index is not None:
            start, stop = spans[index]
        named = label_of(note, names.get(note.lane, note.lane))
        labels.append(Label(start / rate, stop / rate, named))
    return Track(NOTES, tuple(labels))


def notes_in(
    tracks: Sequence[Track],
    rate: int,
    frames: int,
    names: Mapping[str, str],
    spans: Sequence[tuple[int, int]],
) -> tuple[Note, ...]:
    """Return the notes in tracks: those of the track called so, else all labels.

    Parameters
    ----------
    frames
        Length of the clip: what lies beyond is left out.
    names
        Names of lanes by their identifiers.
    """
    chosen = [track for track in tracks if track.name == NOTES] or list(tracks)
    idents = {name: ident for ident, name in names.items()}
    found = (_note(label, track.name, rate, idents, spans) for track in chosen for label in track.labels)
    return tuple(sorted((note for note in found if 0 <= note.frame < frames), key=lambda note: note.frame))


def _note(
    label: Label, track: str, rate: int, idents: Mapping[str, str], spans: Sequence[tuple[int, int]]
) -> Note:
    start, stop = round(label.start * rate), round(label.stop * rate)
    text, lane = label.text, idents.get(track, "")
    before, bracket, last = text.rpartition(" [")
    if bracket and last.endswith("]") and last[:-1] in idents:
        text, lane = before, idents[last[:-1]]
    word, colon, rest = text.partition(":")
    tag, said = (word, rest.strip()) if colon and word in TAGS else (_OWN, text)
    if text in TAGS:
        tag, said = text, ""
    index = most_covered(start, stop, spans)
    gap = None if index is None else spans[index]
    return Note(start, tag, said, lane, gap, 0 if gap == (start, stop) else max(stop - start, 0))
