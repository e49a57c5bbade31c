"""Undo and redo over immutable values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True)
class Step(Generic[Value]):
    """One edit: what it is called, the value before and the value after."""

    label: str
    before: Value
    after: Value
    merge: str | None = None


class History(Generic[Value]):
    """Steps that can be undone and redone.

    Parameters
    ----------
    limit
        How many steps are kept.
    """

    def __init__(self, limit: int = 500) -> None:
        self._done: list[Step[Value]] = []
        self._undone: list[Step[Value]] = []
        self._limit = limit

    def record(self, step: Step[Value]) -> None:
        """Remember an edit; one that continues the last (same `merge` word) becomes part of it."""
        self._undone.clear()
        last = self._done[-1] if self._done else None
        if last is not None and step.merge is not None and last.merge == step.merge:
            self._done[-1] = Step(step.label, last.before, step.after, step.merge)
            return
        self._done.append(step)
        del self._done[: -self._limit]

    def seal(self) -> None:
        """End a run of edits that belong together: the next one starts a step of its own."""
        if self._done:
            last = self._done[-1]
            self._done[-1] = Step(last.label, last.before, last.after)

    def undo(self) -> Step[Value] | None:
        """Take the last step back and return it."""
        if not self._done:
            return None
        self._undone.append(self._done.pop())
        return self._undone[-1]

    def redo(self) -> Step[Value] | None:
        """Do the step again that was undone last, and return it."""
        if not self._undone:
            return None
        self._done.append(self._undone.pop())
        return self._done[-1]

    def clear(self) -> None:
        """Forget all steps."""
        self._done.clear()
        self._undone.clear()

    @property
    def undo_label(self) -> str:
        """What undoing would take back; empty when there is nothing."""
        return self._done[-1].label if self._done else ""

    @property
    def redo_label(self) -> str:
        """What redoing would do again; empty when there is nothing."""
        return self._undone[-1].label if self._undone else ""
