"""Panels and votes from and to other tools: the commands `panel import` and `panel export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gaplisten.errors import GaplistenError
from gaplisten.languages import counted


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
    from gaplisten.exchange.votes import import_votes, load
    from gaplisten.exchange.votes.contract import Options, read_key
    from gaplisten.panel.imported import write_imported
    from gaplisten.panel.parts import ResultsPart

    loaded = load(files)
    meant = read_key(str(key), load([key])[str(key)]) if key is not None else {}
    wanted = tuple(one for one in (name.strip() for name in scores.split(",")) if one)
    options = Options(form, method, listener, _mapping(columns or ()), wanted, meant, leave_out_untouched)
    found = import_votes(loaded, options)
    if against is not None and against not in {one.condition for one in found.votes}:
        known = ", ".join(dict.fromkeys(one.condition for one in found.votes))[:200]
        raise ExchangeCommandError(
            f"--against {against}", "no votes are of this condition", f"it has: {known}"
        )
    name = title or files[0].stem or "Imported votes"
    made = write_imported(out, found, name, loaded, ResultsPart(against=against))
    votes, listeners = len(found.votes), len({one.listener for one in found.votes})
    clips = len({one.clip for one in found.votes})
    told = f"{counted(votes, 'vote')} of {counted(listeners, 'listener')} on {counted(clips, 'clip')}"
    print(f"{out}: {told} ({found.method.title})")
    for said in (made.unchecked, *found.notes):
        print(said)


_TO = ("webmushra", "p808", "p808_answers")


def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A built panel; of votes imported ones, too.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to make.")],
    to: Annotated[str, typer.Option("--to", metavar="TOOL", help=f"{' or '.join(_TO)}.")],
    url: Annotated[
        str, typer.Option("--url", metavar="ADDRESS", help="Where clips will be fetched from (p808): https.")
    ] = "",
    ratings: Annotated[
        Path | None, typer.Option("--ratings", help="Where the votes are (p808_answers).")
    ] = None,
) -> None:
    """Write a panel for webMUSHRA, pymushra or the P.808 Toolkit, or its votes for that one's parser."""
    if to not in _TO:
        raise ExchangeCommandError(
            f"--to {to}", "no export to such a tool is known", f"choose {' or '.join(_TO)}"
        )
    if ratings is not None and to != "p808_answers":
        raise ExchangeCommandError("--ratings", f"{to} gets no votes", "leave it out")
    if bool(url) != (to == "p808"):
        way = "leave it out" if url else "say --url https://..., where you will upload the clips"
        fact = f"{to} fetches no clips" if url else "the toolkit's lists hold addresses"
        raise ExchangeCommandError("--url", fact, way)
    if to == "webmushra":
        _export_webmushra(folder, out)
    elif to == "p808":
        _export_input(folder, out, url)
    else:
        _export_answers(folder, out, ratings)


def _export_webmushra(folder: Path, out: Path) -> None:
    from gaplisten.commands.output import progress
    from gaplisten.exchange.webmushra import SERVED, export_webmushra
    from gaplisten.panel.frozen import open_panel

    panel = open_panel(folder)
    with progress("exporting") as job:
        made = export_webmushra(panel, out, job)
    print(f"{out}: {counted(made.sounds, 'sound')}")
    print(f"copy what is in {out / SERVED} into webMUSHRA's folder; listeners open ?config={made.name}.yaml")
    print(f"{out / 'key.csv'} says what the names stand for: keep it, and give it to panel import --key")
    for said in made.notes:
        print(said)


def _export_input(folder: Path, out: Path, url: str) -> None:
    from gaplisten.commands.output import progress
    from gaplisten.exchange.p808_input import UPLOAD, export_input
    from gaplisten.panel.frozen import open_panel

    panel = open_panel(folder)
    with progress("exporting") as job:
        made = export_input(panel, out, url, job)
    print(f"{out}: {counted(made.sounds, 'sound')}; upload what is in {out / UPLOAD} to {url}")
    lists = " ".join(f"--{option} {file}" for option, file in made.lists.items())
    print(f"in {out}: python master_script.py --project NAME --cfg master.cfg --method {made.method} {lists}")
    print(f"{out / 'key.csv'} says what the names stand for: keep it, and give it to panel import --key")
    for said in made.notes:
        print(said)


def _export_answers(folder: Path, out: Path, ratings: Path | None) -> None:
    from gaplisten.exchange.p808_answers import ANSWERS, SETTINGS, export_answers
    from gaplisten.panel.imported import open_source

    made = export_answers(open_source(folder), out, ratings)
    print(f"{out}: {counted(made.votes, 'vote')} in {counted(made.sessions, 'session')}")
    words = f"--cfg {SETTINGS} --method {made.method} --answers {ANSWERS} --quantity_bonus all"
    print(f"in {out}: python result_parser.py {words}")
    print(f"{out / 'key.csv'} says what the names stand for; condition_num is the number behind _c")
    for said in made.notes:
        print(said)


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
