"""A panel served to scripted listeners: a server in a thread, and who takes trials over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.web_sounds import with_web_sounds
from kit.pulse import wait_for
from kit.timing import PATIENCE

Told = dict[str, Any]
Choose = Callable[[Told, int], Any]
WHOLE = -1


def plain_vote(screen: Told, slot: int) -> Any:
    """Return a vote that fits the screen and depends on nothing but it."""
    if screen["response"] == "places":
        return slot
    if slot != WHOLE:
        return 10 + slot if screen["response"] == "sliders" else 3.5
    return screen["scales"][0]["labels"][screen["number"] % 3 % len(screen["scales"][0]["labels"])][0]


def _heard(screen: Told) -> list[list[Any]]:
    made: list[list[Any]] = []
    for slot, one in enumerate(screen["slots"]):
        made += [["started", slot], ["heard", slot, 0, one["frames"]]]
    return [*made, ["stopped"]]


def events_of(screen: Told, choose: Choose = plain_vote) -> list[list[Any]]:
    """Return what a page sends of a listener who hears everything to its end and gives every vote."""
    made = _heard(screen)
    rated = [slot for slot, one in enumerate(screen["slots"]) if one["rated"]]
    if screen["response"] == "places":
        order = sorted(rated, key=lambda slot: -float(choose(screen, slot)))
        left = range(len(order), 1, -1)
        return [*made, *(["rate", place, slot, ""] for slot, place in zip(order, left, strict=False))]
    if rated:
        for slot in rated:
            made += [["switched", slot], ["rate", choose(screen, slot), slot, ""]]
        return made
    for at, scale in enumerate(screen["scales"]):
        if at and screen["hear_each"]:
            made += _heard(screen)
        made.append(["rate", choose(screen, WHOLE), WHOLE, scale["name"]])
    return made


def whole_trial(screen: Told, choose: Choose = plain_vote) -> Told:
    """Return the message that ends a trial."""
    return {
        "trial": screen["number"],
        "ticket": screen["ticket"],
        "events": events_of(screen, choose),
        "seconds": 2.5,
        "played": {"device_rate": 48000, "base_ms": 10.0, "output_ms": 20.0, "agent": "script"},
    }


@dataclass
class Answer:
    """What came over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def told(self) -> Told:
        """The JSON in it."""
        return dict(json.loads(self.body or b"{}"))


class Remote:
    """Somebody with a link.

    Attributes
    ----------
    screen
        What was shown last.
    """

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token, self.tab = port, token, ""
        self.screen: Told = {}
        self._line: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask for anything.

        Raises
        ------
        OSError, http.client.HTTPException
            If there is no server any more.
        """
        if self._line is None:
            self._line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            self._line.request(method, path, body, dict(headers or {}))
            got = self._line.getresponse()
            return Answer(got.status, {name.lower(): value for name, value in got.getheaders()}, got.read())
        except (OSError, http.client.HTTPException):
            self.hang_up()
            raise

    def __del__(self) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connection."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def post(self, path: str, body: Told) -> Answer:
        """Send a message of the page."""
        headers = {"Content-Type": "application/json", "X-Tab": self.tab}
        answer = self.ask("POST", f"/s/{self.token}/{path}", json.dumps(body).encode(), headers)
        if answer.status == 200:
            self.screen = answer.told["screen"]
        return answer

    def open(self) -> Told:
        """Open the page; return the screen."""
        answer = self.post("open", {})
        assert answer.status == 200, (answer.status, answer.body)
        self.tab = answer.told["tab"]
        return self.screen

    def sound(self, name: str) -> Answer:
        """Fetch a sound."""
        return self.ask("GET", f"/s/{self.token}/sound/{name}")

    def send(self, choose: Choose = plain_vote) -> Answer:
        """Take the trial that is shown, and send it."""
        return self.post("trial", whole_trial(self.screen, choose))

    def take(self, choose: Choose = plain_vote) -> int:
        """Take all trials; return how many."""
        done = 0
        while self.screen["kind"] != "end":
            if self.screen["kind"] in ("message", "break"):
                assert self.post("on", {}).status == 200
                continue
            assert self.screen["kind"] == "trial", self.screen
            answer = self.send(choose)
            assert answer.status == 200, (answer.status, answer.body)
            done += 1
        return done


@dataclass(frozen=True)
class Served:
    """A server that runs."""

    panel: FrozenPanel
    port: int
    links: Any
    server: Any
    stop: Callable[[], None]

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def remote(self, listener: str = "Ann") -> Remote:
        """Return somebody with a link, who has not opened it yet."""
        (link,) = self.links.add([listener])
        return Remote(self.port, link.token)


def free_listener(port: int = 0) -> socket.socket:
    """Return a socket that listens, on a port of its own if none is given."""
    return socket.create_server(("127.0.0.1", port), backlog=256)


def uvicorn_server(panel: FrozenPanel, ratings: Path | None = None, **more: Any) -> tuple[Any, Any, Any]:
    """Return uvicorn's server, ours and its links; the first is to be run."""
    import uvicorn

    from gaplisten.web.links import Links
    from gaplisten.web.seats import Hall
    from gaplisten.web.server import Server
    from gaplisten.web.serving import settings

    proxies = more.pop("proxies", ())
    own = {name: more.pop(name) for name in ("idle_seconds", "rate") if name in more}
    links = Links(panel, ratings or panel.ratings)
    ours = Server(Hall(panel, ratings, with_web_sounds(panel), **more), links, **own)
    return uvicorn.Server(settings(ours.app(), proxies)), ours, links


@contextlib.contextmanager
def serving_elsewhere(panel: FrozenPanel) -> Iterator[tuple[subprocess.Popen[str], int, str]]:
    """Serve a panel by the command, in a process of its own; yield that, its port and what it said first."""
    words = [sys.executable, "-m", "gaplisten", "panel", "serve", str(panel.folder), "--port", "0"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            line = ""
            while "serves" not in line:
                line = process.stderr.readline()
                assert line or process.poll() is None
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            assert found is not None
            yield process, int(found[1]), line
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=PATIENCE)


@contextlib.contextmanager
def serving(panel: FrozenPanel, ratings: Path | None = None, port: int = 0, **more: Any) -> Iterator[Served]:
    """Serve a panel in a thread of this process, on a port of its own if none is given."""
    theirs, ours, links = uvicorn_server(panel, ratings, **more)
    with free_listener(port) as listening:
        port = listening.getsockname()[1]
        thread = threading.Thread(target=lambda: asyncio.run(theirs.serve(sockets=[listening])), daemon=True)
        thread.start()
        wait_for(lambda: theirs.started, what="the server")

        def stop() -> None:
            theirs.should_exit = theirs.force_exit = True
            thread.join(PATIENCE)
            listening.close()

        try:
            yield Served(panel, port, links, ours, stop)
        finally:
            stop()
