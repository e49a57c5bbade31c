"""Panels and votes from and to other tools: the commands `panel import` and `panel export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gaplisten.commands.output import progress, say
from gaplisten.errors import GaplistenError
from gaplisten.exchange.tools import names, tool


class ExchangeCommandError(GaplistenError):
    """Words of an exchange command that mean nothing."""


def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Result files, or folders of them.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to make: panel results and votes read it.")],
    form: Annotated[
        str,
        typer.Option(
            "--from", metavar="TOOL", help="webmushra, p808, listen_and_rate or table; told by itself."
        ),
    ] = "",
    method: Annotated[
        str, typer.Option("--method", metavar="NAME", help="The test method, where the files cannot tell.")
    ] = "",
    title: Annotated[str, typer.Option("--title", help="What the test is called.")] = "",
    listener: Annotated[
        str, typer.Option("--listener", metavar="COLUMN", help="The column that names the listener.")
    ] = "",
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="WORD=COLUMN,...", help="listener=who,clip=file,condition=system,score=mos ..."
        ),
    ] = None,
    scores: Annotated[
        str,
        typer.Option("--scores", metavar="COLUMN,...", help="Columns of scores, each named as a condition."),
    ] = "",
    key: Annotated[
        Path | None,
        typer.Option("--key", help="A table (name, clip, condition ...) of what opaque names stand for."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="NAME", help="The condition that others are compared with."),
    ] = None,
    leave_out_untouched: Annotated[
        bool,
        typer.Option("--leave-out-untouched", help="Pages of sliders that all stand at 100 are left empty."),
    ] = False,
) -> None:
    """Read the votes of webMUSHRA, pymushra, the P.808 Toolkit, listen-and-rate or any table."""
    from gaplisten.exchange.imports import read_votes, told_of
    from gaplisten.exchange.votes.contract import Options
    from gaplisten.panel.imported import write_imported
    from gaplisten.panel.parts import ResultsPart

    wanted = tuple(one for one in (name.strip() for name in scores.split(",")) if one)
    options = Options(form, method, listener, _mapping(columns or ()), wanted, {}, leave_out_untouched)
    loaded, found = read_votes(files, options, key)
    if against is not None and against not in found.conditions:
        known = ", ".join(found.conditions)[:200]
        raise ExchangeCommandError(
            f"--against {against}", "no votes are of this condition", f"it has: {known}"
        )
    made = write_imported(
        out, found, title or files[0].stem or "Imported votes", loaded, ResultsPart(against=against)
    )
    say(f"{out}: {told_of(found)}")
    for note in (made.unchecked, *found.notes):
        say(note)


def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A built panel; of votes imported ones, too.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to make.")],
    to: Annotated[str, typer.Option("--to", metavar="TOOL", help=f"{' or '.join(names())}.")],
    url: Annotated[
        str, typer.Option("--url", metavar="ADDRESS", help="Where clips will be fetched from (p808): https.")
    ] = "",
    ratings: Annotated[
        Path | None, typer.Option("--ratings", help="Where the votes are (p808_answers).")
    ] = None,
) -> None:
    """Write a panel for webMUSHRA, pymushra or the P.808 Toolkit, or its votes for that one's parser."""
    from gaplisten.exchange.tools.contract import Request

    chosen = tool(to)
    if ratings is not None and not chosen.reads_votes:
        raise ExchangeCommandError("--ratings", f"{to} gets no votes", "leave it out")
    if bool(url) != chosen.fetches:
        way = "leave it out" if url else "say --url https://..., where you will upload the clips"
        fact = f"{to} fetches no clips" if url else "the toolkit's lists hold addresses"
        raise ExchangeCommandError("--url", fact, way)
    with progress("exporting") as job:
        for said in chosen.export(Request(folder, out, url, ratings), job):
            say(said)


def _mapping(said: Sequence[str]) -> dict[str, str]:
    from gaplisten.exchange.votes.table_of_votes import WORDS

    made: dict[str, str] = {}
    for one in (part for text in said for part in text.split(",")):
        word, there, column = one.partition("=")
        if not there or word.strip() not in WORDS or not column.strip():
            way = f"write WORD=COLUMN with one of {', '.join(WORDS)}"
            raise ExchangeCommandError(f"--map {one}", "this names no column", way)
        made[word.strip()] = column.strip()
    return made
