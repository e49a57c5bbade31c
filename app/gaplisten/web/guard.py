"""What stands before every request: how much it may hold, how often it may come, what every answer bears."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gaplisten.web.received import LARGEST

# Nothing but what this server sends, and in no other page; sounds come by fetch.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action {0}; base-uri 'none'; frame-ancestors {0}"
)
_ALWAYS = {
    # Neither kept nor packed on the way: packed sizes tell sounds apart.
    "Cache-Control": "no-store, no-transform",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the address holds the listener's token
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}
_MOST_KNOWN = 50_000


@dataclass(frozen=True)
class Rate:
    """How often something may come: so many at once, so many a second in the long run."""

    at_once: float
    a_second: float


class Bucket:
    """Counts what comes from each of many, in memory only."""

    def __init__(self, rate: Rate, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._now = rate, monotonic
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def takes(self, who: str) -> bool:
        """Tell whether one more may come from there now."""
        now = self._now()
        left, since = self._left.pop(who, (self._rate.at_once, now))
        left = min(self._rate.at_once, left + (now - since) * self._rate.a_second)
        self._left[who] = (max(0.0, left - 1), now)
        while len(self._left) > _MOST_KNOWN:
            self._left.popitem(last=False)
        return left >= 1


class Guard:
    """Refuses what is too large, of another type or too often; sets the headers of every answer.

    Parameters
    ----------
    is_link
        Whether there is a link with this token.
    frames
        The sites that may show a page in a frame, and get its form.
    """

    def __init__(
        self, app: ASGIApp, rate: Rate, is_link: Callable[[str], bool], frames: Sequence[str] = ()
    ) -> None:
        self._app, self._bucket, self._is_link = app, Bucket(rate), is_link
        self._headers = {
            **_ALWAYS,
            "Content-Security-Policy": _POLICY.format(" ".join(frames) or "'none'"),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        refused = self._refused(scope)
        if refused is not None:
            await PlainTextResponse("", refused)(scope, receive, with_headers)
            return
        await self._app(scope, receive, with_headers)

    def _refused(self, scope: Scope) -> int | None:
        """Return the status with which a request is refused, or None."""
        if not self._bucket.takes(self._from(scope)):
            return 429
        if scope["method"] != "POST":
            return None
        headers = Headers(scope=scope)
        # No form of another site can send this type unasked.
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return 415
        length = headers.get("content-length", "")
        # Sent in pieces it has whatever length it likes; with both, proxy and server may read two requests.
        if not length.isdecimal() or "transfer-encoding" in headers:
            return 411
        return 413 if int(length) > LARGEST else None

    def _from(self, scope: Scope) -> str:
        """Return whom a request is counted for: its link; where it comes from, if it has none that there is.

        Whoever tries links is counted as one, however many there are; who has one is not held up by that.
        """
        parts = scope["path"].split("/")
        client = scope.get("client")
        where = client[0] if client else ""
        known = len(parts) > 3 and parts[1] == "s" and self._is_link(parts[2])
        return f"{parts[2]} {where}" if known else where
