"""`gaplisten concealers`: list concealers; describe, audit or start one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gaplisten.commands.output import failures, progress, say, say_note, show
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.entries import BrokenEntry, Entry, Parameter
from gaplisten.concealers.errors import ConcealerFailed, UnknownConcealer
from gaplisten.concealers.parameters import parse_assignments
from gaplisten.errors import GaplistenError, visible
from gaplisten.tables import Cell, Table

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)

SOME_FAILED = 1


class UsageRefused(GaplistenError):  # noqa: N818 - named after what happened
    """Options that do not fit together."""


@app.command()
def concealers(
    name: Annotated[
        str | None, typer.Argument(help="Describe this one (a name, or a plugin's .py file).")
    ] = None,
    audit: Annotated[bool, typer.Option("--audit", help="Measure what it declares.")] = False,
    new: Annotated[
        str | None,
        typer.Option("--new", metavar="NAME", help="Write a starter file into your plugin folder."),
    ] = None,
    form: Annotated[
        str, typer.Option("--form", help="Of the starter file: streaming, file or codec.")
    ] = "streaming",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Audit with this parameter.")
    ] = None,
    on: Annotated[
        Path | None, typer.Option("--on", metavar="FILE", help="Audit on this clean speech.")
    ] = None,
    packet_ms: Annotated[
        float, typer.Option("--packet-ms", min=0.1, max=1000, help="Audit's packets.")
    ] = 20.0,
    plugins: Annotated[
        list[Path] | None,
        typer.Option("--plugins", metavar="DIR", help="Look for plugins in this folder too."),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the table to this file.")] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Do the audit with this seed again.")
    ] = None,
) -> None:
    """List concealers; describe, audit or start one."""
    if new is not None:
        _start(new, form)
        return
    catalogue = Catalogue.scan(plugins)
    if name is None:
        if audit:
            raise UsageRefused(
                "--audit", "needs the name of a concealer", "gaplisten concealers NAME --audit"
            )
        _list(catalogue, csv)
    elif audit:
        _audit(catalogue.get(name), settings or (), on, packet_ms, csv, seed)
    else:
        _describe(catalogue, name, csv)


def _start(name: str, form: str) -> None:
    from gaplisten.concealers.starter import write_starter

    path = write_starter(name, form)
    say(f"written: {path}")
    say(f"edit it, then: gaplisten concealers {name} --audit")


def _list(catalogue: Catalogue, csv: Path | None) -> None:
    columns = ("name", "title", "form", "delay_ms", "causal", "rates", "from", "source")
    show(Table(columns, tuple(_line(entry) for entry in catalogue.entries)), csv)
    for problem in catalogue.problems:
        say_note(problem)


def _line(entry: Entry | BrokenEntry) -> tuple[Cell, ...]:
    if isinstance(entry, BrokenEntry):
        return (entry.name, entry.name, "BROKEN", None, None, None, entry.origin, entry.message)
    causal = {True: "yes", False: "no", None: "not said"}[entry.causal]
    rates = ", ".join(map(str, entry.rates)) or "any"
    return (
        entry.name,
        entry.title,
        entry.form.replace("_", " "),
        entry.delay_ms,
        causal,
        rates,
        entry.origin,
        entry.source,
    )


def _describe(catalogue: Catalogue, name: str, csv: Path | None) -> None:
    broken = next((entry for entry in catalogue.broken if entry.name == name), None)
    if broken is not None:
        print(visible(broken.details), file=sys.stderr)
        raise UnknownConcealer(f"concealer {name}", broken.message, f"fix {broken.path}")
    entry = catalogue.get(name)
    say(f"{entry.title} ({entry.name})")
    print()
    print(f"{visible(entry.help.strip())}\n" if entry.help.strip() else "", end="")
    _, _, form, delay, causal, rates, origin, source = _line(entry)
    delay = "not known without its parameters" if delay is None else f"{delay:g} ms"
    facts = {
        "form": form,
        "delay": delay,
        "causal": causal,
        "rates": rates,
        "source": source,
        "lacks": entry.lacks,
        "file": entry.path,
    }
    for key, value in facts.items():
        say(f"  {key:8}{value}")
    say(f"  {'from':8}{origin}")
    print()
    columns = ("parameter", "type", "default", "range", "unit", "help")
    rows = tuple(_parameter(parameter) for parameter in entry.parameters)
    if rows or csv:
        show(Table(columns, rows), csv)
    else:
        print("no parameters")


def _parameter(parameter: Parameter) -> tuple[Cell, ...]:
    default = "(needed)" if parameter.required else str(parameter.default)
    return (parameter.name, parameter.type, default, parameter.range, parameter.unit, parameter.help)


def _audit(
    entry: Entry,
    settings: Sequence[str],
    on: Path | None,
    packet_ms: float,
    csv: Path | None,
    seed: int | None,
) -> None:
    from gaplisten.concealers.audit import audit
    from gaplisten.concealers.audit_material import speech_of

    speech, material = speech_of(on)
    values = parse_assignments(settings)
    try:
        with progress(f"auditing {entry.title}") as job:
            found = audit(
                entry,
                values,
                speech,
                material=material,
                packet_ms=packet_ms,
                job=job,
                seed=seed,
                made_from=[on] if on else (),
            )
    except ConcealerFailed as error:
        print(visible(error.details), file=sys.stderr)
        failures([str(error)])
        raise typer.Exit(SOME_FAILED) from None
    say(f"{entry.title} on {found.material}, {found.rate} Hz, {found.packet_frames} frames per packet")
    show(found.table(), csv)
    for lie in found.lies:
        say(f"{entry.title} LIES about its {lie.measure}: {lie.declared} declared, {lie.measured} measured")
    for doubt in found.doubts:
        say(f"{entry.title}: {doubt.measure} is not provable: {doubt.note}")
    for late in found.late:
        say(f"{entry.title} cannot keep up: {late.measure} is {late.measured:.3g} ms of {late.limit:g} ms")
    for failure in found.failures:
        say(f"{entry.title} fails: {failure.measure}: {failure.note}")
    if not found.certified:
        raise typer.Exit(SOME_FAILED)
