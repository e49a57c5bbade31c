"""The player that windows and commands hold; the sound itself is made in a process of its own."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.errors import GaplistenError
from gaplisten.playback import preferences
from gaplisten.playback.control import BYTES, WORDS, Status, read_status, write_wishes
from gaplisten.playback.lanes import Ready, make_ready, release
from gaplisten.playback.link import Link
from gaplisten.playback.mixer import STANDARD, Wishes
from gaplisten.playback.player import (
    FADE_MS,
    MAX_CROSSFADE_MS,
    MAX_LANES,
    SPEEDS,
    OutputDevice,
    PlayerState,
    Side,
    SwitchMode,
)
from gaplisten.playback.shared import Block

_ANSWER_SECONDS = 8.0
_CRASHES = 3
_CRASH_WINDOW = 30.0
_SEEK_SHOWN = 0.06


@dataclass
class _Wanted:
    """What the user wants, in frames of the clip."""

    lanes: list[Signal] = field(default_factory=list)
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
        return max((lane.frames for lane in self.lanes), default=0)


@dataclass
class _Sound:
    """What is known of the audio process."""

    device: OutputDevice | None = None
    devices: tuple[OutputDevice, ...] = ()
    reason: str = ""
    dead: bool = False  # there is no process and no point in starting one
    ready: bool = False
    lost: bool = False
    blank: bool = True  # the process holds no programme yet
    underflows_before: int = 0
    restarts: int = 0
    crashes: list[float] = field(default_factory=list)
    rates: dict[int, int] = field(default_factory=dict)


class ProcessPlayer:
    """Plays through an audio process, which it starts at once and starts again should it die.

    Parameters
    ----------
    device
        The output to use; the remembered one, or the system's, if not given.
    latency
        What is asked of PortAudio, in seconds or its own words; by default the least that is safe.
    """

    def __init__(
        self, device: OutputDevice | None = None, *, latency: float | Literal["low", "high"] | None = None
    ) -> None:
        self._latency = latency
        self._choice = (device.name, device.host_api) if device else preferences.remembered()
        self._lock = threading.RLock()
        self._heard = threading.Condition(self._lock)  # a message has come
        self._answers: dict[str, Any] = {}
        self._wanted, self._sound = _Wanted(), _Sound()
        self._ready: Ready | None = None
        self._numbers = 0
        self._pending = 0
        self._holding = False  # a new clip is on its way: wishes are about that one
        self._clips: dict[int, Ready] = {}
        self._last_wishes = Wishes()
        self._last_state = PlayerState()
        self._closed = False
        self._control = Block(BYTES)
        self._words = self._control.array(np.int64, (WORDS,))
        self._words[:] = 0
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="gaplisten-lanes")
        self._leash = _Leash(self._control)
        self._finalizer = weakref.finalize(self, self._leash.let_go)
        self._link = self._start()

    # -- the process ----------------------------------------------------------------------------------------

    def _start(self) -> Link:
        name, host_api = self._choice
        settings = {
            "control": self._control.name,
            "name": name,
            "host_api": host_api,
            "latency": self._latency,
        }
        self._leash.link = Link(settings, _Weak(self))
        return self._leash.link

    def _listen(self, link: Link | None, message: Mapping[str, Any]) -> None:
        with self._heard:
            if self._closed or self._leash.gone:
                return
            handler: Callable[[Mapping[str, Any]], None] | None = getattr(
                self, "_on_" + str(message["event"]), None
            )
            if handler is not None:
                handler(message)
            self._heard.notify_all()

    def _on_ready(self, message: Mapping[str, Any]) -> None:
        sound = self._sound
        sound.devices = tuple(OutputDevice(**found) for found in message["devices"])
        sound.device, sound.ready, sound.dead = OutputDevice(**message["device"]), True, False
        sound.rates.clear()
        if message["missing"]:
            sound.reason = f"{self._choice[0]} is not there; sound goes to {sound.device.title}"

    def _on_unavailable(self, message: Mapping[str, Any]) -> None:
        self._sound.reason, self._sound.dead = str(message["reason"]), True
        self._sound.devices, self._sound.device = (), None
        self._hush()

    def _on_chosen(self, message: Mapping[str, Any]) -> None:
        self._sound.device = OutputDevice(**message["device"])
        self._sound.reason = ""
        self._sound.rates.clear()

    def _on_rate(self, message: Mapping[str, Any]) -> None:
        self._answers[str(message["token"])] = int(message["rate"])

    def _on_loaded(self, message: Mapping[str, Any]) -> None:
        self._answers[f"load{message['id']}"] = True

    def _on_failed(self, message: Mapping[str, Any]) -> None:
        self._sound.reason = str(message["reason"])
        self._answers["failed"] = self._sound.reason
        self._hush()

    def _on_lost(self, message: Mapping[str, Any]) -> None:
        device = OutputDevice(**message["device"])
        self._sound.lost = True
        self._sound.reason = (
            f"{device.title} takes no more sound; playing is paused where it was. "
            "Connect it again or choose another device."
        )
        self._hush()

    def _on_died(self, message: Mapping[str, Any]) -> None:
        self._sound.reason = f"the sound process failed: {message['reason']}"
        self._hush()

    def _on_gone(self, message: Mapping[str, Any]) -> None:
        sound = self._sound
        sound.ready, sound.blank = False, True
        if sound.dead:
            return
        status = read_status(self._words)
        if status is not None:
            sound.underflows_before += status["underflows"]
        self._stay(status)
        if sound.lost:
            sound.lost = False
        else:
            self._count_crash(int(message["status"]))
        if not sound.dead:
            self._restart()

    def _count_crash(self, status: int) -> None:
        sound, now = self._sound, time.monotonic()
        sound.crashes = [when for when in sound.crashes if now - when < _CRASH_WINDOW] + [now]
        sound.restarts += 1
        sound.reason = (
            f"the sound process stopped unexpectedly (status {status}) and was started again; "
            "playing is paused where it was"
        )
        if len(sound.crashes) > _CRASHES:
            sound.dead = True
            sound.reason = f"the sound process keeps stopping (status {status}); choose another device"

    def _hush(self) -> None:
        """Want no sound any more, without forgetting where it was."""
        self._wanted.playing = False
        self._wanted.play_count += 1

    def _stay(self, status: Status | None) -> None:
        """Take the last position for the one to go on from."""
        ready = self._clips.get(status["programme"]) if status else None
        if status is None or ready is None or ready.clip != self._wanted.clip:
            self._hush()
            return
        if status["seek_count"] == self._wanted.seek_count:
            self._wanted.seek_frame = ready.to_clip(status.heard()[0])
        self._hush()

    def _restart(self) -> None:
        self._words[32:] = 0
        self._sound.blank = True
        self._link = self._start()
        self._prepare()

    # -- lanes ----------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Have the lanes brought to the device, in the order of asking, on the worker's thread."""
        if self._closed or not self._wanted.lanes:
            return
        self._pending += 1
        self._worker.submit(self._bring)

    def _bring(self) -> None:
        with self._lock:
            self._pending -= 1
            if self._pending or self._closed or self._sound.dead:
                return  # a later request brings everything
        try:
            self._bring_lanes()
        except GaplistenError as error:
            with self._lock:
                self._sound.reason = str(error)
                self._hush()

    def _bring_lanes(self) -> None:
        with self._lock:
            wanted, before = self._wanted, self._ready
            lanes, clip, speed = list(wanted.lanes), wanted.clip, wanted.speed
            audible, boundaries = wanted.audible, wanted.boundaries
            self._numbers += 1
            number = self._numbers
        rate, channels = self._device_rate(lanes[0].rate)
        ready = make_ready(lanes, number, clip, rate, channels, speed, before)
        with self._lock:
            self._answers.pop("failed", None)
            self._link.send("load", **ready.message(audible, boundaries))
        loaded = self._wait(lambda: self._answers.pop(f"load{number}", None))
        with self._lock:
            self._ready = self._leash.ready = ready
            self._clips = {key: value for key, value in self._clips.items() if key >= number - 3}
            self._clips[number] = ready
            if loaded:
                self._holding = self._holding and bool(self._pending)
                if self._sound.blank:
                    self._sound.blank = False
                    self._wanted.seek_count += 1
                self._publish()
        release(before, ready)

    def _device_rate(self, rate: int) -> tuple[int, int]:
        """Return rate and channels at which the device will play lanes of that rate."""
        self._wait(lambda: self._sound.ready)
        with self._lock:
            device = self._sound.device
            if device is None:
                raise GaplistenError("sound", self._sound.reason or "the sound process does not answer")
            known = self._sound.rates.get(rate)
            if known is None:
                self._answers.pop("failed", None)
                self._link.send("probe", rate=rate, token=f"rate{rate}")
        if known is None:
            known = self._wait(lambda: self._answers.pop(f"rate{rate}", None)) or device.rate
            with self._lock:
                self._sound.rates[rate] = known
        return int(known), min(2, device.channels)

    def _wait(self, answer: Callable[[], Any]) -> Any:
        """Return the answer when it has come; None if it does not."""
        found: Any = None

        def come() -> bool:
            nonlocal found
            found = answer()
            return bool(found) or self._closed or self._sound.dead or "failed" in self._answers

        with self._heard:
            self._heard.wait_for(come, _ANSWER_SECONDS)
        return found

    # -- wishes ---------------------------------------------------------------------------------------------

    def _publish(self) -> None:
        ready, wanted = self._ready, self._wanted
        if ready is None or self._closed:
            return
        if self._holding:
            if not wanted.playing:
                self._write(self._last_wishes._replace(playing=0, play_count=wanted.play_count))
            return
        start, stop = wanted.loop or (0, 0)
        length = min(max(wanted.crossfade_ms, 0.0), MAX_CROSSFADE_MS) * ready.rate / 1000.0
        self._write(
            Wishes(
                ready.id,
                int(wanted.playing),
                wanted.play_count,
                wanted.lane,
                wanted.select_count,
                ready.to_lane(wanted.seek_frame),
                wanted.seek_count,
                ready.to_lane(start),
                ready.to_lane(stop),
                STANDARD if wanted.mode == "standard" else round(length),
                wanted.meter_count,
                float(wanted.gain),
            )
        )

    def _write(self, wishes: Wishes) -> None:
        self._last_wishes = wishes
        write_wishes(self._words, wishes)

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
            self._seek_to(here if position is None else position)
            if not lanes:
                self._hush()
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
            if self._sound.dead or not self._wanted.lanes:
                return
            self._sound.reason = ""
            self._wanted.playing = True
            self._wanted.play_count += 1
            self._wanted.meter_count += 1
            self._publish()

    def pause(self) -> None:
        """Fade out and stay."""
        with self._lock:
            self._hush()
            self._publish()

    def stop(self) -> None:
        """Fade out and return to the beginning."""
        with self._lock:
            self._hush()
            self._seek_to(self._wanted.loop[0] if self._wanted.loop else 0)
            self._publish()

    def _seek_to(self, frame: int) -> None:
        wanted = self._wanted
        wanted.seek_frame = min(max(int(frame), 0), wanted.frames)
        wanted.seek_count += 1
        wanted.seek_time = time.monotonic()

    def seek(self, frame: int) -> None:
        """Go on elsewhere."""
        with self._lock:
            self._seek_to(frame)
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
        return self._sound.devices

    def choose(self, device: OutputDevice | None, *, remember: bool = True) -> None:
        """Use this device from now on, and remember it."""
        if remember:
            preferences.remember(device)
        with self._lock:
            self._choice = (device.name, device.host_api) if device else (None, None)
            if self._sound.dead:
                self.rescan()
                return
            self._link.send("choose", name=self._choice[0], host_api=self._choice[1])
            self._sound.rates.clear()
            self._prepare()

    def rescan(self) -> None:
        """Look again for devices; PortAudio only does so when it starts, so the process is started anew."""
        with self._lock:
            if self._sound.dead:
                self._sound.dead, self._sound.crashes, self._sound.reason = False, [], ""
                self._restart()
                return
            self._sound.lost = True  # an end that is meant
            self._hush()
            link = self._link
        threading.Thread(target=link.close, name="gaplisten-rescan", daemon=True).start()

    def test_tone(self, side: Side) -> None:
        """Play a short tone on one side."""
        self._link.send("tone", side=side)

    # -- state ----------------------------------------------------------------------------------------------

    @property
    def state(self) -> PlayerState:
        """What is going on now."""
        with self._lock:
            if not self._closed:
                self._last_state = self._look()
            return self._last_state

    def _look(self) -> PlayerState:
        sound, wanted = self._sound, self._wanted
        status = read_status(self._words)
        if status is None:
            return self._last_state
        ready = self._clips.get(status["programme"])
        current = ready is not None and ready.clip == wanted.clip
        known = current and status["play_count"] == wanted.play_count
        # The last samples are still on their way to the ear when the mixer has come to the end.
        ending = bool(status["ended"]) and status.heard()[1]
        playing = bool(status["playing"]) or ending if known else wanted.playing
        return PlayerState(
            position=self._position(status, ready if current else None),
            playing=playing and not sound.dead,
            lane=wanted.lane,
            underflows=sound.underflows_before + status["underflows"],
            peak=status.peak,
            clipped=bool(status["clipped"]),
            available=not sound.dead,
            reason=sound.reason,
            device=sound.device.title if sound.device else "",
            rate=status["rate"],
            latency_ms=status["latency_ns"] / 1e6,
            ended=bool(known and status["ended"] and not ending),
            peak_hold=status.hold,
            resampled=ready is not None and ready.scale != 1,
            starting=not sound.ready and not sound.dead,
            restarts=sound.restarts,
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
        with self._heard:
            if self._closed:
                return
            self._last_state = self._look()
            self._closed = True
            self._heard.notify_all()
        self._worker.shutdown(wait=True, cancel_futures=True)
        self._words = np.zeros(0, np.int64)
        self._finalizer()


class _Weak:
    """Passes a link's messages on without keeping the player alive."""

    def __init__(self, player: ProcessPlayer) -> None:
        self._player = weakref.ref(player)

    def __call__(self, message: Mapping[str, Any]) -> None:
        player = self._player()
        if player is not None:
            player._listen(None, message)


class _Leash:
    """What must not be left behind, even when nobody closes the player."""

    def __init__(self, control: Block) -> None:
        self.control = control
        self.link: Link | None = None
        self.ready: Ready | None = None
        self.gone = False

    def let_go(self) -> None:
        """End the process and free the memory."""
        self.gone = True
        if self.link is not None:
            self.link.close()
        release(self.ready, None)
        self.control.remove()
