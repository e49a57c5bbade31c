"""The player that windows and commands hold; the sound itself is made in a process of its own."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from gaplisten.audio.filemap import Sound
from gaplisten.audio.signal import Signal
from gaplisten.errors import GaplistenError
from gaplisten.installed import is_installed
from gaplisten.playback import devices
from gaplisten.playback.control import Status
from gaplisten.playback.devices import OutputDevice, Side
from gaplisten.playback.host import Host, Latency, ProcessGone
from gaplisten.playback.lanes import SharedLanes, are_long, make_ready, make_stream, release
from gaplisten.playback.programme import FADE_MS, MAX_CROSSFADE_MS, STANDARD, Request

SwitchMode = Literal["standard", "crossfade"]

MAX_LANES = 64
SPEEDS = (1.0, 0.5, 0.25)
_SEEK_SHOWN = 0.06


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
    off
        Whether there is no sound because none is wanted just now: it was switched off, is not started yet, or
        somebody else has it. Nothing is wrong then.
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
    off: bool = False
    restarts: int = 0
    delayed_switches: int = 0


@dataclass
class Desired:
    """What the user wants, in frames of the clip; not forgotten when the audio process is started again."""

    lanes: list[Sound] = field(default_factory=list)
    clip: int = 0
    gain: float = 1.0
    playing: bool = False
    play_count: int = 0
    lane: int = 0
    select_count: int = 0
    seek_frame: int = 0
    seek_count: int = 0
    seek_time: float = 0.0
    loop: tuple[int, int] | None = None
    mode: SwitchMode = "standard"
    crossfade_ms: float = FADE_MS
    speed: float = 1.0
    audible: tuple[tuple[int, int], ...] | None = None
    boundaries: tuple[int, ...] = ()
    meter_count: int = 0

    @property
    def frames(self) -> int:
        """Length of the longest lane."""
        return max((lane.frames for lane in self.lanes), default=0)

    def seek(self, frame: int) -> None:
        """Want to be elsewhere."""
        self.seek_frame = min(max(int(frame), 0), self.frames)
        self.seek_count += 1
        self.seek_time = time.monotonic()

    def hush(self) -> None:
        """Want no sound any more, without forgetting where it was."""
        self.playing = False
        self.play_count += 1

    def play(self) -> None:
        """Want sound, and a fresh clip light."""
        self.playing = True
        self.play_count += 1
        self.meter_count += 1

    def request(self, ready: SharedLanes) -> Request:
        """Return all of it as the mixer understands it, for lanes that are ready."""
        start, stop = self.loop or (0, 0)
        length = min(max(self.crossfade_ms, 0.0), MAX_CROSSFADE_MS) * ready.rate / 1000.0
        return Request(
            programme=ready.id,
            playing=int(self.playing),
            play_count=self.play_count,
            lane=self.lane,
            select_count=self.select_count,
            seek_frame=ready.to_lane(self.seek_frame),
            seek_count=self.seek_count,
            loop_start=ready.to_lane(start),
            loop_stop=ready.to_lane(stop),
            crossfade=STANDARD if self.mode == "standard" else round(length),
            meter_count=self.meter_count,
            gain=self.gain,
        )


class Player:
    """Plays one of several lanes that share a clock; every call returns at once.

    All positions are frames of the clip. The lane heard changes at the same running position. Sound comes
    from an audio process, which is started again should it die. Where there is none, because the machine has
    no sound or none is wanted, everything works but nothing is heard and no time passes; `state` tells why.

    Parameters
    ----------
    device
        The output to use; the remembered one, or the system's, if not given.
    latency
        What is asked of PortAudio, in seconds or its own words; by default the least that is safe.
    silent
        Why there is to be no sound for now: no process is started before `start`.
    """

    def __init__(
        self, device: OutputDevice | None = None, *, latency: Latency = None, silent: str | None = None
    ) -> None:
        self._desired = Desired()
        self._numbers = 0
        self._pending = 0
        self._holding = False  # a new clip is on its way: requests are about that one
        self._blank = True  # the process holds no programme yet
        self._refused = False  # the lanes could not be brought to the device
        self._made: dict[int, SharedLanes] = {}
        self._last_request = Request()
        self._last_state = PlayerState()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="gaplisten-lanes")
        choice = (device.name, device.host_api) if device else devices.remembered()
        self._host = Host(self, choice, latency)
        self._lock = self._host.lock
        self._finalizer = weakref.finalize(self, self._host.close)
        if silent is None:
            self.start()
        else:
            self._host.leave(silent)

    def start(self) -> None:
        """Start the audio process unless it runs; without one, `state.reason` tells what is missing.

        ``GAPLISTEN_SOUND=off`` asks for silence. A machine that merely has no device now does get a process:
        a device that is connected later is found by `rescan`.
        """
        if os.environ.get("GAPLISTEN_SOUND", "").lower() == "off":
            self._host.leave("sound is switched off (GAPLISTEN_SOUND=off)")
        elif not is_installed("sounddevice"):
            missing = "sounddevice is not installed; 'pip install sounddevice' brings sound"
            self._host.leave(missing, off=False)
        else:
            self._host.start()

    def release(self, reason: str) -> None:
        """Let go of the device until `start`, for that reason; all else is kept."""
        self._host.leave(reason)

    # -- lanes ----------------------------------------------------------------------------------------------

    def sound_stopped(self, status: Status | None) -> None:
        """Want no more sound, and remember where it stopped (see `host.Owner`)."""
        if status is not None and status["seek_count"] == self._desired.seek_count:
            ready = self._made.get(status["programme"])
            if ready is not None and ready.clip == self._desired.clip:
                self._desired.seek_frame = ready.to_clip(status.heard()[0])
        self._desired.hush()
        self._publish()

    def sound_began(self) -> None:
        """Bring all lanes to the new process (see `host.Owner`)."""
        self._blank = True
        self._prepare()

    def _prepare(self) -> None:
        """Have the lanes brought to the device, in the order of asking, on the worker's thread."""
        if self._host.closed or self._host.facts.dead or not self._desired.lanes:
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
            self._not_brought(str(error))
        except Exception as error:  # noqa: BLE001 - nobody looks at the worker: unsaid, it would be silence for ever
            what = f"cannot be brought to the device ({type(error).__name__}: {error})"
            self._not_brought(str(GaplistenError("the lanes", what, "play again, or open the clip again")))

    def _not_brought(self, reason: str) -> None:
        with self._lock:
            if not self._host.facts.dead:  # else there is a better reason
                self._host.facts.reason = reason
            self._refused = True
            self._desired.hush()

    def _bring_lanes(self) -> None:
        with self._lock:
            desired, before = self._desired, self._host.ready
            lanes, clip, speed = list(desired.lanes), desired.clip, desired.speed
            audible, boundaries = desired.audible, desired.boundaries
            self._numbers += 1
            number, here = self._numbers, self.state.position
        if not lanes:
            return
        rate, channels = self._host.format_for(lanes[0].rate)
        if are_long(lanes, rate, channels, speed):
            pilot = self._host.heading
            ready = make_stream(lanes, number, clip, rate, channels, speed, before, pilot, here)
        else:
            signals = [lane for lane in lanes if isinstance(lane, Signal)]  # all of them: none lies in a file
            ready = make_ready(signals, number, clip, rate, channels, speed, before)
        self._host.send("load", **ready.message(audible, boundaries))
        loaded = gone = False
        try:
            loaded = bool(self._host.wait(lambda: self._host.answers.pop(f"load{number}", None)))
        except ProcessGone:
            gone = True
        with self._lock:
            ended = self._host.closed or self._host.ready is not before
            if not ended:
                self._host.ready = ready
                self._made = {key: made for key, made in self._made.items() if key >= number - 3}
                self._made[number] = ready
                if loaded:
                    self._arrived()
        if ended:
            release(ready, None)  # the process was ended meanwhile, and the lanes taken over are gone
            return
        release(before, ready)
        if not (loaded or gone):
            failed = self._host.answers.get("failed")
            self._not_brought(str(failed or "the audio process does not answer; try again"))

    def _arrived(self) -> None:
        self._holding, self._refused = self._holding and bool(self._pending), False
        if self._blank:
            self._blank = False
            self._desired.seek_count += 1  # the position is known on this side only
        self._publish()

    # -- requests --------------------------------------------------------------------------------------------

    def _publish(self) -> None:
        ready, desired = self._host.ready, self._desired
        if ready is None or self._host.closed:
            return
        if not self._holding:
            self._write(desired.request(ready))
        elif not desired.playing:
            self._write(self._last_request._replace(playing=0, play_count=desired.play_count))

    def _write(self, request: Request) -> None:
        self._last_request = request
        self._host.write(request)

    def load(self, lanes: Sequence[Sound], *, gain: float = 1.0, position: int | None = None) -> None:
        """Take these lanes (one rate, any lengths).

        Parameters
        ----------
        lanes
            In memory or in files; long ones are fetched by the block. None at all ends the sound.
        gain
            Linear; all lanes are multiplied by it.
        position
            Where to begin another clip; what was said about the last one's gaps and audible parts is
            forgotten. Without it these are other lanes of the same clip, heard where and as the last were.
        """
        if len(lanes) > MAX_LANES:
            raise GaplistenError("lanes", f"{len(lanes)} are too many", f"load at most {MAX_LANES}")
        if len({lane.rate for lane in lanes}) > 1:
            raise ValueError("the lanes of a clip share one rate")
        with self._lock:
            here = self.state.position
            desired = self._desired
            desired.lanes, desired.gain = list(lanes), float(gain)
            desired.clip += 1
            desired.lane = min(desired.lane, max(len(lanes) - 1, 0))
            if position is not None:
                desired.audible, desired.boundaries = None, ()
            self._holding = True
            self._desired.seek(here if position is None else position)
            if not lanes:
                self._desired.hush()
                self._publish()
            self._prepare()

    def set_gain(self, gain: float) -> None:
        """Multiply all lanes by another gain (linear), with a fade while something is heard."""
        with self._lock:
            self._desired.gain = float(gain)
            self._publish()

    def replace(self, lane: int, signal: Sound) -> None:
        """Exchange one lane, while playing too; the change is faded."""
        with self._lock:
            if not 0 <= lane < len(self._desired.lanes):
                raise IndexError(f"there is no lane {lane}")
            self._desired.lanes[lane] = signal
            self._prepare()

    def play(self) -> None:
        """Start at the position, if there is sound; at the clip's end, from its beginning (or the loop's)."""
        with self._lock:
            if self._host.facts.dead or not self._desired.lanes:
                return
            self._host.facts.reason = ""
            self._desired.play()
            if self._refused:
                self._prepare()  # it may go well this time, and else the reason is told again
            self._publish()

    def pause(self) -> None:
        """Fade out and stay there."""
        with self._lock:
            self._desired.hush()
            self._publish()

    def stop(self) -> None:
        """Fade out and return to the beginning, of the loop if there is one."""
        with self._lock:
            self._desired.hush()
            self._desired.seek(self._desired.loop[0] if self._desired.loop else 0)
            self._publish()

    def seek(self, frame: int) -> None:
        """Go on at another frame."""
        with self._lock:
            self._desired.seek(frame)
            self._publish()

    def select(self, lane: int) -> None:
        """Hear another lane from the same running position."""
        with self._lock:
            if not 0 <= lane < len(self._desired.lanes):
                raise IndexError(f"there is no lane {lane}")
            self._desired.lane = int(lane)
            self._desired.select_count += 1
            self._publish()

    def set_loop(self, start: int, stop: int) -> None:
        """Repeat the frames ``[start, stop)``; `snap.snap_loop` knows lengths and edges that make sense."""
        if stop <= start or start < 0:
            raise ValueError(f"a loop from {start} to {stop} is empty")
        with self._lock:
            self._desired.loop = (int(start), int(stop))
            self._publish()

    def clear_loop(self) -> None:
        """Play on to the end."""
        with self._lock:
            self._desired.loop = None
            self._publish()

    def set_switching(self, mode: SwitchMode, milliseconds: float = FADE_MS) -> None:
        """Choose how lanes are switched; `milliseconds` is the length of a cross-fade, 0 for none."""
        with self._lock:
            self._desired.mode, self._desired.crossfade_ms = mode, float(milliseconds)
            self._publish()

    def set_speed(self, factor: float) -> None:
        """Play at 1, 1/2 or 1/4 of the speed; the pitch falls with it."""
        if factor not in SPEEDS:
            raise ValueError(f"speed {factor} is not one of {SPEEDS}")
        with self._lock:
            self._desired.speed = float(factor)
            self._prepare()

    def set_audible(self, spans: Sequence[tuple[int, int]] | None) -> None:
        """Hear only the frames ``[start, stop)`` of each span, silence elsewhere; all of it for None."""
        with self._lock:
            self._desired.audible = None if spans is None else tuple((int(a), int(b)) for a, b in spans)
            self._prepare()

    def set_boundaries(self, frames: Sequence[int]) -> None:
        """Tell where gaps begin and end: a standard switch waits until its fades hide none of them."""
        with self._lock:
            self._desired.boundaries = tuple(int(frame) for frame in frames)
            self._prepare()

    def reset_meter(self) -> None:
        """Put out the clip light."""
        with self._lock:
            self._desired.meter_count += 1
            self._publish()

    # -- devices --------------------------------------------------------------------------------------------

    def devices(self) -> tuple[OutputDevice, ...]:
        """Return the devices last seen."""
        return self._host.facts.devices

    def choose(self, device: OutputDevice | None, *, remember: bool = True) -> None:
        """Use this device from now on (None: the system's choice), and remember it; the position stays."""
        if remember:
            devices.remember(device)
        with self._lock:
            self._host.choice = (device.name, device.host_api) if device else (None, None)
            if self._host.facts.dead:
                self.start()
            else:
                self._host.choose()
                self._prepare()

    def rescan(self) -> None:
        """Look again for devices; this stops playing."""
        with self._lock:
            if self._host.facts.dead:
                self.start()
            else:
                self._host.rescan()

    def test_tone(self, side: Side) -> None:
        """Play a short tone on one side."""
        self._host.send("tone", side=side)

    # -- state ----------------------------------------------------------------------------------------------

    @property
    def state(self) -> PlayerState:
        """What is going on now."""
        self._host.give_up_starting()
        with self._lock:
            self._look_after_feeder()
            status = self._host.status()
            if status is not None:
                self._last_state = self._look(status)
            return self._last_state

    def _look_after_feeder(self) -> None:
        ready = self._host.ready
        failure = ready.stream.feeder.failure if ready is not None and ready.stream is not None else ""
        if failure and self._desired.playing and not self._refused:  # else it is being tried again
            self._not_brought(failure)  # to play is to try again
            self._publish()

    def _look(self, status: Status) -> PlayerState:
        facts, desired = self._host.facts, self._desired
        ready = self._made.get(status["programme"])
        current = ready is not None and ready.clip == desired.clip
        known = current and status["play_count"] == desired.play_count
        # The last samples are still on their way to the ear when the mixer has come to the end.
        ending = bool(status["ended"]) and status.heard()[1]
        playing = bool(status["playing"]) or ending if known else desired.playing
        return PlayerState(
            position=self._position(status, ready if current else None),
            playing=playing and not facts.dead,
            lane=desired.lane,
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
            off=facts.off,
            restarts=facts.restarts,
            delayed_switches=status["delayed_switches"],
        )

    def _position(self, status: Status, ready: SharedLanes | None) -> int:
        desired = self._desired
        if ready is None or status["seek_count"] != desired.seek_count:
            return desired.seek_frame
        # A jump reaches the ear a moment after it was asked for; until then its target is shown.
        if time.monotonic() - desired.seek_time < _SEEK_SHOWN + status["latency_ns"] / 1e9:
            return desired.seek_frame
        return min(ready.to_clip(status.heard()[0]), desired.frames)

    def close(self) -> None:
        """Let go of device, process and memory."""
        self._last_state = self.state
        self._host.close()
        self._worker.shutdown(wait=True, cancel_futures=True)
        self._finalizer.detach()
