"""A panel in browsers: the commands `panel serve` and `panel links`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from gaplisten.commands.output import progress, say, show
from gaplisten.errors import GaplistenError
from gaplisten.languages import are

_SITE = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?")


class ServeCommandError(GaplistenError):
    """A panel that cannot be taken in browsers so."""


def serve(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A built panel.")],
    host: Annotated[
        str, typer.Option("--host", help="Where to listen; by itself this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8000,
    ratings: Annotated[
        Path | None, typer.Option("--ratings", help="Where the CSV goes, when not into the panel's folder.")
    ] = None,
    done: Annotated[
        list[str] | None,
        typer.Option(
            "--done",
            metavar="URL|CODE",
            help="Where listeners go at the end, or their code; once for each section, or once for all.",
        ),
    ] = None,
    screened_out: Annotated[
        str,
        typer.Option(
            "--screened-out", metavar="URL|CODE", help="The same for who may not take part, or will not."
        ),
    ] = "",
    failed: Annotated[
        str,
        typer.Option(
            "--failed",
            metavar="URL|CODE",
            help="The same for who failed the checks in the panel; else --done.",
        ),
    ] = "",
    frame: Annotated[
        list[str] | None,
        typer.Option(
            "--frame",
            metavar="SITE",
            help="A crowd platform that shows the test in its own frame, as https://www.mturk.com.",
        ),
    ] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(
            "--trust-proxy",
            metavar="ADDRESS",
            help="A proxy (or a network of them) that may say for whom it asks; nobody by itself.",
        ),
    ] = None,
    idle_minutes: Annotated[
        float,
        typer.Option("--idle-minutes", min=0.1, help="A session that stands still for so long is closed."),
    ] = 30.0,
    until_input_ends: Annotated[
        bool, typer.Option("--until-input-ends", hidden=True)  # given by a window, with which it ends
    ] = False,
) -> None:
    """Let listeners take a panel in their browsers, by links (`panel links`); ends with Ctrl+C."""
    _need_serve("panel serve")
    from gaplisten.panel.frozen import open_panel
    from gaplisten.panel.web_sounds import with_web_sounds
    from gaplisten.web.seats import Hall
    from gaplisten.web.serving import Doors, run_server

    frames = [one.rstrip("/") for one in frame or ()]
    for one in frames:
        if not _SITE.fullmatch(one):
            raise ServeCommandError(f"--frame {one}", "this is no site", "give it as https://www.mturk.com")
    panel = open_panel(folder)
    with progress("resampling for browsers") as job:
        sounds = with_web_sounds(panel, job)
    hall = Hall(panel, ratings, sounds, tuple(done or ()), screened_out, failed, frames)
    ends_with = sys.stdin if until_input_ends else None
    run_server(hall, Doors(host, port, tuple(proxy or ())), idle_minutes * 60, ends_with)


def links(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A built panel.")],
    count: Annotated[
        int, typer.Argument(metavar="N", min=0, max=100_000, help="For how many listeners more.")
    ] = 0,
    name: Annotated[
        list[str] | None, typer.Option("--listener", metavar="NAME", help="For this listener.")
    ] = None,
    sections: Annotated[
        int | None,
        typer.Option(
            "--sections", min=1, max=100, help="Cut the panel into so many: a link for each; for crowds."
        ),
    ] = None,
    url: Annotated[
        str, typer.Option("--url", help="How listeners reach the server.")
    ] = "http://127.0.0.1:8000",
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the table to this file.")] = None,
    ratings: Annotated[Path | None, typer.Option("--ratings", help="As for `panel serve`.")] = None,
) -> None:
    """Make links for listeners, and list all that there are: who has a link is that listener."""
    from gaplisten.panel.frozen import open_panel
    from gaplisten.web.links import Links, open_links, table_of

    panel = open_panel(folder)
    known = Links(panel, ratings or panel.ratings)
    listed = panel.definition.listeners
    if listed and (count or set(name or ()) - set(listed)):
        fact = "the panel has a list of listeners"
        raise ServeCommandError("panel links", fact, "leave N and --listener out: each of them gets a link")
    if sections is not None:
        known.cut(sections)
    known.add([*listed, *(name or ())])
    known.numbered(count)
    show(table_of(known, url), csv, f"{panel.definition.title}: links")
    for what, link in open_links(known, url).items():
        say(f"{what}: {link}")


def _need_serve(what: str) -> None:
    from gaplisten.installed import is_installed

    missing = [name for name in ("starlette", "uvicorn") if not is_installed(name)]
    if missing:
        fact = f"{' and '.join(missing)} {are(len(missing))} missing"
        raise ServeCommandError(what, fact, "pip install 'gaplisten[serve]'")
