"""What is audited: a concealer with a setting, on some speech; and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gaplisten.audio.signal import Signal
from gaplisten.bench.state import Choice
from gaplisten.concealers.entries import Entry
from gaplisten.concealers.findings import Audit, Verdict
from gaplisten.jobs import Job
from gaplisten.tables import Cell, Table

EXCERPT_SECONDS = 30.0
"""What is enough of a long reference: the audit itself takes the first ten seconds and less."""


@dataclass(frozen=True)
class Subject:
    """A concealer and the parameters that differ from its defaults.

    Parameters
    ----------
    lane
        Number of the lane that it makes; None where it is not switched on.
    """

    entry: Entry
    parameters: Mapping[str, Any] = field(default_factory=dict)
    lane: int | None = None

    @property
    def title(self) -> str:
        """What to show in a list."""
        setting = ", ".join(f"{name} {value}" for name, value in sorted(self.parameters.items()))
        where = [f"lane {self.lane}"] if self.lane is not None else []
        words = [*where, *([setting] if setting else [])]
        return f"{self.entry.title} ({'; '.join(words)})" if words else self.entry.title


@dataclass(frozen=True, eq=False)
class Speech:
    """What it is audited on, and the file it is from; without a signal, the bundled demo."""

    name: str = ""
    signal: Signal | None = None
    path: Path | None = None


def subjects(
    entries: Sequence[object], choices: Sequence[Choice], lanes: Sequence[int | None]
) -> tuple[Subject, ...]:
    """Return what can be audited: those switched on, as they are set, then all with their defaults.

    Parameters
    ----------
    lanes
        The lane that each choice makes, in the order of `choices`.
    """
    known = {entry.name: entry for entry in entries if isinstance(entry, Entry)}
    on = [
        Subject(known[choice.concealer], choice.values, lane)
        for choice, lane in zip(choices, lanes, strict=True)
        if choice.concealer in known
    ]
    plain = {subject.entry.name for subject in on if not subject.parameters}
    return (*on, *(Subject(entry) for entry in known.values() if entry.name not in plain))


def run_audit(subject: Subject, speech: Speech, packet_ms: float, job: Job) -> Audit:
    """Audit; on a thread."""
    from gaplisten.concealers.audit import audit

    signal = speech.signal
    if signal is not None and signal.seconds > EXCERPT_SECONDS:
        signal = Signal(signal.samples[: round(EXCERPT_SECONDS * signal.rate)], signal.rate)
    return audit(
        subject.entry,
        subject.parameters,
        signal,
        material=speech.name,
        packet_ms=packet_ms,
        job=job,
        made_from=[speech.path] if speech.path else (),
    )


def verdict_of(audit: Audit) -> str:
    """Return what came of it, in a sentence."""
    if audit.lies:
        return f"{audit.entry.title} is not what it declares: {', '.join(one.measure for one in audit.lies)}"
    if audit.doubts:
        doubted = ", ".join(dict.fromkeys(one.measure for one in audit.doubts))
        return f"{audit.entry.title} cannot be said to be what it declares; not provable: {doubted}"
    failing = list(dict.fromkeys(one.measure for one in audit.failures))
    over = [one.measure for one in audit.judged(Verdict.OVER)]
    words = [f"cannot keep up: {', '.join(one.measure for one in audit.late)}"] if audit.late else []
    words += [f"fails: {', '.join(failing)}"] if failing else []
    words += [f"over the limit: {', '.join(over)}"] if over else []
    return "; ".join([f"{audit.entry.title} is what it declares", *words])


def record(audit: Audit) -> Table:
    """Return the findings with how they were obtained in each row."""
    own = audit.table()
    setting = json.dumps(dict(audit.parameters), sort_keys=True, default=str)
    packet_ms = 1000.0 * audit.packet_frames / audit.rate
    facts: tuple[Cell, ...] = (
        audit.entry.name,
        setting,
        audit.entry.digest,
        audit.material,
        audit.rate,
        packet_ms,
    )
    columns = ("concealer", "parameters", "plugin_sha256", "speech", "rate_hz", "packet_ms", *own.columns)
    return Table(columns, tuple((*facts, *row) for row in own.rows))
