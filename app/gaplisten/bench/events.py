"""Named events: how the bench tells a front end that something has changed, without knowing which one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Event:
    """Something that happens now and then.

    Listeners are called on the thread on which it happens, in the order in which they came.
    """

    def __init__(self) -> None:
        self._listeners: list[Callable[..., Any]] = []

    def connect(self, listener: Callable[..., Any]) -> None:
        """Have `listener` called from now on, with the event's values."""
        self._listeners.append(listener)

    def emit(self, *values: Any) -> None:
        """Tell everybody who listens."""
        for listener in tuple(self._listeners):
            listener(*values)
