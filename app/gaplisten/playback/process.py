"""The audio process: opens the device, holds the lanes, and does nothing else.

Started as ``python -m gaplisten.playback.process``; numpy and sounddevice are all it loads. It is told what
to load by lines of JSON on its standard input, and tells what happened by lines on its standard output;
anything that has to be quick goes through the control block. It ends when its input ends, so that it never
outlives the window, not even one that was killed.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Literal

import numpy as np

from gaplisten.deadlines import Deadline, Hindered
from gaplisten.errors import GaplistenError
from gaplisten.playback import devices
from gaplisten.playback.control import WORDS
from gaplisten.playback.devices import OutputDevice
from gaplisten.playback.engine import Engine, no_pauses, raise_process, side_tone
from gaplisten.playback.mixer import MixerState
from gaplisten.playback.programme import Programme, Request
from gaplisten.playback.rings import Feed, Rings, RingShape
from gaplisten.playback.shared import View

Message = Mapping[str, Any]

WATCHDOG_SECONDS = 1.8
"""How long a device may take nothing while something is to be heard."""
PATIENT_SECONDS = 6.0
"""The same for one that is known to make pauses, and for each in the beginning."""
DOUBT_SHARE = 0.6
"""After this share of that time it is opened once more."""
OPENING_SECONDS = 0.4
"""How long that may take while a processor is there; opening a device that is gone can take for ever."""
TRIAL_SECONDS = 0.5
"""How long it is then on trial: at first a device takes what its buffers hold, whether it plays or not."""
AGAIN_SECONDS = 10.0
"""How long a device must have lasted before it is opened once more again."""
PAUSE_SECONDS = 0.5
FIRST_SECONDS = 3.0
"""How long the beginning lasts: some devices first play what they had rendered ahead, then ask again."""
REST_SECONDS = 5.0
"""After so long without sound the stream is stopped, and costs nothing until something is wanted."""
_TICK = 0.1
_LEAST_SHARE = 0.25
"""So much of each moment counts, however busy the machine is: in the end a lost device is lost."""


def _array(values: Any) -> Any:
    return None if values is None else np.array(values, np.int64)


class Watchdog:
    """Tells a device that takes no more sound from a slow device, and from a slow machine.

    A sound card asks for a block every few milliseconds. PulseAudio's null sink, which machines without a
    card have, may ask for nothing for two seconds at a time, again and again, and so may a server on a
    machine that is too busy. One that has paused and gone on may do so again. While nothing is to be heard
    nobody misses anything, and nothing is told.

    A stream may also stand still although its device is well: ALSA's PulseAudio plugin does not always wake
    up after it ran dry. So a device in doubt is opened once more before it is given up.
    """

    def __init__(self) -> None:
        self._seen, self._idle, self._missed, self._age = 0, 0.0, 0.0, 0.0
        self._trial, self._since = 0.0, AGAIN_SECONDS  # what is left of it; how long ago the last one began
        self._pauses = False

    def begin(self) -> None:
        """Expect a stream that starts (again)."""
        self._idle = self._missed = self._age = self._trial = 0.0

    @property
    def may_try(self) -> bool:
        """Whether the device may be opened once more before it is given up."""
        return self._since >= AGAIN_SECONDS

    @property
    def doubts(self) -> bool:
        """Whether the device has taken nothing for so long that opening it once more may help."""
        return self._missed >= DOUBT_SHARE * self._limit

    def try_again(self) -> None:
        """Expect the stream that was opened once more; nobody waits longer for it than for the one before."""
        self._idle, self._trial, self._since = 0.0, TRIAL_SECONDS, 0.0

    @property
    def _limit(self) -> float:
        patient = self._pauses or self._age - self._idle <= FIRST_SECONDS
        return PATIENT_SECONDS if patient else WATCHDOG_SECONDS

    def is_lost(self, callbacks: int, passed: float, *, playing: bool) -> bool:
        """Tell whether the device is to be given up.

        Parameters
        ----------
        callbacks
            How often it has asked for sound.
        passed
            Seconds since the last call of this method, without those during which this process stood still.
        playing
            Whether a listener would miss the sound.
        """
        asked, self._seen = callbacks != self._seen, callbacks
        if asked:
            self._pauses = self._pauses or self._idle >= PAUSE_SECONDS
        self._idle = 0.0 if asked else self._idle + passed
        on_trial = self._trial > passed
        self._trial = max(self._trial - passed, 0.0)
        self._missed = self._missed + passed if playing and (on_trial or not asked) else 0.0
        self._age += passed
        self._since += passed
        return self._missed >= self._limit


class Host:
    """Carries out the window's messages.

    Parameters
    ----------
    words
        The control block.
    name, host_api
        The device to use, if it is there.
    latency
        What to ask of PortAudio.
    """

    def __init__(
        self,
        words: Any,
        name: str | None,
        host_api: str | None,
        latency: float | Literal["low", "high"] | None,
    ) -> None:
        self._words, self._latency = words, latency
        self._wanted = (name, host_api)
        self._device: OutputDevice | None = None
        self._stream: Any = None
        self._engine: Engine | None = None
        self._views: dict[str, View] = {}
        self._forgotten: list[View] = []
        self._watchdog = Watchdog()
        self._gone = False  # the device refused to go on
        self._resting, self._quiet = False, 0.0

    # -- messages out ---------------------------------------------------------------------------------------

    def say(self, event: str, **facts: Any) -> None:
        """Tell the window what happened."""
        sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
        sys.stdout.flush()

    def hello(self) -> bool:
        """Tell which devices there are and which will be used; False if there are none."""
        try:
            self._device = devices.pick(*self._wanted)
            found = [asdict(device) for device in devices.outputs()]
        except GaplistenError as error:
            self.say("unavailable", reason=str(error))
            return False
        missing = self._wanted[0] is not None and self._device.name != self._wanted[0]
        self.say("ready", devices=found, device=asdict(self._device), missing=missing)
        return True

    # -- messages in ----------------------------------------------------------------------------------------

    def do(self, message: Message) -> None:
        """Carry out one message; what fails is reported, never raised."""
        try:
            getattr(self, "_do_" + message["do"])(message)
        except GaplistenError as error:
            self.say("failed", reason=str(error), doing=message["do"])

    def _do_probe(self, message: Message) -> None:
        """Answer at which rate lanes of that rate will be played."""
        device, wanted = self._need_device(), int(message["rate"])
        channels = min(2, device.channels)
        fits = devices.runs_at(device, wanted, channels)
        self.say("rate", token=message["token"], rate=wanted if fits else device.rate)

    def _do_load(self, message: Message) -> None:
        feed = self._attach_stream(**message["stream"]) if message["stream"] else None
        programme = Programme(
            int(message["id"]),
            feed.lanes if feed is not None else tuple(self._attach_lane(*lane) for lane in message["lanes"]),
            (int(message["scale"][0]), int(message["scale"][1])),
            _array(message["audible"]),
            _array(message["boundaries"]),
            feed,
        )
        engine = self._open(int(message["rate"]))
        engine.mixer.incoming = programme
        names = {lane[0] for lane in message["lanes"]} | {(message["stream"] or {}).get("name")}
        self._forgotten += [self._views.pop(name) for name in set(self._views) - names]
        self.say("loaded", id=programme.id)

    def _do_choose(self, message: Message) -> None:
        self._wanted = (message["name"], message["host_api"])
        self._close_stream()
        self._device, self._watchdog = devices.pick(*self._wanted), Watchdog()
        self.say("chosen", device=asdict(self._device))

    def _do_tone(self, message: Message) -> None:
        engine = self._engine or self._open(self._need_device().rate)
        engine.tone_at = 1 << 62
        engine.tone = side_tone(engine.mixer.rate, engine.mixer.channels, message["side"])
        engine.tone_at = 0
        self._wake()

    def _do_wake(self, message: Message) -> None:
        del message
        self._wake()

    # -- the stream -----------------------------------------------------------------------------------------

    def _need_device(self) -> OutputDevice:
        if self._device is None:
            self._device = devices.pick(*self._wanted)
        return self._device

    def _open(self, rate: int) -> Engine:
        if self._engine is not None and self._engine.mixer.rate == rate and self._stream is not None:
            return self._engine
        before = self._engine
        self._close_stream()
        device = self._need_device()
        channels = min(2, device.channels)
        mixer = MixerState(rate, channels)
        engine = Engine(self._words, mixer)
        if before is not None:
            mixer.go_on_from(before.mixer)
            engine.dropouts.count = before.dropouts.count
        self._stream = self._stream_of(engine, device)
        self._engine, self._gone = engine, False
        self._watchdog.begin()
        self.say("opened", device=asdict(device), rate=rate, channels=channels)
        return engine

    def _stream_of(self, engine: Engine, device: OutputDevice) -> Any:
        mixer = engine.mixer
        stream = devices.open_output(device, mixer.rate, mixer.channels, self._latency, engine.callback)
        engine.latency_ns = engine.dropouts.buffer_ns = round(float(stream.latency) * 1e9)
        return stream

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        self._resting, self._quiet = False, 0.0
        if stream is None:
            return
        self.fade_out()
        stream.close()

    def fade_out(self) -> None:
        """Let the mixer close its envelope before the stream is taken away."""
        engine = self._engine
        if engine is None or not engine.mixer.level:
            return
        engine.mixer.closing = True
        faded = threading.Event()
        for _ in range(20):
            if not engine.mixer.level:
                break
            faded.wait(0.01)
        faded.wait(engine.latency_ns / 1e9)

    def rest(self, passed: float) -> None:
        """Stop the stream when nothing has been wanted of it for long; start it when something is."""
        engine = self._engine
        if engine is None or self._stream is None:
            return
        if self._resting:
            if engine.wanted:
                self._wake()
            return
        self._quiet = 0.0 if engine.wanted else self._quiet + passed
        if self._quiet >= REST_SECONDS:
            devices.stop(self._stream)
            self._resting = True

    def _wake(self) -> None:
        if not self._resting or self._engine is None:
            return
        self._engine.begin()
        self._resting, self._quiet = False, 0.0
        self._watchdog.begin()
        try:
            devices.start(self._need_device(), self._stream)
        except GaplistenError:
            self._gone = True

    def watch(self, passed: float) -> bool:
        """Look whether the device still takes sound; False when it does not any more."""
        engine = self._engine
        if engine is None or self._stream is None or self._resting:
            return True
        if engine.failure is not None:
            self.say("died", reason=repr(engine.failure))
            return False
        self._gone = self._gone or not devices.is_running(self._stream)
        lost = self._watchdog.is_lost(engine.callbacks, passed, playing=engine.playing) or self._gone
        if (lost or self._watchdog.doubts) and self._watchdog.may_try:
            lost = not self._open_again(engine)
        if lost:
            self.say("lost", device=asdict(self._need_device()))
        return not lost

    def _open_again(self, engine: Engine) -> bool:
        """Open the same device in place of a stream that stands still; False if that cannot be done soon.

        What the listener missed meanwhile is counted as a dropout.
        """
        before, device = self._stream, self._need_device()
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def attempt() -> None:
            stream = None
            with suppress(GaplistenError):
                devices.leave(before)
                engine.dropouts.count += engine.playing
                engine.begin()
                engine.mixer.break_off()
                stream = self._stream_of(engine, device)
            done.put(stream)

        self._watchdog.try_again()
        threading.Thread(target=attempt, name="gaplisten-open-again", daemon=True).start()
        deadline = Deadline(OPENING_SECONDS, Hindered(os.getpid()).seconds)
        while not deadline.passed:
            with suppress(queue.Empty):
                self._stream = done.get(timeout=min(OPENING_SECONDS, _TICK))
                self._gone = self._stream is None
                return not self._gone
        return False

    # -- lanes ----------------------------------------------------------------------------------------------

    def _attach(self, name: str, dtype: type[np.float32 | np.uint8], shape: tuple[int, ...]) -> Any:
        if name not in self._views:
            view = View(name, dtype, shape)
            view.touch()
            self._views[name] = view
        return self._views[name].array

    def _attach_lane(self, name: str, frames: int, channels: int) -> Any:
        return self._attach(name, np.float32, (frames, channels))

    def _attach_stream(self, name: str, slots: int, frames: list[int], channels: list[int]) -> Feed:
        shape = RingShape(tuple(frames), tuple(channels), slots)
        return Feed(Rings(self._attach(name, np.uint8, (shape.bytes,)), shape))

    def forget(self) -> None:
        """Let go of lanes that are not heard any more; the programme before may still be fading out."""
        mixer = self._engine.mixer if self._engine else None
        if mixer is None or mixer.incoming is not mixer.programme:
            return
        self._forgotten = [view for view in self._forgotten if not view.close()]


class Ticks:
    """How much of a tick the sound card's thread had for asking: not what it waited for a processor."""

    def __init__(self) -> None:
        self._hindered = Hindered(os.getpid(), threading.get_native_id())
        self._before = 0.0

    def passed(self) -> float:
        """Return it in s for the tick that is over; what this thread waited beyond that does not count."""
        now = self._hindered.seconds()
        before, self._before = self._before, now
        return max(_TICK - (now - before), _LEAST_SHARE * _TICK)


_KEPT: list[Host] = []
"""What the sound card's thread uses, and goes on using until the process is gone."""


def _read_messages(into: queue.SimpleQueue[Message | None]) -> None:
    for line in sys.stdin:
        into.put(json.loads(line))
    into.put(None)


def main() -> int:
    """Run until the window goes away or the device does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the window to answer
    settings = json.loads(sys.argv[1])
    control = View(settings["control"], np.int64, (WORDS,))
    parent = os.getppid()
    host = Host(control.array, settings["name"], settings["host_api"], settings["latency"])
    _KEPT.append(host)
    messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
    raise_process()
    devices.ask_servers_for_low_latency()
    if not host.hello():
        return 0
    threading.Thread(target=_read_messages, args=(messages,), daemon=True).start()
    MixerState(8000).obey(Request())  # so that nothing is imported or built for the first time while playing
    no_pauses()
    ticks = Ticks()
    while True:
        try:
            message = messages.get(timeout=_TICK)
        except queue.Empty:
            host.forget()
            host.rest(_TICK)
            if not host.watch(ticks.passed()) or (os.name == "posix" and os.getppid() != parent):
                return 3
            continue
        if message is None:
            host.fade_out()
            return 0
        host.do(message)


if __name__ == "__main__":
    status = 1
    try:
        status = main()
    except BrokenPipeError:
        status = 0  # the window is gone
    finally:
        # Not by way of PortAudio's own clean-up, which waits for ever for some devices that are gone.
        os._exit(status)
