"""Who does not finish a request in time makes room for others: half ones could take every line there is."""

from __future__ import annotations

import asyncio
import contextlib
import sys

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_BEGUN = (h11.IDLE, h11.SEND_BODY)
_MOST_LINES = 65_536


class PatientProtocol(H11Protocol):
    """One line to a browser, which is closed when a request on it is not whole after some time.

    Attributes
    ----------
    seconds
        From its first byte, or from the beginning of the line, to its last; a vote has a few thousand bytes.
    """

    seconds = 60.0
    _limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the line, and wait for its first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request, and wait for the rest."""
        super().data_received(data)
        if self.conn.their_state not in _BEGUN:
            self._rest()
        elif self.timeout_keep_alive_task is None:
            self._wait()

    def on_response_complete(self) -> None:
        """Wait for the rest of a next request whose beginning came with the one that was answered."""
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the line."""
        self._rest()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._limit is None:
            self._limit = self.loop.call_later(self.seconds, self.transport.close)

    def _rest(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None


def allow_many_lines() -> None:
    """Let this process have as many open lines as the system gives it: the usual are too few for a crowd."""
    if sys.platform != "win32":
        import resource

        now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _MOST_LINES if most == resource.RLIM_INFINITY else min(most, _MOST_LINES)
        if now != resource.RLIM_INFINITY and now < wanted:
            with contextlib.suppress(OSError, ValueError):  # some systems say a number that they do not give
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
