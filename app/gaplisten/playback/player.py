"""What the rest of Gaplisten knows of playback: commands that return at once, and a state to poll."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from gaplisten.audio.signal import Signal
from gaplisten.playback.devices import OutputDevice, Side
from gaplisten.playback.programme import FADE_MS

SwitchMode = Literal["standard", "crossfade"]

MAX_LANES = 64
SPEEDS = (1.0, 0.5, 0.25)


@dataclass(frozen=True, slots=True)
class PlayerState:
    """What is going on, at the moment of asking.

    Parameters
    ----------
    position
        Frame of the clip that is being heard (delivered less the output's latency).
    playing
        Whether sound is wanted and possible.
    lane
        The lane last selected.
    underflows
        How often, since the player was opened, the output ran dry. A rating records the difference.
    peak
        Level of the output per channel, linear, falling slowly after each peak.
    peak_hold
        Highest peak per channel of the last 1.5 s.
    clipped
        Whether a sample beyond full scale was put out since the meter was reset or playing started.
    available
        Whether sound can be heard at all; if not, `reason` tells why.
    reason
        A sentence for the user: why there is no sound, or what happened last. Empty when all is well.
    device
        The device's name.
    rate
        The rate at which the device runs, in Hz; differs from the clip's when it cannot run at that.
    latency_ms
        Time from the mixer to the ear, as the sound system tells it.
    ended
        Whether playing stopped because the clip was over.
    resampled
        Whether the lanes were resampled for this device or speed (and so are not the file's bits).
    starting
        Whether the sound system is still being started.
    restarts
        How often the audio process had to be started again after it died.
    delayed_switches
        How often a standard switch waited until its fades no longer hid the edge of a gap.
    """

    position: int = 0
    playing: bool = False
    lane: int = 0
    underflows: int = 0
    peak: tuple[float, ...] = (0.0, 0.0)
    clipped: bool = False
    available: bool = False
    reason: str = ""
    device: str = ""
    rate: int = 0
    latency_ms: float = 0.0
    ended: bool = False
    peak_hold: tuple[float, ...] = (0.0, 0.0)
    resampled: bool = False
    starting: bool = False
    restarts: int = 0
    delayed_switches: int = 0


class Player(Protocol):
    """Plays one of several lanes that share a clock; every call returns at once.

    All positions are frames of the clip. The lane heard changes at the same running position.
    """

    def load(self, lanes: Sequence[Signal], *, gain: float = 1.0, position: int | None = None) -> None:
        """Take these lanes (one rate, any lengths); keep the position when `position` is not given."""

    def replace(self, lane: int, signal: Signal) -> None:
        """Exchange one lane, while playing too; the change is faded."""

    def play(self) -> None:
        """Start at the position; at the clip's end, from its beginning (or the loop's)."""

    def pause(self) -> None:
        """Fade out and stay there."""

    def stop(self) -> None:
        """Fade out and return to the beginning, of the loop if there is one."""

    def seek(self, frame: int) -> None:
        """Go on at another frame."""

    def select(self, lane: int) -> None:
        """Hear another lane from the same running position."""

    def set_loop(self, start: int, stop: int) -> None:
        """Repeat the frames ``[start, stop)``."""

    def clear_loop(self) -> None:
        """Play on to the end."""

    def set_switching(self, mode: SwitchMode, milliseconds: float = FADE_MS) -> None:
        """Choose how lanes are switched; `milliseconds` is the length of a cross-fade, 0 for none."""

    def set_gain(self, gain: float) -> None:
        """Multiply all lanes by this linear gain."""

    def set_speed(self, factor: float) -> None:
        """Play at 1, 1/2 or 1/4 of the speed; the pitch falls with it."""

    def set_audible(self, spans: Sequence[tuple[int, int]] | None) -> None:
        """Hear only the frames ``[start, stop)`` of each span, silence elsewhere; all of it for None."""

    def set_boundaries(self, frames: Sequence[int]) -> None:
        """Tell where gaps begin and end: a standard switch waits until its fades hide none of them."""

    def devices(self) -> tuple[OutputDevice, ...]:
        """Return the devices last seen."""

    def choose(self, device: OutputDevice | None, *, remember: bool = True) -> None:
        """Use this device from now on (None: the system's choice); the position stays."""

    def rescan(self) -> None:
        """Look again for devices."""

    def test_tone(self, side: Side) -> None:
        """Play a short tone on one side."""

    def reset_meter(self) -> None:
        """Put out the clip light."""

    @property
    def state(self) -> PlayerState:
        """What is going on now."""

    def close(self) -> None:
        """Let go of device, process and memory."""
