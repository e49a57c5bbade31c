"""Half a request does not hold a line for ever."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from gaplisten.web.patience import PatientProtocol, allow_many_lines
from gaplisten.web.serving import settings
from kit.timing import PATIENCE

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


@contextlib.contextmanager
def server() -> Iterator[int]:
    app = Starlette(routes=[Route("/", _answer, methods=["GET", "POST"])])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = uvicorn.Server(settings(app))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
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
