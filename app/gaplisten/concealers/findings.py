"""What an audit found: values, and a table of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gaplisten.concealers.entries import Entry
from gaplisten.tables import Cell, Table

CHALLENGE_LIMIT_MS = 20.0
"""What a concealer may take in the Deep PLC Challenge, in ms (how it adds up is not stated word by word)."""


class Verdict(StrEnum):
    """What a measurement means."""

    OK = "ok"
    LIES = "LIES"
    DOUBT = "not provable"
    OVER = "over the limit"
    LATE = "cannot keep up"
    FAILS = "fails"
    NOTE = "note"
    UNKNOWN = "not measurable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One measurement.

    Parameters
    ----------
    declared
        What the plugin says, None where it says nothing.
    measured
        None where it cannot be measured.
    limit
        What it must not pass.
    """

    measure: str
    declared: Cell
    measured: Cell
    unit: str
    verdict: Verdict
    limit: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Audit:
    """All that was measured of one plugin with one setting.

    Parameters
    ----------
    material
        What speech it was measured on.
    rate, packet_frames
        At which rate and packet length.
    seed
        With which it can be done again.
    """

    entry: Entry
    parameters: Mapping[str, Any]
    material: str
    rate: int
    packet_frames: int
    findings: tuple[Finding, ...]
    seed: int = 0

    @property
    def lies(self) -> tuple[Finding, ...]:
        """Findings that contradict what the plugin declares."""
        return self.judged(Verdict.LIES)

    @property
    def honest(self) -> bool:
        """Whether the plugin is what it says it is."""
        return not self.lies

    @property
    def doubts(self) -> tuple[Finding, ...]:
        """Findings for which what was measured is no proof."""
        return self.judged(Verdict.DOUBT)

    @property
    def late(self) -> tuple[Finding, ...]:
        """Findings by which the plugin falls behind the packets that it is to work on as they come."""
        return self.judged(Verdict.LATE)

    @property
    def failures(self) -> tuple[Finding, ...]:
        """Findings by which the plugin, or what the host promises of it, does not work."""
        return self.judged(Verdict.FAILS)

    @property
    def certified(self) -> bool:
        """Whether it is what it declares, works, keeps up, and the measurements can be relied on."""
        return self.honest and not (self.doubts or self.late or self.failures)

    def judged(self, verdict: Verdict) -> tuple[Finding, ...]:
        """Return the findings of that verdict."""
        return tuple(finding for finding in self.findings if finding.verdict is verdict)

    def finding(self, measure: str) -> Finding:
        """Return the finding of that name; `KeyError` if there is none."""
        for found in self.findings:
            if found.measure == measure:
                return found
        raise KeyError(measure)

    def table(self) -> Table:
        """Return one row for each finding."""
        columns = ("measure", "declared", "measured", "limit", "unit", "verdict", "note")
        return Table(columns, tuple(_row(finding) for finding in self.findings))


def _row(found: Finding) -> tuple[Cell, ...]:
    end = (found.limit, found.unit, str(found.verdict), found.note)
    return (found.measure, found.declared, found.measured, *end)
