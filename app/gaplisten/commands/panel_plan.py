"""How large a panel must be: the command `panel plan`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaplisten.commands.output import progress, say, show
from gaplisten.errors import GaplistenError
from gaplisten.languages import counted

if TYPE_CHECKING:
    from gaplisten.panel.definition import PanelDefinition
    from gaplisten.panel.methods.contract import Method
    from gaplisten.panel.statistics.planning import Spreads


class PlanCommandError(GaplistenError):
    """A panel that cannot be planned so."""


def show_design(found: Iterable[tuple[str, str]]) -> None:
    """Print what was counted, and what should be known."""
    for what, value in found:
        say(f"  {what}: {value}")


def plan_(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="The panel's definition.")],
    listeners: Annotated[
        int | None, typer.Option("--listeners", min=1, max=10_000, help="How many, one after another.")
    ] = None,
    allow: Annotated[
        list[Path] | None,
        typer.Option(
            "--allow", metavar="DIR", help="A folder outside the definition's own that it may read."
        ),
    ] = None,
    difference: Annotated[
        float | None,
        typer.Option(
            "--difference",
            min=0.0001,
            help="Power to find this many points of the scale, too; of pairs the share over one half: 0.15.",
        ),
    ] = None,
    power: Annotated[
        float, typer.Option("--power", min=0.05, max=0.999, help="The chance of finding it that is wanted.")
    ] = 0.8,
    vote_sd: Annotated[
        float | None, typer.Option("--vote-sd", min=0, help="Standard deviation of a vote, in points.")
    ] = None,
    clip_sd: Annotated[
        float | None,
        typer.Option("--clip-sd", min=0, help="How much differences vary by clip."),
    ] = None,
    listener_sd: Annotated[
        float | None, typer.Option("--listener-sd", min=0, help="The same by listener.")
    ] = None,
    simulate: Annotated[
        int | None,
        typer.Option(
            "--simulate",
            min=10,
            max=10_000,
            help="Simulate so many panels of --listeners, too: this design, analysed as results are.",
        ),
    ] = None,
    timed: Annotated[
        Path | None,
        typer.Option(
            "--timed",
            metavar="DIR",
            help="A panel of the same method: minutes by what a trial took there.",
        ),
    ] = None,
) -> None:
    """Draw the design of a panel before it is built, and count it: trials, minutes, votes in each cell."""
    from gaplisten.panel.definition import read_definition
    from gaplisten.panel.design.counting import as_rows, count, minutes, simulated
    from gaplisten.panel.design.planning import Target, power_table
    from gaplisten.panel.design.preview import preview
    from gaplisten.panel.design.remarks import remarks
    from gaplisten.panel.methods.contract import UnfitError
    from gaplisten.panel.results.rehearsal import rehearse
    from gaplisten.panel.selection import Places, choose_clips

    definition = read_definition(file)
    chosen = choose_clips(definition, Places(file.resolve().parent, tuple(allow or ())))
    key = preview(definition, chosen)
    try:
        counts = count(key, simulated(key, listeners))
    except UnfitError as error:
        raise PlanCommandError(str(file), str(error), "choose other clips") from error
    seconds = _measured(timed, definition.method) if timed is not None else None
    say(f"{definition.title} ({definition.method.name}), {counted(len(chosen), 'clip')}")
    show_design([*as_rows(key, counts, seconds), *(("note", said) for said in remarks(key, counts))])
    if difference is None:
        if simulate is not None:
            raise PlanCommandError("--simulate", "nothing is said of what is to be found", "add --difference")
        return
    wanted = Target(difference, power, _spreads(definition, vote_sd, clip_sd, listener_sd))
    clips = sum(not one.training for one in chosen)
    table, said = power_table(definition, clips, wanted, minutes(key, seconds))
    show(table, title="Power")
    for one in said:
        say(one)
    if simulate is not None:
        with progress("simulating") as job:
            found = rehearse(key, counts.listeners, difference, wanted.spreads, simulate, job)
        print(found.said())


def _measured(folder: Path, method: Method) -> float:
    """Return how long a trial took in a panel, in s."""
    from gaplisten.panel.frozen import open_panel
    from gaplisten.panel.watch import panel_status, trial_seconds

    pilot = open_panel(folder)
    if pilot.definition.method.name != method.name:
        fact = f"its method is {pilot.definition.method.name}, not {method.name}"
        raise PlanCommandError(str(folder), fact, "name a pilot of the same method")
    seconds = trial_seconds(panel_status(pilot))
    if seconds is None:
        raise PlanCommandError(
            str(folder), "nobody has voted there yet", "leave --timed out, or take a pilot"
        )
    return seconds


def _spreads(
    definition: PanelDefinition, vote: float | None, clip: float | None, listener: float | None
) -> Spreads:
    from gaplisten.panel.design.planning import usual_spreads

    said = {"vote": vote, "by_clip": clip, "by_listener": listener}
    return replace(
        usual_spreads(definition), **{name: value for name, value in said.items() if value is not None}
    )
