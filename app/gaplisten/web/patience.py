"""Who does not finish a request, or does not take the answer, makes room for others.

Half requests, answers that nobody reads and lines on which nothing is asked could take every line there is.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections import Counter

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_BEGUN = (h11.IDLE, h11.SEND_BODY)
_MOST_FILES = 65_536
_KEPT_FREE = 256  # files that sessions, sounds and links need, of those that the system gives
_LEAST_TAKEN = 16 * 2**10  # bytes of an answer that a browser takes in `seconds`, if it takes any
# Linux and macOS keep megabytes of an answer by themselves, and take more only after a third of them has
# gone: over a line of 10 kB in a second nothing moves here for a minute. So they are to keep little unsent.
_LEFT_UNSENT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_UNSENT = 32 * 2**10  # bytes


class PatientProtocol(H11Protocol):
    """One line to a browser, which is closed when nothing comes of it, or when another needs its place.

    Attributes
    ----------
    seconds
        A request is whole so long after its first byte, or after the beginning of the line, and so long may
        a browser take nothing of an answer. A vote has a few thousand bytes.
    most
        So many lines there are at once. Where one more comes, whoever has the most of them loses the one that
        has waited for its browser for longest: one on which nothing more is asked before half a request, and
        that before an answer that is being taken. Browsers open a new one when they need it.
    """

    seconds = 60.0
    most = 1024
    _limit: asyncio.TimerHandle | None = None
    _watch: asyncio.TimerHandle | None = None
    _took = False
    _since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the line, and wait for its first request."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._make_room()
        # asyncio does so for sockets that it made itself. Else an answer's body waits for the browser's word
        # that the head has come, and browsers put that off for 40 ms.
        line = transport.get_extra_info("socket")
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        if _LEFT_UNSENT is not None:
            line.setsockopt(socket.IPPROTO_TCP, _LEFT_UNSENT, _UNSENT)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request, and wait for the rest."""
        super().data_received(data)
        if self.conn.their_state not in _BEGUN:
            self._rest()
        elif self.timeout_keep_alive_task is None:
            self._wait()
        self._look_after_answer()

    def on_response_complete(self) -> None:
        """Wait for the rest of a next request whose beginning came with the one that was answered."""
        self._since = self.loop.time()
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._wait()
        self._look_after_answer()

    def pause_writing(self) -> None:
        """Send no more until the browser has taken what was sent."""
        super().pause_writing()
        self._look_after_answer()

    def resume_writing(self) -> None:
        """Send the next piece: the browser has taken most of what was sent."""
        self._took = True
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the line."""
        self._rest()
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    # --- half requests ----------------------------------------------------------------------------------

    def _wait(self) -> None:
        if self._limit is None:
            self._limit = self.loop.call_later(self.seconds, self.transport.close)

    def _rest(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    # --- answers that nobody takes ----------------------------------------------------------------------

    def _look_after_answer(self) -> None:
        left = self.transport.get_write_buffer_size()
        if not left:
            self._took = True  # all of it, and the next answer may have begun when it is looked at again
        elif self._watch is None:
            self._took = False
            self._watch = self.loop.call_later(self.seconds, self._look_again, left)

    def _look_again(self, before: int) -> None:
        self._watch = None
        left = self.transport.get_write_buffer_size()
        if left and not self._took and before - left < min(before, _LEAST_TAKEN):
            self.transport.abort()  # `close` would wait until it is taken
        else:
            self._look_after_answer()

    # --- more lines than there may be -------------------------------------------------------------------

    def _make_room(self) -> None:
        lines = [one for one in self.connections if isinstance(one, PatientProtocol)]
        lines = [one for one in lines if not one.transport.is_closing()]
        if len(lines) <= self.most:
            return
        from_there = Counter(one._from for one in lines)
        waiting = [
            ((-from_there[one._from], what, one._since), one)
            for one in lines
            if one is not self and (what := one._waits_for) is not None
        ]
        _, chosen = min(waiting, key=lambda one: one[0], default=((), self))
        chosen.transport.abort()

    @property
    def _from(self) -> str:
        return self.client[0] if self.client else ""

    @property
    def _waits_for(self) -> int | None:
        """What its browser has to do: ask more (0), ask the rest (1), take it (2); None if nothing."""
        if self.transport.get_write_buffer_size():
            return 2
        if self.conn.their_state in _BEGUN:
            answered = self.cycle is not None and self.cycle.response_complete
            return 0 if answered and not self.conn.trailing_data[0] else 1
        return None


def allow_many_lines() -> None:
    """Let this process have as many open lines as it may: the usual are too few for a crowd."""
    if sys.platform != "win32":  # there the usual is not limited
        import resource

        now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _MOST_FILES if most == resource.RLIM_INFINITY else min(most, _MOST_FILES)
        if now != resource.RLIM_INFINITY and now < wanted:
            with contextlib.suppress(OSError, ValueError):  # some systems say a number that they do not give
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
                now = wanted
        if now != resource.RLIM_INFINITY:
            PatientProtocol.most = min(PatientProtocol.most, max(1, now - _KEPT_FREE))
