"""Half a request does not hold a line for ever."""

from __future__ import annotations

import contextlib
import functools
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.server import ServerState

from gaplisten.web.patience import PatientProtocol, allow_many_lines
from gaplisten.web.serving import settings
from kit.pulse import wait_for
from kit.timing import PATIENCE

BIG = 32 * 2**20  # bytes; more than a system takes for a browser that reads nothing
ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PART = 60_000  # bytes; less than is held back
WHOLE = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nvote"
HALVES = {
    "nothing": b"",
    "half a line": b"GET / HT",
    "half of the headers": b"GET / HTTP/1.1\r\nHost: x\r\nX-a: ",
    "half of the vote": WHOLE[:-2],
    "a whole one and half of the next": WHOLE + b"POST / HT",
    "a whole one and an empty line": WHOLE + b"\r\n",
}


async def _answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse((await request.body()).decode())


async def _big(_: Request) -> StreamingResponse:
    return StreamingResponse(
        (bytes(2**17) for _ in range(BIG // 2**17)), headers={"Content-Length": str(BIG)}
    )


async def _part(_: Request) -> PlainTextResponse:
    return PlainTextResponse("x" * PART)


@contextlib.contextmanager
def server() -> Iterator[int]:
    with running_server() as (port, _):
        yield port


@contextlib.contextmanager
def running_server() -> Iterator[tuple[int, uvicorn.Server]]:
    app = Starlette(
        routes=[Route("/", _answer, methods=["GET", "POST"]), Route("/big", _big), Route("/part", _part)]
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        how = settings(app)
        how.timeout_keep_alive = 3600  # so that nothing else closes a line
        running = uvicorn.Server(how)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1], running
        finally:
            for one in list(running.server_state.connections):  # it would wait for who takes nothing
                one.loop.call_soon_threadsafe(one.transport.abort)
            running.should_exit = True
            thread.join(PATIENCE)


@pytest.mark.parametrize("sent", HALVES)
def test_a_line_on_which_no_whole_request_comes_is_closed(sent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientProtocol, "seconds", 0.2)
    with server() as port, socket.create_connection(("127.0.0.1", port), PATIENCE) as line:
        line.sendall(HALVES[sent])
        said = b""
        while part := line.recv(4096):
            said += part
        assert said.count(b"200 OK") == (WHOLE in HALVES[sent])


def test_a_request_that_comes_in_pieces_is_answered_and_the_line_stays_for_the_next() -> None:
    with server() as port, socket.create_connection(("127.0.0.1", port), PATIENCE) as line:
        for _ in range(2):
            for at in range(0, len(WHOLE), 9):
                line.sendall(WHOLE[at : at + 9])
            said = b""
            while not said.endswith(b"vote"):
                said += line.recv(4096)
            assert said.startswith(b"HTTP/1.1 200 OK")


def test_no_answer_waits_for_the_browsers_word_that_its_head_has_come() -> None:
    with running_server() as (port, running), socket.create_connection(("127.0.0.1", port), PATIENCE) as line:
        line.sendall(WHOLE)
        assert line.recv(4096)
        (theirs,) = running.server_state.connections
        own = theirs.transport.get_extra_info("socket")
        assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def _line(port: int, sent: bytes = b"", own: str = "127.0.0.1") -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), PATIENCE, source_address=(own, 0))
    line.sendall(sent)
    return line


def _said(line: socket.socket) -> bytes:
    """Return what comes until the line is closed, in whatever way."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while part := line.recv(2**20):
            said += part
    return said


@pytest.mark.parametrize(("asked", "times"), [("big", 1), ("part", BIG // PART)])
def test_who_takes_nothing_of_an_answer_loses_the_line(
    asked: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatientProtocol, "seconds", 0.2)
    with running_server() as (port, running), _line(port) as line:
        line.sendall(ASK.replace(b"/", asked.encode().join((b"/", b"")), 1) * times)
        wait_for(lambda: running.server_state.tasks, what="the answer")
        wait_for(lambda: not running.server_state.connections, what="the end of the line")
        assert 0 < len(_said(line)) < BIG


@pytest.mark.skipif(not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="the system keeps little by itself")
def test_who_takes_an_answer_slowly_but_steadily_keeps_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientProtocol, "seconds", 1.0)
    with running_server() as (port, running), socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**15)  # little waits on the listener's side
        line.settimeout(PATIENCE)
        line.connect(("127.0.0.1", port))
        line.sendall(ASK.replace(b"/", b"/big", 1))
        until = time.monotonic() + 3.0
        while time.monotonic() < until:
            assert line.recv(5_000)
            # What was taken out of the system's hands comes through even after the server has let go.
            assert running.server_state.connections
            time.sleep(0.05)  # the pace of the line: 100 kB in a second at most


class _Buffer:
    """What a line has of an answer that was not taken, and a loop whose time goes by when it is told to."""

    def __init__(self) -> None:
        self.left, self.aborted = 0, False
        self.pending: Callable[[], None] | None = None

    def get_write_buffer_size(self) -> int:
        return self.left

    def abort(self) -> None:
        self.aborted = True

    def call_later(self, _seconds: float, call: Callable[..., None], *given: object) -> object:
        self.pending = functools.partial(call, *given)
        return self.pending

    def time_goes_by(self) -> None:
        assert self.pending is not None
        call, self.pending = self.pending, None
        call()


def test_who_takes_an_answer_piece_by_piece_keeps_the_line_until_nothing_is_taken_any_more() -> None:
    buffer = _Buffer()
    line = PatientProtocol(settings(Starlette()), ServerState(), {}, _loop=cast("Any", buffer))
    line.transport = cast("Any", buffer)
    line.flow = FlowControl(line.transport)
    buffer.left = 140_000
    line.pause_writing()
    buffer.left = 15_000  # all but that was taken, and the next piece is sent
    line.resume_writing()
    buffer.left = 143_000
    line.pause_writing()
    buffer.time_goes_by()
    assert not buffer.aborted
    buffer.left -= 20_000  # slowly, but it goes on
    buffer.time_goes_by()
    assert not buffer.aborted
    buffer.left -= 100
    buffer.time_goes_by()
    assert buffer.aborted


def test_who_took_an_answer_whole_and_asks_again_keeps_the_line_in_the_middle_of_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PatientProtocol, "_wait", lambda _: None)  # half requests are another matter
    buffer = _Buffer()
    line = PatientProtocol(settings(Starlette()), ServerState(), {}, _loop=cast("Any", buffer))
    line.transport = cast("Any", buffer)
    line.flow = FlowControl(line.transport)
    buffer.left = 50_000  # the end of an answer: too little to hold the next piece back
    line.pause_writing()
    buffer.left = 0
    line.data_received(b"GET / HT")
    buffer.left = 140_000
    line.pause_writing()
    buffer.time_goes_by()
    assert not buffer.aborted
    buffer.time_goes_by()
    assert buffer.aborted


def test_where_lines_are_short_those_give_way_on_which_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PatientProtocol, "most", 4)
    with contextlib.ExitStack() as kept, running_server() as (port, running):
        there = running.server_state.connections

        def answered() -> socket.socket:
            line = kept.enter_context(_line(port, ASK))
            assert line.recv(4096).startswith(b"HTTP/1.1 200 OK")
            return line

        half = kept.enter_context(_line(port, b"GET / HT"))
        wait_for(lambda: any(one.conn.trailing_data[0] for one in there), what="half a request")
        taking = kept.enter_context(_line(port, ASK.replace(b"/", b"/big", 1)))
        wait_for(lambda: any(one.transport.get_write_buffer_size() for one in there), what="an answer")
        lines = [answered() for _ in range(5)]
        assert [_said(line) for line in lines[:3]] == [b""] * 3
        half.sendall(b"TP/1.1\r\nHost: x\r\n\r\n")
        for line in (half, taking):
            assert line.recv(4096).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.skipif(sys.platform == "darwin", reason="there is one loopback address")
def test_who_takes_all_lines_loses_one_to_whoever_has_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientProtocol, "most", 6)
    with contextlib.ExitStack() as kept, running_server() as (port, running):
        waiting = kept.enter_context(_line(port, ASK, own="127.0.0.2"))
        assert waiting.recv(4096).startswith(b"HTTP/1.1 200 OK")
        many = [kept.enter_context(_line(port, b"GET / HT")) for _ in range(40)]
        assert {_said(line) for line in many[:35]} == {b""}
        for _ in range(3):
            waiting.sendall(ASK)
            assert waiting.recv(4096).startswith(b"HTTP/1.1 200 OK")
        assert len(running.server_state.connections) == 6


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_a_server_has_as_many_lines_as_the_system_gives_it() -> None:
    import resource

    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, now), most))
    try:
        allow_many_lines()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(most, 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (now, most))
