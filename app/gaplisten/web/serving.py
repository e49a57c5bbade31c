"""Running the server: where it listens, and what it says about it."""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import TextIO

import uvicorn
from starlette.applications import Starlette

from gaplisten.errors import GaplistenError
from gaplisten.languages import counted
from gaplisten.web.links import Links
from gaplisten.web.patience import PatientProtocol, allow_many_lines
from gaplisten.web.seats import Hall
from gaplisten.web.server import Server, say

_TURN_SECONDS = 0.0005  # a tenth of what Python takes by itself


class CannotServe(GaplistenError):  # noqa: N818 - reads as the fact it is
    """A server that cannot begin to listen."""


@dataclass(frozen=True)
class Doors:
    """Where a server listens.

    Parameters
    ----------
    port
        0 is any that is free.
    proxies
        Addresses or networks of proxies that are believed when they say for whom they ask; nobody by default.

    Raises
    ------
    CannotServe
        If a proxy is neither: its name would never be the address from which it asks.
    """

    host: str
    port: int
    proxies: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Look at the proxies."""
        for proxy in self.proxies:
            try:
                ipaddress.ip_network(proxy)
            except ValueError as error:
                way_out = "give it as 127.0.0.1, ::1 or 10.0.0.0/8"
                raise CannotServe(f"--trust-proxy {proxy}", "this is no address", way_out) from error

    @property
    def this_machine_only(self) -> bool:
        """Whether nobody else can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def _listening(doors: Doors) -> socket.socket:
    family = socket.AF_INET6 if ":" in doors.host else socket.AF_INET
    try:
        return socket.create_server((doors.host, doors.port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        fact = f"it cannot listen there: {getattr(error, 'strerror', None) or error}"
        raise CannotServe(f"{doors.host}:{doors.port}", fact, "give another --port, or --host") from error


def settings(app: Starlette, proxies: Sequence[str] = ()) -> uvicorn.Config:
    """Return how the web server is run: nobody's address, link or name goes into a log.

    What is to be told, `server` tells itself.

    Parameters
    ----------
    proxies
        As in `Doors`: by itself ``X-Forwarded-For`` is passed over, since anybody can send it.
    """
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        lifespan="on",
        http=PatientProtocol,
        ws="none",
        timeout_graceful_shutdown=5,
        timeout_keep_alive=120,  # a trial is sent on the line on which its sounds came
    )


def run_server(hall: Hall, doors: Doors, idle_seconds: float, ends_with: TextIO | None = None) -> None:
    """Serve a panel until Ctrl+C.

    Parameters
    ----------
    ends_with
        A stream with whose end the server ends, too: the window that started it is gone, or wants no more.

    Raises
    ------
    CannotServe
        If it cannot listen there, or some sections have a way on and others have none.
    LinksLost
        If the links cannot be read or made.
    """
    links = Links(hall.panel, hall.ratings or hall.panel.ratings)
    if len(hall.done) > 1 and len(hall.done) != links.sections:
        fact = f"it is given {len(hall.done)} times, and the panel has {counted(links.sections, 'section')}"
        raise CannotServe("--done", fact, "give it once for all, or once for each section")
    listed = hall.panel.definition.listeners
    if listed:
        links.add(listed)
    allow_many_lines()
    with _listening(doors) as listening:
        port = listening.getsockname()[1]
        host = f"[{doors.host}]" if ":" in doors.host else doors.host
        address = f"http://{host}:{port}"
        say(f"{address} serves; links: gaplisten panel links {hall.panel.folder} N --url {address}")
        if sys.stdout.isatty():  # they open doors: into a log they do not go
            print(f"anybody may begin: {address}/join/{links.study}")
            print(f"progress: {address}/supervisor/{links.supervisor}/", flush=True)
        if not doors.this_machine_only:
            say("others can read what goes over plain http: outside your own network put a proxy before it")
        server = Server(hall, links, idle_seconds=idle_seconds)
        running = uvicorn.Server(settings(server.app(), doors.proxies))
        if ends_with is not None:
            Thread(target=_end, args=(running, ends_with), daemon=True).start()
        with _threads_taking_turns():
            running.run(sockets=[listening])


@contextmanager
def _threads_taking_turns() -> Iterator[None]:
    """Let threads wait less for each other.

    Who saves a trial needs the interpreter several times, each time for a moment. While another thread
    computes (an order is drawn, the supervisor's page is made), each time may take as long as Python lets
    that one go on, which is 5 ms by itself.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _end(running: uvicorn.Server, stream: TextIO) -> None:
    while stream.read(4096):
        pass
    running.should_exit = True
