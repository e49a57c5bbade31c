"""One measured number beside its target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """A number that a benchmark measured; `target` is None where there is only a comparison to report."""

    name: str
    value: float
    unit: str
    target: float | None = None
    comparison: Literal["<=", ">="] = "<="
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the target was reached; None without a target."""
        if self.target is None:
            return None
        return self.value <= self.target if self.comparison == "<=" else self.value >= self.target
