"""The server: routes over seats, each seat's work in a thread of its own, nothing about anybody in a log."""

from __future__ import annotations

import asyncio
import html
import sys
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gaplisten import folders
from gaplisten.durable.locks import Locked
from gaplisten.errors import GaplistenError
from gaplisten.panel.beginning import Crowded
from gaplisten.panel.journal import NotSaved
from gaplisten.panel.safety import UntrustedPanel, clean_name
from gaplisten.panel.scales import texts
from gaplisten.panel.watch import panel_status
from gaplisten.web.forgetting import LETS_GO_SECONDS
from gaplisten.web.guard import Guard, Rate
from gaplisten.web.links import Links, LinksLost, listener_in, parameters_in
from gaplisten.web.received import SentStep, SentTrial
from gaplisten.web.seats import Elsewhere, Hall, Reply, Seat, Sending, said_of

IDLE_SECONDS = 1800.0  # so long nobody asked anything of a session: it is closed, its link opens it again
_OPENING_AT_ONCE = 4
_STATUS_SECONDS = 5.0  # so old the supervisor's page may be
_RATE = Rate(at_once=120, a_second=20)
_PAGES = {"panel.js": "text/javascript", "panel.css": "text/css"}
Sent = TypeVar("Sent", bound=BaseModel)


def say(text: str) -> None:
    """Tell whoever runs the server something, on the terminal."""
    print(f"gaplisten: {text}", file=sys.stderr, flush=True)


class Server:
    """One panel's seats and pages."""

    def __init__(
        self, hall: Hall, links: Links, *, idle_seconds: float = IDLE_SECONDS, rate: Rate = _RATE
    ) -> None:
        self._hall, self._links, self._idle, self._rate = hall, links, idle_seconds, rate
        self._words = texts(hall.panel.definition.language)
        self._seats: dict[str, tuple[Seat, asyncio.Lock]] = {}
        folder = folders.resources() / "web"
        self._files = {name: (folder / name).read_bytes() for name in _PAGES}
        page = (folder / "panel.html").read_text(encoding="utf-8")
        self._page = page.replace("{language}", hall.panel.definition.language)
        self._status: tuple[float, str] = (-_STATUS_SECONDS, "")
        self._full = False
        # Who begins draws an order, one after the other: all others' threads are free meanwhile.
        self._opening = asyncio.Semaphore(_OPENING_AT_ONCE)

    def app(self) -> Starlette:
        """Return the application that a web server runs."""
        seat = "/s/{token}"
        app = Starlette(
            routes=[
                Route("/{name}", self._file),
                Route("/join/{study}", self._join),
                Route("/join/{study}/{section:int}", self._join),
                Route("/supervisor/{token}/", self._supervisor),
                Route(seat, self._slash),
                Route(f"{seat}/", self._begin),
                Route(f"{seat}/open", self._open, methods=["POST"]),
                Route(f"{seat}/trial", self._trial, methods=["POST"]),
                Route(f"{seat}/step", self._step, methods=["POST"]),
                Route(f"{seat}/on", self._on, methods=["POST"]),
                Route(f"{seat}/sound/{{name}}", self._sound),
            ],
            middleware=[Middleware(Guard, rate=self._rate, is_link=self._is_link, frames=self._hall.frames)],
            exception_handlers={Exception: self._failed},
            lifespan=self._living,
        )
        app.router.redirect_slashes = False  # it would tell the name of this machine behind a proxy
        return app

    @asynccontextmanager
    async def _living(self, _: Starlette) -> AsyncIterator[None]:
        looking = asyncio.create_task(self._close_idle())
        try:
            yield
        finally:
            looking.cancel()
            for seat, _lock in self._seats.values():
                seat.close()

    async def _close_idle(self) -> None:
        while True:
            await asyncio.sleep(min(LETS_GO_SECONDS / 2, self._idle / 4))
            for seat, lock in list(self._seats.values()):
                if seat.is_open and self._is_over(seat) and not lock.locked():
                    async with lock:
                        await run_in_threadpool(seat.close)

    def _is_over(self, seat: Seat) -> bool:
        if self._hall.monotonic() - seat.used > self._idle:
            return True
        try:
            return not self._is_link(seat.link.token)
        except LinksLost:  # nobody knows until somebody puts them back
            return False

    # --- pages ------------------------------------------------------------------------------------------

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._files:
            return PlainTextResponse("", 404)
        return Response(self._files[name], media_type=_PAGES[name])

    def _plain(self, text: str, status: int = 200) -> Response:
        """Return a page with a sentence."""
        language = self._hall.panel.definition.language
        page = (
            f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>Gaplisten</title>'
            '<meta name="viewport" content="width=device-width">'
            f'<link rel="stylesheet" href="../../panel.css"><main><p>{html.escape(text)}</p></main></html>'
        )
        return HTMLResponse(page, status)

    async def _slash(self, request: Request) -> Response:
        return RedirectResponse(f"{request.path_params['token']}/", 303)

    async def _begin(self, request: Request) -> Response:
        known = self._links.find(request.path_params["token"]) is not None
        return HTMLResponse(self._page) if known else self._plain(self._words["web_no_link"], 404)

    async def _join(self, request: Request) -> Response:
        """Give whoever comes from a crowd platform a link of their own, the same one each time."""
        if request.path_params["study"] != self._links.study:
            return self._plain(self._words["web_no_link"], 404)
        query = request.query_params
        if query.get("assignmentId") == "ASSIGNMENT_ID_NOT_AVAILABLE":
            return self._plain(self._words["web_preview"])
        try:
            name = clean_name(listener_in(query), "listener")
            links = await run_in_threadpool(self._links.add, [name], parameters_in(query))
        except UntrustedPanel:
            return self._plain(self._words["web_no_link"], 400)
        section = request.path_params.get("section", 1)
        if not 1 <= section <= len(links):
            return self._plain(self._words["web_no_link"], 404)
        up = "../../" if "section" in request.path_params else "../"
        return RedirectResponse(f"{up}s/{links[section - 1].token}/", 303)

    async def _supervisor(self, request: Request) -> Response:
        if request.path_params["token"] != self._links.supervisor:
            return self._plain(self._words["web_no_link"], 404)
        made, page = self._status
        now = self._hall.monotonic()
        if now - made >= _STATUS_SECONDS:
            page = await run_in_threadpool(self._progress)
            self._status = (now, page)
        return HTMLResponse(page)

    def _progress(self) -> str:
        """Return the page that says who is how far; no score and no condition is in it."""
        panel = self._hall.panel
        found = panel_status(panel, self._hall.ratings)
        begun = {one.listener.casefold() for one in found}
        rows = [
            (
                one.listener,
                f"{one.done} / {one.total}",
                "finished" if one.finished else "open" if one.open_now else "waiting",
                "" if one.seconds is None else f"{one.seconds:g}",
                one.last_saved,
                one.problem,
            )
            for one in found
        ]
        linked = dict.fromkeys(one.listener for one in self._links.all())
        rows += [(name, "", "has a link", "", "", "") for name in linked if name.casefold() not in begun]
        cells = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
        )
        head = ("listener", "trials", "state", "median s", "last saved", "problem")
        names = "".join(f"<th scope=col>{name}</th>" for name in head)
        finished = sum(one.finished for one in found)
        title = html.escape(panel.definition.title)
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="10">'
            '<meta name="viewport" content="width=device-width"><title>Gaplisten: progress</title>'
            f'<link rel="stylesheet" href="../../panel.css"><main class="wide"><h1>{title}</h1>'
            f"<p>{finished} of {len(rows)} finished</p>"
            f"<table><thead><tr>{names}</tr></thead><tbody>{cells}</tbody></table></main></html>"
        )

    # --- seats ------------------------------------------------------------------------------------------

    async def _open(self, request: Request) -> Response:
        await self._leave_others(request.path_params["token"])
        async with self._opening:
            return await self._at_seat(request, lambda seat, tab: seat.open())

    async def _on(self, request: Request) -> Response:
        return await self._at_seat(request, lambda seat, tab: seat.go_on(tab))

    async def _trial(self, request: Request) -> Response:
        sent = await _body(request, SentTrial)
        if sent is None:
            return PlainTextResponse("", 400)
        return await self._at_seat(request, lambda seat, tab: seat.trial(tab, sent))

    async def _step(self, request: Request) -> Response:
        sent = await _body(request, SentStep)
        if sent is None:
            return PlainTextResponse("", 400)
        return await self._at_seat(request, lambda seat, tab: seat.step(tab, sent))

    async def _sound(self, request: Request) -> Response:
        if (found := self._seat(request)) is None:
            return PlainTextResponse("", 404)
        seat, lock = found
        try:
            async with lock:
                sending = await run_in_threadpool(seat.sound, request.path_params["name"])
        except GaplistenError as error:
            return self._told(error)
        return PlainTextResponse("", 404) if sending is None else _InPieces(sending)

    async def _leave_others(self, token: str) -> None:
        """Let a listener's session go that is open behind another of their links: the newest page counts."""
        if (link := self._links.find(token)) is None:
            return
        for other, (seat, lock) in list(self._seats.items()):
            if other != token and seat.is_open and seat.link.listener == link.listener:
                async with lock:
                    await run_in_threadpool(seat.close)

    def _is_link(self, token: str) -> bool:
        return self._links.find(token) is not None

    def _seat(self, request: Request) -> tuple[Seat, asyncio.Lock] | None:
        token = request.path_params["token"]
        link = self._links.find(token)
        if link is None:
            if (gone := self._seats.pop(token, None)) is not None:
                gone[0].close()
            return None
        if token not in self._seats:
            self._seats[token] = (Seat(self._hall, link, self._links.sections), asyncio.Lock())
        seat, lock = self._seats[token]
        seat.link = link  # a platform may have said something else of its listener since
        return seat, lock

    async def _at_seat(self, request: Request, ask: Callable[[Seat, str], Reply]) -> Response:
        """Answer with what a seat says; one request of a seat at a time."""
        found = self._seat(request)
        if found is None:
            return JSONResponse({"text": self._words["web_no_link"]}, 404)
        seat, lock = found
        tab = request.headers.get("x-tab", "")
        try:
            async with lock:
                reply = await run_in_threadpool(ask, seat, tab)
        except Elsewhere:
            return JSONResponse({"elsewhere": True, "text": self._words["web_elsewhere"]}, 409)
        except GaplistenError as error:
            return self._told(error)
        self._full = False
        return JSONResponse(reply.told, reply.status)

    def _told(self, error: GaplistenError) -> Response:
        """Answer with the sentence for an error, and say on the terminal what is to be done, about nobody."""
        if isinstance(error, NotSaved | LinksLost):
            if not self._full:  # once, not at each try
                say(f"{error.fact}; {error.way_out}")
            self._full = True
        elif not isinstance(error, Locked):
            say(f"a session cannot go on: {type(error).__name__} (see gaplisten panel status)")
        waits = isinstance(error, Locked) and not isinstance(error, Crowded)
        status = 423 if waits else 503
        return JSONResponse({"text": said_of(error, self._words)}, status)

    async def _failed(self, _: Request, error: Exception) -> Response:
        # Where it happened, and nothing of what was at hand: that may be somebody's name or link.
        places = "".join(traceback.format_tb(error.__traceback__))
        say(f"{type(error).__name__} at\n{places}")
        return JSONResponse({"text": self._words["web_failed"]}, 500)


class _InPieces(Response):
    """A sound, of which the next piece is made when the last one was taken."""

    def __init__(self, sending: Sending) -> None:
        headers = {"Content-Length": str(sending.length)}
        super().__init__(headers=headers, media_type="application/octet-stream")
        self._pieces = sending.pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _body(request: Request, kind: type[Sent]) -> Sent | None:
    try:
        return kind.model_validate_json(await request.body())
    except (ValidationError, ValueError):
        return None
