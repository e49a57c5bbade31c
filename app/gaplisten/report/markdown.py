"""A finding as a text to paste into an issue."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from gaplisten import __version__
from gaplisten.bench.gap_wording import limit, number
from gaplisten.errors import visible
from gaplisten.loss.measures import measure_named
from gaplisten.loss.trace import Grid
from gaplisten.report.finding import Finding, Version

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&])")


def plain(text: str) -> str:
    """Return text in which nothing is taken for markup, in one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(visible(text).split()))


def code(text: str) -> str:
    """Return text as inline code, whatever it holds."""
    text = " ".join(visible(text).split())
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence}{' ' if '`' in text else ''}{text}{' ' if '`' in text else ''}{fence}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table; cells are markup already."""
    return [f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows)]


def markdown_of(
    finding: Finding,
    files: Mapping[str, Mapping[str, str]],
    picture: str,
    *,
    named: bool = True,
) -> str:
    """Return the whole text.

    Parameters
    ----------
    files
        For each version by name, what is said of its files: columns of a table.
    picture
        The picture's file name.
    named
        Whether to say how to go there again; without, nothing tells which versions these are.
    """
    lines = [f"### {plain(finding.title)}", "", f"![{plain(finding.title)}]({picture})", ""]
    lines += _measures(finding)
    columns = list(dict.fromkeys(key for told in files.values() for key in told))
    rows = [
        [plain(name), *(code(told[key]).replace("|", r"\|") if told.get(key) else "" for key in columns)]
        for name, told in files.items()
    ]
    lines += [*table(["version", *columns], rows), ""]
    lines += _losses(finding)
    lines += [
        f"- {plain(version.name)} {plain(note)}" for version in finding.versions for note in version.notes
    ]
    if named:
        lines.append(f"- Shown again with {code(command_of(finding))}")
    lines += [f"- Gaplisten {__version__}", ""]
    return "\n".join(lines)


def _measures(finding: Finding) -> list[str]:
    measured = [version for version in finding.versions if version.values]
    if not measured:
        return []
    heads = ["measure", "unit", "flagged", *(plain(version.name) for version in measured)]
    rows = []
    for measure in finding.measured:
        flagged = limit(measure, finding.thresholds.get(measure.key, measure.threshold))
        cells = [_cell(version, measure.key) for version in measured]
        rows.append([f"{plain(measure.title)} ({code(measure.key)})", measure.unit, flagged, *cells])
    return [*table(heads, rows), ""]


def _cell(version: Version, key: str) -> str:
    value = version.values.get(key)
    if value is None:
        return "-"
    text = number(measure_named(key), value)
    return f"**{text} !**" if key in version.flags else text


def _losses(finding: Finding) -> list[str]:
    trace, rate = finding.trace, finding.rate
    if trace.on_grid and trace.grid is not None:
        first, last = packets_around(finding, trace.grid)
        flags = "".join(str(int(lost)) for lost in trace.fitted(finding.frames).lost[first:last])
        length = f"packets of {trace.packet_ms:g} ms"
        return [f"- Losses around, 1 = lost, {length} from packet {first} on: {code(flags)}"]
    gaps = ", ".join(f"{start}-{stop}" for start, stop in finding.lost_in(trace))
    return [f"- Lost frames around (at {rate} Hz, off any packets): {gaps}"]


def packets_around(finding: Finding, grid: Grid) -> tuple[int, int]:
    """Return the packets that a finding shows: first, and one after the last."""
    return grid.packet_of(finding.start), grid.packet_of(max(finding.stop - 1, 0)) + 1


def command_of(finding: Finding) -> str:
    """Return the command that opens the workbench at the gap, with the version whose own it is."""
    place, gap = finding.place, ["--gap", str(finding.index)]
    if finding.own:
        owner = next((each.name for each in finding.versions if each.trace is finding.trace), None)
        gap = [] if owner is None or finding.anonymous else ["--version", owner, *gap]
    # Loose files are one clip, under a name that follows from all of them.
    clip = ["--clip", finding.clip] if len(place.sources) == 1 else []
    return shlex.join(["gaplisten", "open", *place.sources, *place.options, *clip, *gap])
