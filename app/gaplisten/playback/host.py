"""The window's care for the audio process: start it, ask it, notice that it died, start it again."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
import weakref
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from gaplisten.deadlines import Deadline, Hindered
from gaplisten.errors import GaplistenError
from gaplisten.playback.control import (
    BYTES,
    STATUS,
    WORDS,
    Status,
    Words,
    called_ns,
    now_ns,
    read_status,
    write_request,
)
from gaplisten.playback.devices import OutputDevice
from gaplisten.playback.feeder import Heading
from gaplisten.playback.lanes import SharedLanes, release
from gaplisten.playback.programme import Request
from gaplisten.playback.shared import Block
from gaplisten.processes import python

_PACKAGE_PARENT = Path(__file__).resolve().parents[2]

ANSWER_SECONDS = 8.0
START_SECONDS = 30.0
"""How long a process that can run may take to find its devices: with a broken server it takes for ever."""
_ROOM = 1 << 20  # bytes of shared memory: short of it, JACK's library waits for ever while devices are listed
_CRASHES, _CRASH_WINDOW = 3, 30.0
_LOOK_SECONDS = 0.25
_ASLEEP_NS = 50_000_000  # a stream that has asked for nothing for so long may have been stopped

Latency = float | Literal["low", "high"] | None
Choice = tuple[str | None, str | None]
Listener = Callable[[Mapping[str, Any]], None]


class SoundError(GaplistenError):
    """The audio process has no sound to offer."""


class ProcessGone(Exception):  # noqa: N818 - nothing went wrong: all is asked anew of the next process
    """The process that was asked has ended."""


class Owner(Protocol):
    """Who plays through the process; called with the lock held."""

    def sound_stopped(self, status: Status | None) -> None:
        """Take note that playing has ended by itself; `status` is the last one if the process is gone."""

    def sound_began(self) -> None:
        """Bring what is to be played: a new process runs, and holds nothing yet."""


@dataclass
class Facts:
    """What is known of the audio process and its devices.

    Parameters
    ----------
    ready
        The process has told which devices there are.
    dead
        There is no process; none is started before somebody asks.
    off
        That is so because no sound is wanted.
    """

    device: OutputDevice | None = None
    devices: tuple[OutputDevice, ...] = ()
    reason: str = ""
    ready: bool = False
    dead: bool = True
    off: bool = True
    underflows_before: int = 0
    restarts: int = 0
    crashes: list[float] = field(default_factory=list)
    rates: dict[int, int] = field(default_factory=dict)


def _environment() -> dict[str, str]:
    """Return this process's environment, in which the child finds this very package."""
    paths = [str(_PACKAGE_PARENT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


class Link:
    """One running audio process.

    Parameters
    ----------
    settings
        What `gaplisten.playback.process` is started with.
    listener
        Called with each message, on a thread of the link's own; at the end with
        ``{"event": "gone", "status": exit status}``.
    """

    def __init__(self, settings: Mapping[str, Any], listener: Listener) -> None:
        self._listener = listener
        self._process = subprocess.Popen(
            python("-m", "gaplisten.playback.process", json.dumps(settings)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # ALSA prints page after page about devices that are not there. What matters comes as messages.
            stderr=None if os.environ.get("GAPLISTEN_SOUND_DEBUG") else subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=_environment(),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._listen, name="gaplisten-sound", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._process.kill()
            raise

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def send(self, do: str, **facts: Any) -> None:
        """Ask for something; a process that is gone is noticed by the listener, not here."""
        line = json.dumps({"do": do, **facts}) + "\n"
        with self._writing, suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with suppress(ValueError, OSError):
            for line in self._process.stdout:
                self._listener(json.loads(line))
        self._process.stdout.close()
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        self._listener({"event": "gone", "status": self._process.wait()})

    def close(self, seconds: float = 1.0) -> None:
        """End the process: by closing its input, and if that is not enough, by force."""
        with self._writing, suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
        if threading.current_thread() is not self._thread:
            self._thread.join(seconds)


class Host:
    """At most one audio process at a time, and the control block that outlives each of them.

    Parameters
    ----------
    owner
        Told when sound stops and begins; held weakly.
    choice
        Name and host API of the device to use, if it is there.
    latency
        What is asked of PortAudio.
    """

    def __init__(self, owner: Owner, choice: Choice, latency: Latency) -> None:
        self.lock = threading.RLock()
        self.facts, self.choice = Facts(), choice
        self.closed = False
        self.answers: dict[str, Any] = {}
        self.ready: SharedLanes | None = None  # what lies in shared memory
        self._request = Request()
        self._heard = threading.Condition(self.lock)  # a message has come
        self._owner, self._latency = weakref.ref(owner), latency
        self._starting: Deadline | None = None  # until the process is to have found its devices
        self._links = 0  # counts processes: the last words of one that was left are nobody's
        self._meant = False  # the process ends because it was asked to, or told why
        self._control: Block | None = None
        self.words: Words = np.zeros(WORDS, np.int64)
        self.link: Link | None = None

    def start(self) -> None:
        """Start a process unless one runs; if that cannot be done, `facts` tell why."""
        with self.lock:
            if self.closed or not self.facts.dead:
                return
            facts = self.facts
            facts.off, facts.reason, facts.crashes = False, "", []
            try:
                Block(_ROOM).remove()
                if self._control is None:
                    self._control = Block(BYTES)
                    self.words = self._control.array(np.int64, (WORDS,))
            except GaplistenError as error:
                facts.reason = f"the sound process cannot be started: {error}"
                return
            facts.dead = False
            self._restart()

    def leave(self, reason: str, *, off: bool = True) -> None:
        """Have no process, for that reason, until `start`."""
        with self._heard:
            link, self.link = self.link, None
            self._links += 1
            facts, status = self.facts, self.status()
            facts.dead, facts.off, facts.ready, facts.reason = True, off, False, reason
            facts.device, facts.devices = None, ()
            if link is not None:
                self._stop(reason, status)
            self._heard.notify_all()
        if link is None:
            return
        link.close()
        with self.lock:
            self._after(status)
            self.words[STATUS:] = 0
            ready, self.ready = self.ready, None
        release(ready, None)  # not with the lock held: it waits for what is being read

    def _after(self, status: Status | None) -> None:
        """Keep what a process that has ended had counted."""
        if status is not None:
            self.facts.underflows_before += status["underflows"]

    # -- to the process --------------------------------------------------------------------------------------

    def write(self, request: Request) -> None:
        """Publish a request in the control block."""
        if self.closed:
            return
        write_request(self.words, request)
        self._request = request
        if self.ready is not None and self.ready.stream is not None:
            self.ready.stream.feeder.look()
        if self.link is not None and now_ns() - called_ns(self.words) > _ASLEEP_NS:
            self.link.send("wake")

    def status(self) -> Status | None:
        """Return the last status, None while it cannot be had."""
        return None if self.closed else read_status(self.words)

    def heading(self, programmes: Collection[int], start: int) -> Heading:
        """Tell where these programmes are played; before they are, that is `start`. It waits for nothing."""
        status, request = self.status(), self._request
        known = status is not None and status["programme"] in programmes
        asked = status is None or status["seek_count"] != request.seek_count
        meant = request.programme in programmes
        return Heading(
            status["position"] if status is not None and known else start,
            request.seek_frame if meant and asked else None,
            (request.loop_start, request.loop_stop) if meant and request.loop_stop else None,
            status["callbacks"] if status is not None else None,
        )

    def send(self, do: str, **facts: Any) -> None:
        """Send a message; see `process.Host`."""
        with self.lock:
            self.answers.pop("failed", None)
            if self.link is not None:
                self.link.send(do, **facts)

    def give_up_starting(self) -> None:
        """End a process that has been starting for too long; not to be called with the lock held."""
        with self.lock:
            facts, starting = self.facts, self._starting
            if facts.dead or facts.ready or starting is None or not starting.passed:
                return
        self.leave("the sound system does not answer; see that its server runs, then look again", off=False)

    def wait(self, answer: Callable[[], Any], seconds: float = ANSWER_SECONDS) -> Any:
        """Return the answer when it has come; None if it does not. Not to be called with the lock held.

        The time is the process's own: what it waits for a processor does not count (see `deadlines`).

        Raises
        ------
        ProcessGone
            If another process has taken the place of the one that could answer.
        """
        found: Any = None
        asked = self.link

        def come() -> bool:
            nonlocal found
            found = answer()
            over = self.closed or self.facts.dead or "failed" in self.answers
            return bool(found) or over or self.link is not asked

        with self._heard:
            deadline = self._deadline(seconds)
            while not self._heard.wait_for(come, min(seconds, _LOOK_SECONDS)) and not deadline.passed:
                pass
            if not found and self.link is not asked:
                raise ProcessGone
        return found

    def _deadline(self, seconds: float) -> Deadline:
        pid = self.link.pid if self.link is not None else 0
        return Deadline(seconds, Hindered(pid).seconds)

    def format_for(self, rate: int) -> tuple[int, int]:
        """Return rate and channels at which the device will play lanes of that rate."""
        self.wait(lambda: self.facts.ready, START_SECONDS)
        with self.lock:
            device, known = self.facts.device, self.facts.rates.get(rate)
        if device is None or not self.facts.ready:
            if self.facts.reason:  # names its own way out
                raise SoundError("sound", self.facts.reason)
            raise SoundError("sound", "the audio process does not answer", "look again")
        if known is None:
            self.send("probe", rate=rate, token=f"rate{rate}")
            known = self.wait(lambda: self.answers.pop(f"rate{rate}", None)) or device.rate
            with self.lock:
                self.facts.rates[rate] = int(known)
        return int(known), min(2, device.channels)

    def choose(self) -> None:
        """Use the device of `choice`."""
        self.facts.rates.clear()
        self.send("choose", name=self.choice[0], host_api=self.choice[1])

    def rescan(self) -> None:
        """Look again for devices; PortAudio does so only when it starts, so the process is started anew."""
        self._meant = True
        owner = self._owner()
        if owner is not None:
            owner.sound_stopped(None)
        if self.link is not None:
            threading.Thread(target=self.link.close, name="gaplisten-rescan", daemon=True).start()

    # -- from the process ------------------------------------------------------------------------------------

    def _listen(self, link: int, message: Mapping[str, Any]) -> None:
        with self._heard:
            if self.closed or link != self._links:
                return
            handler: Callable[[Mapping[str, Any]], None] | None
            handler = getattr(self, f"_on_{message['event']}", None)
            if handler is not None:
                handler(message)
            self._heard.notify_all()

    def _stop(self, reason: str, status: Status | None = None) -> None:
        self.facts.reason = reason
        owner = self._owner()
        if owner is not None:
            owner.sound_stopped(status)

    def _on_ready(self, message: Mapping[str, Any]) -> None:
        facts = self.facts
        facts.devices = tuple(OutputDevice(**found) for found in message["devices"])
        facts.device, facts.ready = OutputDevice(**message["device"]), True
        facts.rates.clear()
        if message["missing"]:
            facts.reason = f"{self.choice[0]} is not there; sound goes to {facts.device.title}"

    def _on_unavailable(self, message: Mapping[str, Any]) -> None:
        self.facts.dead, self.facts.devices, self.facts.device = True, (), None
        self._stop(str(message["reason"]), self.status())

    def _on_chosen(self, message: Mapping[str, Any]) -> None:
        self.facts.device, self.facts.reason = OutputDevice(**message["device"]), ""
        self.facts.rates.clear()

    def _on_rate(self, message: Mapping[str, Any]) -> None:
        self.answers[str(message["token"])] = int(message["rate"])

    def _on_loaded(self, message: Mapping[str, Any]) -> None:
        self.answers[f"load{message['id']}"] = True

    def _on_failed(self, message: Mapping[str, Any]) -> None:
        self.answers["failed"] = message["reason"]
        self._stop(str(message["reason"]))

    def _on_lost(self, message: Mapping[str, Any]) -> None:
        self._meant, self.facts.ready = True, False
        self._starting = self._deadline(START_SECONDS)  # it ends now, and another one looks for devices
        title = OutputDevice(**message["device"]).title
        self._stop(
            f"{title} takes no more sound; playing is paused where it was. "
            "Connect it again or choose another device."
        )

    def _on_gone(self, message: Mapping[str, Any]) -> None:
        facts, status = self.facts, self.status()
        facts.ready = False
        if facts.dead:
            return
        self._after(status)
        if not self._meant:
            self._count_crash(int(message["status"]))
        self._meant = False
        self._stop(facts.reason, status)
        if not facts.dead:
            self._restart()

    def _count_crash(self, status: int) -> None:
        facts, now = self.facts, time.monotonic()
        facts.crashes = [when for when in facts.crashes if now - when < _CRASH_WINDOW] + [now]
        facts.restarts += 1
        facts.dead = len(facts.crashes) > _CRASHES
        what = f"the audio process stopped unexpectedly (status {status})"
        facts.reason = f"{what} and was started again; playing is paused where it was"
        if facts.dead:
            facts.reason = f"{what} again and again; choose another device"

    def _restart(self) -> None:
        owner = self._owner()
        if owner is None or self._control is None:
            return
        self.words[STATUS:] = 0
        self._meant = False
        self._links += 1
        name, host_api = self.choice
        settings = {"control": self._control.name, "name": name, "host_api": host_api}
        try:
            self.link = Link({**settings, "latency": self._latency}, partial(self._listen, self._links))
        except RuntimeError:  # no thread can be started any more: the interpreter is ending
            return
        except OSError as error:
            self.facts.dead, self.facts.reason = True, f"the sound process cannot be started: {error}"
            return
        self._starting = self._deadline(START_SECONDS)
        owner.sound_began()

    # -- the end ---------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End the process and free all shared memory; also called when nobody closed the player."""
        with self._heard:
            if self.closed:
                return
            self.closed = True
            self._heard.notify_all()
        if self.link is not None:
            self.link.close()
        self.words = np.zeros(0, np.int64)
        release(self.ready, None)
        if self._control is not None:
            self._control.remove()
