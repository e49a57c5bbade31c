"""One HTML file that plays findings: sounds, pictures and tables inside, nothing fetched from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np

from gaplisten import __version__, folders
from gaplisten.audio.signal import Signal
from gaplisten.bench.gap_wording import limit, number
from gaplisten.durable import utf8
from gaplisten.report.drawing import to_svg
from gaplisten.report.figure import Figure
from gaplisten.report.finding import WEB_RATE, Finding, web_copy
from gaplisten.report.pictures import number_of
from gaplisten.report.png import small_png_of
from gaplisten.report.shapes import Sheet
from gaplisten.report.svg import escaped
from gaplisten.tables import Cell, Table

_DPI = 110  # a page's width on a screen; a bundle has the picture as a file, too


@cache
def _resource(name: str) -> str:
    return (folders.resources() / "pages" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def page(title: str, body: Iterable[str], *, plays: bool = True) -> str:
    """Return a whole page around elements.

    Its policy lets the browser fetch nothing, and run and apply only the script and the style that are ours;
    no script at all where nothing `plays`.
    """
    style, script = _resource("player.css"), _resource("player.js") if plays else ""
    allowed = f"script-src 'sha256-{_hash(script)}'; " if script else ""
    policy = (
        f"default-src 'none'; img-src data:; {allowed}"
        f"style-src 'sha256-{_hash(style)}'; base-uri 'none'; form-action 'none'"
    )
    holds = "shows and plays" if plays else "shows"
    return "\n".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{escaped(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>",
            f"<h1>{escaped(title)}</h1>",
            *body,
            f'<p class="faint">Gaplisten {__version__}. This file holds all that it {holds}.</p>',
            f"</main>\n{f'<script>{script}</script>' if script else ''}\n</body>\n</html>\n",
        )
    )


KEYS = (
    "<p><kbd>0</kbd>…<kbd>9</kbd> switch between versions at the same position, <kbd>Space</kbd> plays and "
    "stops, <kbd>L</kbd> loops. The first and the last 5 ms are faded, and so is each switch (out, then in); "
    "all other samples are those of the files.</p>"
)


def player(finding: Finding, sheet: Sheet, *, copy: bool = True, heading: str = "", dpi: int = _DPI) -> str:
    """Return a finding as an element: buttons, picture, sounds and measures.

    Parameters
    ----------
    sheet
        Its picture, laid out.
    copy
        Whether sound of another rate than 48 kHz is there as a 48 kHz copy, too.
    heading
        What stands above it; nothing for a page about this finding alone.
    dpi
        Of the picture.
    """
    picture, left, wide = _picture(sheet, dpi)
    heard = [finding.heard(version) for version in finding.versions]
    sounds = [_sounds(heard, f"the clip's own {finding.rate:,} Hz")]
    if copy and finding.rate != WEB_RATE:
        said = f"a {WEB_RATE:,} Hz copy (soxr VHQ) of {finding.rate:,} Hz"
        sounds.append(_sounds([web_copy(each) for each in heard], said))
    edges = sorted({(at - finding.start) / finding.rate for gap in _gaps(finding) for at in gap})
    data = {"sounds": sounds, "edges": edges, "left": left, "width": wide}
    inside = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
    buttons = "".join(
        f'<button type="button" data-version="{number_of(finding, version)}" aria-pressed="false">'
        f"{number_of(finding, version)} {escaped(version.name)}</button>"
        for version in finding.versions
    )
    options = "".join(
        f'<option value="{at}">{escaped(str(sound["said"]))}</option>' for at, sound in enumerate(sounds)
    )
    return "\n".join(
        (
            '<section class="finding">',
            f"<h2>{escaped(heading)}</h2>" if heading else "",
            f'<div class="buttons" role="group" aria-label="Versions">{buttons}</div>',
            '<div class="buttons"><button type="button" data-play aria-pressed="false">Play (Space)</button>'
            '<button type="button" data-loop aria-pressed="true">Loop (L)</button>'
            f"<label>Sound: <select data-sound>{options}</select></label></div>",
            '<p class="faint" data-said aria-live="polite"></p>',
            f'<div class="picture"><img alt="{escaped(finding.title)}" src="data:image/png;base64,{picture}">'
            '<div class="playhead"></div></div>',
            measures_of(finding),
            f'<script type="application/json">{inside}</script>',
            "</section>",
        )
    )


def _gaps(finding: Finding) -> list[tuple[int, int]]:
    return [gap for version in finding.versions for gap in finding.lost_by(version)]


def _picture(sheet: Sheet, dpi: int) -> tuple[str, float, float]:
    """Return the picture, and where its time axis begins and how wide it is, as shares of its width."""
    frame = next(group.clip for group in sheet.groups if group.clip is not None)
    data = base64.b64encode(small_png_of(sheet, dpi)).decode("ascii")
    return data, frame[0] / sheet.width, frame[2] / sheet.width


def _sounds(heard: Sequence[Signal], said: str) -> dict[str, object]:
    frames, rate = heard[0].frames, heard[0].rate
    return {"rate": rate, "frames": frames, "said": said, "versions": [_samples(each) for each in heard]}


def _samples(signal: Signal) -> dict[str, object]:
    """Return samples as 16-bit integers where that loses nothing, else as floats."""
    scaled = signal.samples * np.float32(32_768)
    whole = bool(np.array_equal(scaled, np.rint(scaled))) and bool((np.abs(scaled + 0.5) <= 32_767.5).all())
    packed = scaled.astype("<i2") if whole else signal.samples.astype("<f4")
    text = base64.b64encode(packed.tobytes()).decode("ascii")
    return {"channels": signal.channels, "kind": "int16" if whole else "float32", "samples": text}


def measures_of(finding: Finding) -> str:
    """Return the table of measures; nothing where nothing was measured."""
    measured = [version for version in finding.versions if version.values]
    if not measured:
        return ""
    heads = ("measure", "unit", "flagged", *(version.name for version in measured))
    rows = []
    for measure in finding.measured:
        flagged = limit(measure, finding.thresholds.get(measure.key, measure.threshold))
        cells = []
        for version in measured:
            value, marked = version.values.get(measure.key), measure.key in version.flags
            text = "-" if value is None else number(measure, value) + (" !" if marked else "")
            cells.append(f'<td class="number{" flagged" if marked else ""}">{escaped(text)}</td>')
        what = f'<td title="{escaped(measure.help)}">{escaped(measure.title)}</td>'
        rows.append(f"{what}<td>{escaped(measure.unit)}</td><td>{escaped(flagged)}</td>{''.join(cells)}")
    return table_of(heads, rows)


def table_of(heads: Iterable[str], rows: Iterable[str]) -> str:
    """Return a table as an element; heads are texts, rows are cells that are elements already."""
    head = "".join(f"<th>{escaped(each)}</th>" for each in heads)
    body = "".join(f"<tr>{cells}</tr>" for cells in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def html_table(table: Table) -> str:
    """Return a table as an element; numbers stand right."""
    return table_of(table.columns, ("".join(map(_cell, row)) for row in table.rows))


def _cell(value: Cell) -> str:
    if value is None:
        return "<td></td>"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (
            f'<td class="number">{value:.4g}</td>'
            if isinstance(value, float)
            else f'<td class="number">{value}</td>'
        )
    return f"<td>{escaped(str(value))}</td>"


def picture_of(figure: Figure, text: str) -> str:
    """Return a figure as an element; `text` says what it shows to who does not see it."""
    data = base64.b64encode(utf8(to_svg(figure))).decode("ascii")
    return f'<p class="figure"><img alt="{escaped(text)}" src="data:image/svg+xml;base64,{data}"></p>'


def listed(lines: Iterable[str]) -> str:
    """Return sentences as a list."""
    return f"<ul>{''.join(f'<li>{escaped(line)}</li>' for line in lines)}</ul>"
