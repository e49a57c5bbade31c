"""The player that windows and commands hold; the sound itself is made in a process of its own."""

from __future__ import annotations

import time
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from gaplisten.audio.signal import Signal
from gaplisten.errors import GaplistenError
from gaplisten.playback import devices
from gaplisten.playback.control import Status
from gaplisten.playback.devices import OutputDevice, Side
from gaplisten.playback.host import Host, Latency, ProcessGone
from gaplisten.playback.lanes import Ready, make_ready, release
from gaplisten.playback.player import MAX_LANES, SPEEDS, PlayerState, SwitchMode
from gaplisten.playback.programme import FADE_MS, Wishes
from gaplisten.playback.wanted import Wanted

_SEEK_SHOWN = 0.06


class ProcessPlayer:
    """Plays through an audio process, which it starts at once and starts again should it die.

    Parameters
    ----------
    device
        The output to use; the remembered one, or the system's, if not given.
    latency
        What is asked of PortAudio, in seconds or its own words; by default the least that is safe.
    """

    def __init__(self, device: OutputDevice | None = None, *, latency: Latency = None) -> None:
        self._wanted = Wanted()
        self._numbers = 0
        self._pending = 0
        self._holding = False  # a new clip is on its way: wishes are about that one
        self._blank = True  # the process holds no programme yet
        self._made: dict[int, Ready] = {}
        self._last_wishes = Wishes()
        self._last_state = PlayerState()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="gaplisten-lanes")
        choice = (device.name, device.host_api) if device else devices.remembered()
        self._host = Host(self, choice, latency)
        self._lock = self._host.lock
        self._finalizer = weakref.finalize(self, self._host.close)

    # -- lanes ----------------------------------------------------------------------------------------------

    def sound_stopped(self, status: Status | None) -> None:
        """Want no more sound, and remember where it stopped (see `host.Owner`)."""
        if status is not None and status["seek_count"] == self._wanted.seek_count:
            ready = self._made.get(status["programme"])
            if ready is not None and ready.clip == self._wanted.clip:
                self._wanted.seek_frame = ready.to_clip(status.heard()[0])
        self._wanted.hush()
        self._publish()

    def sound_began(self) -> None:
        """Bring all lanes to the new process (see `host.Owner`)."""
        self._blank = True
        self._prepare()

    def _prepare(self) -> None:
        """Have the lanes brought to the device, in the order of asking, on the worker's thread."""
        if self._host.closed or not self._wanted.lanes:
            return
        self._pending += 1
        with suppress(RuntimeError):  # the interpreter is ending: there is nobody left to play to
            self._worker.submit(self._bring)

    def _bring(self) -> None:
        with self._lock:
            self._pending -= 1
            if self._pending or self._host.closed or self._host.facts.dead:
                return  # a later request brings everything
        try:
            self._bring_lanes()
        except ProcessGone:
            return  # the next process is brought everything when it begins
        except GaplistenError as error:
            with self._lock:
                self._host.facts.reason = str(error)
                self._wanted.hush()

    def _bring_lanes(self) -> None:
        with self._lock:
            wanted, before = self._wanted, self._host.ready
            lanes, clip, speed = list(wanted.lanes), wanted.clip, wanted.speed
            audible, boundaries = wanted.audible, wanted.boundaries
            self._numbers += 1
            number = self._numbers
        rate, channels = self._host.format_for(lanes[0].rate)
        ready = make_ready(lanes, number, clip, rate, channels, speed, before)
        self._host.send("load", **ready.message(audible, boundaries))
        loaded = False
        with suppress(ProcessGone):
            loaded = bool(self._host.wait(lambda: self._host.answers.pop(f"load{number}", None)))
        with self._lock:
            if self._host.closed:
                release(ready, None)
                return
            self._host.ready = ready
            self._made = {key: made for key, made in self._made.items() if key >= number - 3}
            self._made[number] = ready
            if loaded:
                self._arrived()
        release(before, ready)

    def _arrived(self) -> None:
        self._holding = self._holding and bool(self._pending)
        if self._blank:
            self._blank = False
            self._wanted.seek_count += 1  # the position is known on this side only
        self._publish()

    # -- wishes ---------------------------------------------------------------------------------------------

    def _publish(self) -> None:
        ready, wanted = self._host.ready, self._wanted
        if ready is None or self._host.closed:
            return
        if not self._holding:
            self._write(wanted.wishes(ready))
        elif not wanted.playing:
            self._write(self._last_wishes._replace(playing=0, play_count=wanted.play_count))

    def _write(self, wishes: Wishes) -> None:
        self._last_wishes = wishes
        self._host.write(wishes)

    def load(self, lanes: Sequence[Signal], *, gain: float = 1.0, position: int | None = None) -> None:
        """Take these lanes; see `Player.load`."""
        if len(lanes) > MAX_LANES:
            raise GaplistenError("lanes", f"{len(lanes)} are too many", f"load at most {MAX_LANES}")
        if len({lane.rate for lane in lanes}) > 1:
            raise ValueError("the lanes of a clip share one rate")
        with self._lock:
            here = self.state.position
            wanted = self._wanted
            wanted.lanes, wanted.gain = list(lanes), float(gain)
            wanted.clip += 1
            wanted.lane = min(wanted.lane, max(len(lanes) - 1, 0))
            wanted.audible, wanted.boundaries = None, ()
            self._holding = True
            self._wanted.seek(here if position is None else position)
            if not lanes:
                self._wanted.hush()
                self._publish()
            self._prepare()

    def replace(self, lane: int, signal: Signal) -> None:
        """Exchange one lane; see `Player.replace`."""
        with self._lock:
            if not 0 <= lane < len(self._wanted.lanes):
                raise IndexError(f"there is no lane {lane}")
            self._wanted.lanes[lane] = signal
            self._prepare()

    def play(self) -> None:
        """Start, if there is sound."""
        with self._lock:
            if self._host.facts.dead or not self._wanted.lanes:
                return
            self._host.facts.reason = ""
            self._wanted.play()
            self._publish()

    def pause(self) -> None:
        """Fade out and stay."""
        with self._lock:
            self._wanted.hush()
            self._publish()

    def stop(self) -> None:
        """Fade out and return to the beginning."""
        with self._lock:
            self._wanted.hush()
            self._wanted.seek(self._wanted.loop[0] if self._wanted.loop else 0)
            self._publish()

    def seek(self, frame: int) -> None:
        """Go on elsewhere."""
        with self._lock:
            self._wanted.seek(frame)
            self._publish()

    def select(self, lane: int) -> None:
        """Hear another lane."""
        with self._lock:
            if not 0 <= lane < len(self._wanted.lanes):
                raise IndexError(f"there is no lane {lane}")
            self._wanted.lane = int(lane)
            self._wanted.select_count += 1
            self._publish()

    def set_loop(self, start: int, stop: int) -> None:
        """Repeat a part; see `snap.snap_loop` for lengths and edges that make sense."""
        if stop <= start or start < 0:
            raise ValueError(f"a loop from {start} to {stop} is empty")
        with self._lock:
            self._wanted.loop = (int(start), int(stop))
            self._publish()

    def clear_loop(self) -> None:
        """Play on to the end."""
        with self._lock:
            self._wanted.loop = None
            self._publish()

    def set_switching(self, mode: SwitchMode, milliseconds: float = FADE_MS) -> None:
        """Choose how lanes are switched."""
        with self._lock:
            self._wanted.mode, self._wanted.crossfade_ms = mode, float(milliseconds)
            self._publish()

    def set_gain(self, gain: float) -> None:
        """Multiply all lanes."""
        with self._lock:
            self._wanted.gain = float(gain)
            self._publish()

    def set_speed(self, factor: float) -> None:
        """Play slowly, or normally again."""
        if factor not in SPEEDS:
            raise ValueError(f"speed {factor} is not one of {SPEEDS}")
        with self._lock:
            self._wanted.speed = float(factor)
            self._prepare()

    def set_audible(self, spans: Sequence[tuple[int, int]] | None) -> None:
        """Hear only these frames."""
        with self._lock:
            self._wanted.audible = None if spans is None else tuple((int(a), int(b)) for a, b in spans)
            self._prepare()

    def set_boundaries(self, frames: Sequence[int]) -> None:
        """Tell where gaps begin and end."""
        with self._lock:
            self._wanted.boundaries = tuple(int(frame) for frame in frames)
            self._prepare()

    def reset_meter(self) -> None:
        """Put out the clip light."""
        with self._lock:
            self._wanted.meter_count += 1
            self._publish()

    # -- devices --------------------------------------------------------------------------------------------

    def devices(self) -> tuple[OutputDevice, ...]:
        """Return the devices last seen."""
        return self._host.facts.devices

    def choose(self, device: OutputDevice | None, *, remember: bool = True) -> None:
        """Use this device from now on, and remember it."""
        if remember:
            devices.remember(device)
        with self._lock:
            if self._host.choose((device.name, device.host_api) if device else (None, None)):
                self._prepare()

    def rescan(self) -> None:
        """Look again for devices; this stops playing."""
        with self._lock:
            self._host.rescan()

    def test_tone(self, side: Side) -> None:
        """Play a short tone on one side."""
        self._host.send("tone", side=side)

    # -- state ----------------------------------------------------------------------------------------------

    @property
    def state(self) -> PlayerState:
        """What is going on now."""
        with self._lock:
            status = self._host.status()
            if status is not None:
                self._last_state = self._look(status)
            return self._last_state

    def _look(self, status: Status) -> PlayerState:
        facts, wanted = self._host.facts, self._wanted
        ready = self._made.get(status["programme"])
        current = ready is not None and ready.clip == wanted.clip
        known = current and status["play_count"] == wanted.play_count
        # The last samples are still on their way to the ear when the mixer has come to the end.
        ending = bool(status["ended"]) and status.heard()[1]
        playing = bool(status["playing"]) or ending if known else wanted.playing
        return PlayerState(
            position=self._position(status, ready if current else None),
            playing=playing and not facts.dead,
            lane=wanted.lane,
            underflows=facts.underflows_before + status["underflows"],
            peak=status.peak,
            clipped=bool(status["clipped"]),
            available=not facts.dead,
            reason=facts.reason,
            device=facts.device.title if facts.device else "",
            rate=status["rate"],
            latency_ms=status["latency_ns"] / 1e6,
            ended=bool(known and status["ended"] and not ending),
            peak_hold=status.hold,
            resampled=ready is not None and ready.scale != 1,
            starting=not facts.ready and not facts.dead,
            restarts=facts.restarts,
            delayed_switches=status["delayed_switches"],
        )

    def _position(self, status: Status, ready: Ready | None) -> int:
        wanted = self._wanted
        if ready is None or status["seek_count"] != wanted.seek_count:
            return wanted.seek_frame
        # A jump reaches the ear a moment after it was asked for; until then its target is shown.
        if time.monotonic() - wanted.seek_time < _SEEK_SHOWN + status["latency_ns"] / 1e9:
            return wanted.seek_frame
        return min(ready.to_clip(status.heard()[0]), wanted.frames)

    def close(self) -> None:
        """Let go of device, process and memory."""
        self._last_state = self.state
        self._host.close()
        self._worker.shutdown(wait=True, cancel_futures=True)
        self._finalizer.detach()
