"""`gaplisten panel results`: what a panel found, who was left out and why."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from gaplisten.commands.output import show
from gaplisten.errors import GaplistenError
from gaplisten.panel.results.evaluation import Results, evaluate
from gaplisten.panel.results.report import (
    by_listener_table,
    listeners_table,
    main_table,
    save_tables,
    strata_table,
    summary,
)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)


class NoFigure(GaplistenError):  # noqa: N818 - reads as the fact it is
    """A figure that cannot be drawn here."""


def _leave_out(said: list[str] | None) -> dict[str, str]:
    pairs = [one.partition("=") for one in said or []]
    return {name: reason or "left out by hand" for name, _, reason in pairs}


class NoSuchListener(GaplistenError):  # noqa: N818 - reads as the fact it is
    """A name given by hand that is no listener's: a decision that would change nothing, silently."""


def _refuse_strangers(results: Results, names: Iterable[str]) -> None:
    known = [one.name for one in results.listeners]
    for name in names:
        if name not in known and name not in results.running:
            said = ", ".join(known)[:200] or "nobody yet"
            raise NoSuchListener(name, "no listener of this panel has that name", f"it has: {said}")


def _write(results: Results, csv: Path) -> None:
    print(f"written: {', '.join(map(str, (csv, *save_tables(results, csv))))}")


def _draw(results: Results, figure: Path) -> None:
    try:
        from gaplisten.ui.results.figure import save_figure
    except ImportError as error:
        raise NoFigure(str(figure), f"figures need Qt: {error}", "install PySide6-Essentials") from error
    save_figure(results, figure)
    print(f"written: {figure}")


@app.command()
def results(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A built panel.")],
    ratings: Annotated[
        Path | None, typer.Option("--ratings", help="The ratings folder, when not the panel's own.")
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv", help="Write conditions and strata there, who listened and each one's results beside."
        ),
    ] = None,
    figure: Annotated[Path | None, typer.Option("--figure", help="Draw into this .png or .svg file.")] = None,
    keep: Annotated[
        list[str] | None, typer.Option("--keep", metavar="NAME", help="Count this listener all the same.")
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option("--leave-out", metavar="NAME=WHY", help="Do not count this listener."),
    ] = None,
) -> None:
    """Means with 95 % intervals per condition and burst stratum, exact tests, screening."""
    from gaplisten.commands.panel import refuse_missing
    from gaplisten.panel.frozen import open_panel

    panel = open_panel(folder)
    refuse_missing(ratings)
    by_hand = _leave_out(leave_out)
    found = evaluate(panel, ratings, keep=keep or (), leave_out=by_hand)
    _refuse_strangers(found, [*(keep or ()), *by_hand])
    if not found.listeners:
        hidden = f"; hidden while open: {', '.join(found.running)}" if found.running else ""
        print(f"{folder}: no ratings yet{hidden}")
        for problem in found.problems:
            print(problem)
        raise typer.Exit(1 if found.problems else 0)
    show(main_table(found), title=f"{found.title}: {found.score_name}, 95 % intervals over listeners")
    if found.strata or found.pair_strata:
        show(strata_table(found), title="By longest burst")
    if found.pairs:
        show(by_listener_table(found), title="Each listener")
    show(listeners_table(found), title="Listeners")
    for said in summary(found):
        print(said)
    if csv is not None:
        _write(found, csv)
    if figure is not None:
        _draw(found, figure)
    raise typer.Exit(1 if found.problems else 0)
