"""A listener at a step besides the trials: its sounds on an output, what of them was heard. Qt-free."""

from __future__ import annotations

import time
from collections.abc import Callable

from gaplisten.panel.session import Session
from gaplisten.panel.taking import Output, Stretch, in_turn, lost

_PAUSE_SECONDS = 0.5
# A position that moves on by more than this beyond the time gone by was not played, but told late.
_LONGEST_STEP_SECONDS = 0.5


class StepTaking:
    """The sounds of a session's current step, played in turn from their start.

    Parameters
    ----------
    session
        Its step is taken; the sounds are loaded, nothing plays yet.
    output
        Where they are played; loops are set on it by whoever owns it.
    monotonic
        A clock in seconds; the machine's own by default.

    Raises
    ------
    UntrustedPanel
        If one of the sounds is missing or not what was built.
    """

    def __init__(
        self, session: Session, output: Output, monotonic: Callable[[], float] | None = None
    ) -> None:
        self._session, self._output = session, output
        self._now = monotonic or (lambda: time.monotonic())
        self._looked = self._now()
        joined, self._stretches = in_turn(session.step_sounds(), _PAUSE_SECONDS)
        self.frames, self._rate = joined.frames, joined.rate
        self._last: int | None = None
        output.load([joined], gain=1.0, position=0)
        output.select(0)

    @property
    def playing(self) -> bool:
        """Whether sound is on."""
        return self._output.state.playing

    @property
    def sounding(self) -> int | None:
        """Which of the sounds is heard now, from 0; None in silence and between them."""
        if not self.playing:
            return None
        here = self._output.state.position
        return next((one.slot for one in self._stretches if one.start <= here < one.stop), None)

    def toggle(self) -> None:
        """Play from the beginning, or fall silent; with no device, look for one again."""
        if lost(self._output.state):
            self._output.rescan()
        elif self.playing:
            self.look()
            self._output.stop()
            self._last = None
        else:
            self._output.seek(0)
            self._output.play()
            self._last, self._looked = 0, self._now()

    def stop(self) -> None:
        """Fall silent."""
        self.look()
        self._output.stop()
        self._last = None

    def look(self) -> None:
        """Take in what the output does; to be called often while the step is shown."""
        if self._last is None:
            return
        now = self._output.state
        here = self.frames if now.ended else now.position
        looked, self._looked = self._looked, self._now()
        longest = (_LONGEST_STEP_SECONDS + self._looked - looked) * self._rate
        if 0 < here - self._last <= longest:
            for one in self._stretches:
                self._note(one, self._last, here)
        self._last = here

    def _note(self, one: Stretch, start: int, stop: int) -> None:
        first, last = max(start, one.start), min(stop, one.stop)
        if first < last:
            self._session.step_heard(one.slot, first - one.start, last - one.start)
