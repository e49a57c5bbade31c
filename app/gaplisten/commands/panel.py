"""`gaplisten panel`: make, take, watch and evaluate a listening test."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaplisten.commands.folder_options import Accept, say_doubts
from gaplisten.commands.output import progress, say, say_note, show
from gaplisten.commands.panel_exchange import export, import_
from gaplisten.commands.panel_plan import plan_, show_design
from gaplisten.commands.panel_serve import links, serve
from gaplisten.display import lacking
from gaplisten.durable.files import not_written, write_whole
from gaplisten.errors import GaplistenError, in_line
from gaplisten.languages import counted, decimal_mark
from gaplisten.panel import methods
from gaplisten.tables import Table

if TYPE_CHECKING:
    from gaplisten.panel.frozen import FrozenPanel
    from gaplisten.panel.results.evaluation import Results

_BUILT = "A built panel, or imported votes."
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__, no_args_is_help=True)

Ratings = Annotated[
    Path | None, typer.Option("--ratings", help="The ratings folder, when not the panel's own.")
]
Keep = Annotated[
    list[str] | None, typer.Option("--keep", metavar="NAME", help="Count this listener all the same.")
]
LeaveOut = Annotated[
    list[str] | None, typer.Option("--leave-out", metavar="NAME=WHY", help="Do not count this listener.")
]


class PanelCommandError(GaplistenError):
    """A panel command that cannot be carried out."""


@app.command()
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="The file to write.")],
    method: Annotated[
        str, typer.Option("--method", help=f"The test method: {', '.join(methods.names())}.")
    ] = methods.PLAINEST,
    title: Annotated[str, typer.Option("--title", help="What listeners see.")] = "My panel",
) -> None:
    """Write a commented panel definition to begin with."""
    from gaplisten.panel.starter import starter

    text = starter(methods.method(method), title)  # first: a method that is not known leaves no file
    try:
        if os.path.lexists(file):
            raise PanelCommandError(str(file), "is there already", "give another name, or remove it")
        write_whole(file, text)
    except OSError as error:
        raise PanelCommandError(*not_written(file, error)) from error
    say(f"{file} written; edit it, then: gaplisten panel build {file} --out FOLDER")


@app.command()
def build(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="The panel's definition.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to make.")],
    allow: Annotated[
        list[Path] | None,
        typer.Option(
            "--allow", metavar="DIR", help="A folder outside the definition's own that it may read."
        ),
    ] = None,
    allow_programs: Annotated[
        bool, typer.Option("--allow-programs", help="Let the definition run programs through concealers.")
    ] = False,
    plugins: Annotated[
        list[Path] | None,
        typer.Option("--plugins", metavar="DIR", help="Look for plugins in this folder too."),
    ] = None,
    accept: Accept = False,
    web: Annotated[
        bool,
        typer.Option("--web", help="Make the sounds for browsers, too; else the first `serve` makes them."),
    ] = False,
) -> None:
    """Render and freeze every stimulus of a panel into one folder that can be copied to other machines."""
    from gaplisten.batch.panel_renderer import CatalogueRenderer
    from gaplisten.concealers.catalogue import Catalogue
    from gaplisten.panel.build import build as build_panel
    from gaplisten.panel.build import doubts_in
    from gaplisten.panel.checks import said_of_checks
    from gaplisten.panel.definition import read_definition
    from gaplisten.panel.selection import Places

    definition = read_definition(file)
    places = Places(file.resolve().parent, tuple(allow or ()))
    with progress("checking clips") as job:
        doubts = doubts_in(definition, places, job)
    say_doubts((f"{name}: {each}" for name, found in doubts.items() for each in found), accepted=accept)
    catalogue = Catalogue.scan(plugins) if plugins else None
    for problem in catalogue.problems if catalogue else ():
        say_note(problem)
    with CatalogueRenderer(catalogue, programs=allow_programs) as renderer, progress("building") as job:
        panel = build_panel(definition, out, renderer, places=places, job=job, doubts=doubts)
    say(f"{out}: {counted(len(panel.key.stimuli), 'stimulus', 'stimuli')}")
    print(f"panel {panel.sha256}")
    for said in said_of_checks(panel.key):
        say(said)
    if web:
        _make_web_sounds(panel)
    show_design(panel.key.found)
    for clip in panel.key.clips:
        for note in [*clip.notes, *([clip.gain_reason] if clip.gain_reason else [])]:
            say(f"{clip.name}: {note}")


def _make_web_sounds(panel: FrozenPanel) -> None:
    from gaplisten.panel.web_sounds import WEB_RATE, with_web_sounds

    with progress("resampling for browsers") as job:
        made = with_web_sounds(panel, job)
    print(f"for browsers: {counted(len(made.sha256), 'sound')} at {WEB_RATE} Hz ({made.resampler})")


app.command("plan")(plan_)


@app.command()
def run(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A built panel.")],
    listener: Annotated[str | None, typer.Option("--listener", help="The listener's name.")] = None,
    ratings: Annotated[
        Path | None, typer.Option("--ratings", help="Where the CSV goes, when not into the panel's folder.")
    ] = None,
    level: Annotated[
        str, typer.Option("--level", help="The playback level, recorded with the session: '73 dB SPL'.")
    ] = "",
    headphones: Annotated[
        str, typer.Option("--headphones", help="What is listened with, recorded with the session.")
    ] = "",
) -> None:
    """Take a panel; continues where the listener stopped."""
    if why := lacking():
        raise PanelCommandError("panel run", why, "set DISPLAY, or go to a machine with one")
    try:
        import PySide6.QtWidgets  # noqa: F401 - its libraries are what is looked for

        from gaplisten.ui.panel import run_panel
    except ImportError as error:
        fact = f"taking a panel needs a window: {error}"
        raise PanelCommandError("panel run", fact, "install PySide6-Essentials") from error
    raise typer.Exit(run_panel(folder, listener, ratings=ratings, setup=_setup(level, headphones)))


def _setup(level: str, headphones: str) -> dict[str, str]:
    return {name: said for name, said in (("level", level), ("headphones", headphones)) if said}


app.command()(serve)
app.command()(links)


@app.command()
def forget(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A built panel.")],
    listener: Annotated[str, typer.Argument(metavar="NAME", help="Who shall be forgotten.")],
    why: Annotated[str, typer.Option("--why", help="The reason; it is kept, without a name.")] = "asked to",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    ratings: Ratings = None,
) -> None:
    """Erase one listener's votes, answers and link for good; that somebody was erased is counted."""
    from gaplisten.panel.frozen import open_panel
    from gaplisten.web.forgetting import forget as forget_listener

    panel = open_panel(folder)
    refuse_missing(ratings)
    if not yes:
        typer.confirm(f"Erase all that {in_line(listener)} gave? This cannot be undone", abort=True)
    for said in forget_listener(panel, listener, why, ratings).splitlines():
        say(said)


@app.command()
def status(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A built panel.")],
    ratings: Ratings = None,
    verify: Annotated[bool, typer.Option("--verify", help="Check every stimulus against its hash.")] = False,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the table to this file.")] = None,
    design: Annotated[
        bool, typer.Option("--design", help="Count the orders: as built, and as drawn so far.")
    ] = False,
) -> None:
    """Tell who is how far; conditions and scores stay hidden."""
    from gaplisten.panel.design.counting import minutes_said
    from gaplisten.panel.frozen import open_panel
    from gaplisten.panel.watch import panel_status, trial_seconds

    panel = open_panel(folder)
    refuse_missing(ratings)
    if verify:
        with progress("verifying") as job:
            panel.verify(job)
        print(f"{counted(len(panel.key.stimuli), 'stimulus is', 'stimuli are')} as built")
    found = panel_status(panel, ratings)
    rows = tuple(
        (
            one.listener,
            one.done,
            one.total,
            _word(one.finished, one.open_now),
            one.seconds,
            one.last_saved,
            one.problem,
        )
        for one in found
    )
    columns = ("listener", "done", "trials", "state", "median s", "last saved", "problem")
    show(Table(columns, rows), csv, f"{panel.definition.title} ({panel.definition.method.name})")
    if (seconds := trial_seconds(found)) is not None:
        planned, measured = minutes_said(panel.key), minutes_said(panel.key, seconds)
        print(f"A listener takes about {measured}; {planned} had been estimated.")
    if design:
        _show_designs(panel, ratings)
    raise typer.Exit(1 if any(one.problem for one in found) else 0)


@app.command()
def answers(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_BUILT)],
    ratings: Ratings = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the table to this file.")] = None,
) -> None:
    """Answers to questions, and each attempt at each check: right, needed, and what guessing would pass."""
    from gaplisten.panel.answer_table import answer_table
    from gaplisten.panel.imported import open_source

    panel = open_source(folder)
    refuse_missing(ratings)
    table, problems = answer_table(panel, ratings)
    show(table, csv, f"{panel.definition.title}: answers")
    for problem in problems:
        say(problem)
    raise typer.Exit(1 if problems else 0)


def _show_designs(panel: FrozenPanel, ratings: Path | None) -> None:
    from gaplisten.panel.beginning import begun_sessions
    from gaplisten.panel.design.counting import as_rows, count

    print("as built, with simulated listeners:" if panel.key.found else "built with the first design")
    show_design(panel.key.found)
    sessions = list(begun_sessions(panel, ratings or panel.ratings))
    if sessions:
        voted = [
            [item for number, item in enumerate(one.drawn.items, start=1) if number in one.taken]
            for one in sessions
        ]
        print("votes given so far:")
        show_design(as_rows(panel.key, count(panel.key, voted)))


def refuse_missing(ratings: Path | None) -> None:
    """Tell a wrong ratings folder from one without ratings."""
    if ratings is not None and not ratings.is_dir():
        raise PanelCommandError(str(ratings), "there is no such ratings folder", "check the path")


def _word(finished: bool, open_now: bool) -> str:
    if finished:
        return "finished"
    return "open" if open_now else "waiting"


@app.command()
def results(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_BUILT)],
    ratings: Ratings = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv", help="Write conditions and strata there, who listened and each one's results beside."
        ),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option("--figure", help="Draw into this .pdf, .svg or .png file.")
    ] = None,
    show_: Annotated[
        str,
        typer.Option(
            "--show",
            metavar="WHAT",
            help="What the figure shows: summary (means and comparisons), strata (by longest burst), votes.",
        ),
    ] = "summary",
    width_mm: Annotated[
        float,
        typer.Option("--width-mm", min=40, max=400, help="Its width on paper: 88 one column, 181 both."),
    ] = 88.0,
    report_file: Annotated[
        Path | None,
        typer.Option("--report", help="Write the whole, figures and tables, into one .html file."),
    ] = None,
    resample: Annotated[
        bool | None,
        typer.Option(
            "--resample/--no-resample",
            help="Bootstrap and permutation tests beside the main line; by itself up to 6,000 votes.",
        ),
    ] = None,
    pseudonyms: Annotated[
        bool,
        typer.Option("--pseudonyms", help="Listeners become L1, L2, ..., as in panel votes --pseudonyms."),
    ] = False,
    keep: Keep = None,
    leave_out: LeaveOut = None,
) -> None:
    """Whether one condition is better than another; means with 95 % intervals, tests, screening."""
    from gaplisten.panel.imported import open_source
    from gaplisten.panel.results import report
    from gaplisten.panel.results.evaluation import evaluate
    from gaplisten.panel.results.looks import looked
    from gaplisten.panel.results.votes import collect
    from gaplisten.panel.results.wording import in_words, worded

    panel = open_source(folder)
    refuse_missing(ratings)
    _refuse_unknown_part(show_)
    by_hand = _leave_out(leave_out)
    found = evaluate(
        panel,
        ratings,
        keep=keep or (),
        leave_out=by_hand,
        resample=resample,
        anonymous=pseudonyms,
    )
    given = [*(keep or ()), *by_hand]
    if not pseudonyms:
        _refuse_strangers(found, given)
    elif given:  # what is given by hand are names, and the results have none
        known = collect(panel, ratings)
        _refuse_unknown(known.listeners, known.running, given)
    if not found.listeners:
        hidden = f"; hidden while open: {', '.join(found.running)}" if found.running else ""
        say(f"{folder}: no ratings yet{hidden}")
        for problem in found.problems:
            say(problem)
        raise typer.Exit(1 if found.problems else 0)
    language = found.language

    def show_titled(table: Table, title: str) -> None:
        show(in_words(table, language), title=title, decimal=decimal_mark(language))

    def show_worded(table: Table, title: str) -> None:
        show_titled(table, worded(title, language))

    # The panel's own title stays as its maker wrote it.
    show_titled(report.main_table(found), f"{found.title}: {worded(found.score_name, language)}")
    if found.contrasts:
        show_worded(report.contrasts_table(found), "Comparisons")
    if found.contrast_strata:
        of_strata = report.contrasts_table(found, found.contrast_strata)
        show_worded(of_strata, f"Comparisons by {report.parted_by(report.strata_of(found))}")
    if found.strata or found.pair_strata:
        show_worded(report.strata_table(found), f"By {report.parted_by(report.strata_of(found))}")
    if found.talkers or found.pair_talkers:
        show_worded(report.talkers_table(found), "By talker")
    if found.pairs:
        show_worded(report.by_listener_table(found), "Each listener")
    show_worded(report.listeners_table(found), "Listeners")
    for one in found.statistics:
        show_worded(one.table, one.title)
        for note in one.notes:
            say(f"  {worded(note, language)}")
    looks = looked(panel, found, ratings)
    for said in [*report.summary(found), *looks]:
        say(said)
    if csv is not None:
        _write(found, csv)
    if figure is not None:
        _draw(found, figure, width_mm, show_)
    if report_file is not None:
        from gaplisten.report.panel_report import write_report

        write_report(report_file, panel, found, looks)
        say(f"written: {report_file}")
    raise typer.Exit(1 if found.problems else 0)


@app.command()
def votes(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_BUILT)],
    csv: Annotated[Path, typer.Option("--csv", help="The file to write.")],
    ratings: Ratings = None,
    pseudonyms: Annotated[
        bool,
        typer.Option(
            "--pseudonyms", help="Listeners become L1, L2, ...; what may tell who they are is left out."
        ),
    ] = False,
    keep: Keep = None,
    leave_out: LeaveOut = None,
) -> None:
    """Write every vote into one CSV, with answers to questions and checks, and who is left out and why."""
    from gaplisten.panel.imported import open_source
    from gaplisten.panel.results.vote_table import votes_table
    from gaplisten.tables import write_csv

    panel = open_source(folder)
    refuse_missing(ratings)
    by_hand = _leave_out(leave_out)
    table, found, problems = votes_table(
        panel, ratings, keep=keep or (), leave_out=by_hand, anonymous=pseudonyms
    )
    _refuse_strangers(found, [*(keep or ()), *by_hand])
    write_csv(csv, table)
    hidden = f"; hidden while open: {', '.join(found.running)}" if found.running else ""
    say(f"{csv}: {counted(len(table.rows), 'vote')} of {counted(len(found.listeners), 'listener')}{hidden}")
    for problem in problems:
        say(problem)
    raise typer.Exit(1 if problems else 0)


@app.command("unseal")
def unseal_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A built panel.")],
    ratings: Ratings = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Though somebody still has to listen, and may look there.")
    ] = False,
) -> None:
    """Fill clip, condition and score into the sessions' files: for when nobody has to listen any more."""
    from gaplisten.panel.frozen import open_panel
    from gaplisten.panel.unsealing import unseal

    panel = open_panel(folder)
    refuse_missing(ratings)
    found = unseal(panel, ratings, anyway=anyway)
    print(f"{counted(len(found.now), 'session')} filled in, {len(found.before)} had been")
    for problem in found.problems:
        say(problem)
    raise typer.Exit(1 if found.problems else 0)


@app.command("merge")
def merge_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A built panel; sessions come here.")],
    others: Annotated[list[Path], typer.Argument(metavar="COPY...", help="Copies of it.")],
) -> None:
    """Bring the sessions of copies of a panel together; nothing is overwritten."""
    from gaplisten.panel.frozen import open_panel
    from gaplisten.panel.merging import merge

    found = merge(open_panel(folder), others)
    said = f"{counted(len(found.new), 'session')} came over, {len(found.longer)} went on further there"
    say(f"{folder}: {said}, {len(found.known)} {'was' if len(found.known) == 1 else 'were'} here already")
    if found.withdrawn:
        print(f"{counted(len(found.withdrawn), 'session')} stayed there: who withdrew here stays out")
    for session in found.withdrew_there:
        say(f"{session}: who listened withdrew in a copy and is still in here (panel withdraw)")
    print("what each copy drew, it drew without seeing the others: panel status --design counts the votes")


app.command("import")(import_)
app.command("export")(export)


@app.command("withdraw")
def withdraw_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A built panel.")],
    listener: Annotated[str, typer.Argument(metavar="NAME", help="Who withdraws.")],
    why: Annotated[str, typer.Option("--why", help="The reason; it is kept.")],
    ratings: Ratings = None,
    erase: Annotated[
        bool, typer.Option("--erase", help="Delete the rows and the name; this cannot be undone.")
    ] = False,
) -> None:
    """Take a listener's votes and answers out of the panel; results say so, with the reason."""
    from gaplisten.panel.frozen import open_panel
    from gaplisten.panel.withdrawing import withdraw

    panel = open_panel(folder)
    refuse_missing(ratings)
    say(withdraw(panel, listener, why, ratings, erase=erase).said())


def _leave_out(said: list[str] | None) -> dict[str, str]:
    pairs = [one.partition("=") for one in said or []]
    return {name: reason or "left out by hand" for name, _, reason in pairs}


class NoSuchListener(GaplistenError):  # noqa: N818 - reads as the fact it is
    """A name given by hand that is no listener's: a decision that would change nothing, silently."""


def _refuse_strangers(results: Results, names: Iterable[str]) -> None:
    _refuse_unknown([one.name for one in results.listeners], results.running, names)


def _refuse_unknown(known: Sequence[str], running: Sequence[str], names: Iterable[str]) -> None:
    for name in names:
        if name not in known and name not in running:
            said = ", ".join(known)[:200] or "nobody yet"
            raise NoSuchListener(name, "no listener of this panel has that name", f"it has: {said}")


def _write(results: Results, csv: Path) -> None:
    from gaplisten.panel.results.report import save_tables

    say(f"written: {', '.join(map(str, (csv, *save_tables(results, csv))))}")


def _refuse_unknown_part(part: str) -> None:
    from gaplisten.report.panel_figure import PARTS

    if part not in PARTS:
        raise PanelCommandError(f"--show {part}", "no figure shows that", f"choose {', '.join(PARTS)}")


def _draw(results: Results, figure: Path, width_mm: float, part: str) -> None:
    from gaplisten.report.drawing import write_figure
    from gaplisten.report.panel_figure import results_figure

    write_figure(figure, results_figure(results, width_mm, part))
    say(f"written: {figure}")
