"""Rows of the levels' table, and the gains in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gaplisten.audio.alignment import Delay
from gaplisten.bench.lane_edits import MOVABLE, LaneEdits
from gaplisten.bench.lanes import Lane
from gaplisten.bench.level_measures import REFERENCE, LevelMeasures
from gaplisten.bench.levels import ALIKE, aligned, decibels, delay_words, removal, signed


@dataclass(frozen=True)
class LaneRow:
    """What the table says of one lane.

    `about` explains its delay; `delay` and `removed` (frames) are for the plot and the buttons.
    """

    key: int
    ident: str
    cells: tuple[str, ...]
    about: str = ""
    delay: Delay | None = None
    removed: int = 0
    measurable: bool = False


def row_of(lane: Lane, measured: LevelMeasures, edits: LaneEdits) -> LaneRow:
    """Return what is known of one lane."""
    removed, delay = edits.removed(lane.ident), measured.delay(lane.ident)
    level, against, matched, active, loudness = _levels(lane, measured, edits)
    late = _delay(lane, measured, edits)
    cells = (f"{lane.key}  {lane.name}", late, level, against, matched, active, loudness)
    measurable = lane.signal is not None and lane.role in MOVABLE
    return LaneRow(lane.key, lane.ident, cells, _about(lane, delay, removed), delay, removed, measurable)


def _levels(lane: Lane, measured: LevelMeasures, edits: LaneEdits) -> tuple[str, str, str, str, str]:
    level, reference = measured.level(lane.ident), measured.level(REFERENCE)
    if level is None:
        return ("…" if lane.signal is not None else "-", "", "", "", "")
    if level.active.silent:
        return ("silent", "", "", "", "")
    against = "" if reference is None or lane.ident == REFERENCE else _against(lane, measured)
    found = edits.matched(lane.ident) if edits.matches(lane) else None
    return (
        f"{level.active.dbov:.1f} dBov",
        against,
        f"{signed(found.gain_db)}{' limited' if found.limited else ''}" if found else "",
        f"{100 * level.active.activity:.0f} %",
        f"{decibels(level.lufs)} LUFS",
    )


def _against(lane: Lane, measured: LevelMeasures) -> str:
    level, reference = measured.level(lane.ident), measured.level(REFERENCE)
    if level is None or reference is None or reference.active.silent:
        return ""
    return signed(level.active.dbov - reference.active.dbov)


def _delay(lane: Lane, measured: LevelMeasures, edits: LaneEdits) -> str:
    delay, removed = measured.delay(lane.ident), edits.removed(lane.ident)
    if delay is None:
        return "…" if measured.awaited(lane.ident) else ""
    rate = lane.signal.rate if lane.signal is not None else 1
    if removed and aligned(delay, removed):
        return removal(removed, rate)
    return delay_words(delay, removed, rate)


def _about(lane: Lane, delay: Delay | None, removed: int) -> str:
    """Return everything that was found out about a delay."""
    if delay is None or lane.signal is None:
        return ""
    rate = lane.signal.rate
    lines = [
        delay_words(delay, removed, rate),
        f"estimated: {delay.frames:+d} frames, {1000 * delay.frames / rate:+.2f} ms (median)",
        f"removed: {removed:+d} frames" if removed else "",
        f"in {100 * delay.confidence:.0f} % of the speech within 1 ms of that",
        f"waveforms correlate by {delay.alike:.2f} once aligned",
        ""
        if delay.alike >= ALIKE
        else "too little to compare samples: a codec or other processing lies between",
    ]
    return "\n".join(filter(None, lines))


def gain_text(measured: LevelMeasures, gain_note: str) -> str:
    """Return the one gain of the clip and where it comes from."""
    level = measured.level(REFERENCE)
    if not gain_note:
        return ""
    gain = gain_note[:1].upper() + gain_note[1:]
    if level is None or level.active.silent:
        return f"Gain {gain}"
    return f"Gain {gain}; the reference speaks at {level.active.dbov:.1f} dBov"


def gains_text(lanes: Sequence[Lane], edits: LaneEdits, gain_note: str) -> str:
    """Return every gain in one line, for the notes."""
    found = {lane.name: edits.matched(lane.ident) for lane in lanes if edits.matches(lane)}
    each = [
        f"{name} {one.gain_db:+.2f} dB{' (limited)' if one.limited else ''}" if one else f"{name} not matched"
        for name, one in found.items()
    ]
    return "; ".join(["levels matched to the reference (P.56)", *each, f"clip gain {gain_note}"])
