"""One HTML file that plays findings: sounds, pictures and tables inside, nothing fetched from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten import __version__, folders
from gaplisten.audio.signal import Signal
from gaplisten.bench.gap_wording import limit, number
from gaplisten.durable.files import utf8
from gaplisten.languages import ENGLISH, translated
from gaplisten.loss.trace import runs_of
from gaplisten.report.drawing import to_svg
from gaplisten.report.figure import Figure
from gaplisten.report.finding import WEB_RATE, Finding, web_copy
from gaplisten.report.pictures import number_of
from gaplisten.report.png import Drawing
from gaplisten.report.svg import escaped
from gaplisten.tables import Cell, Table

_NEAR = 16  # frames: to name another stretch takes about as many letters


@cache
def _resource(name: str) -> str:
    return (folders.resources() / "pages" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def page(title: str, body: Iterable[str], *, plays: bool = True, language: str = ENGLISH) -> str:
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
    holds = f"This file holds all that it {'shows and plays' if plays else 'shows'}."
    return "\n".join(
        (
            '<!DOCTYPE html>\n<html lang="' + escaped(language) + '">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{escaped(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>",
            f"<h1>{escaped(title)}</h1>",
            *body,
            f'<p class="faint">Gaplisten {__version__}. {translated(language, holds, "results")}</p>',
            f"</main>\n{f'<script>{script}</script>' if script else ''}\n</body>\n</html>\n",
        )
    )


KEYS = (
    "<p><kbd>0</kbd>…<kbd>9</kbd> switch between versions at the same position, <kbd>Space</kbd> plays and "
    "stops, <kbd>L</kbd> loops. The first and the last 5 ms are faded, and so is each switch (out, then in); "
    "all other samples are those of the files.</p>"
)


def player(finding: Finding, drawing: Drawing, *, copy: bool = True, heading: str = "") -> str:
    """Return a finding as an element: buttons, picture, sounds and measures.

    Parameters
    ----------
    drawing
        Its picture.
    copy
        Whether sound of another rate than 48 kHz is there as a 48 kHz copy, too.
    heading
        What stands above it; nothing for a page about this finding alone.
    """
    picture, left, wide = _picture(drawing)
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


def _picture(drawing: Drawing) -> tuple[str, float, float]:
    """Return the picture, and where its time axis begins and how wide it is, as shares of its width."""
    sheet = drawing.sheet
    frame = next(group.clip for group in sheet.groups if group.clip is not None)
    data = base64.b64encode(drawing.small_png()).decode("ascii")
    return data, frame[0] / sheet.width, frame[2] / sheet.width


def _sounds(heard: Sequence[Signal], said: str) -> dict[str, object]:
    frames, rate = heard[0].frames, heard[0].rate
    packed = [_packed(each) for each in heard]
    versions = [_version(packed, at) for at in range(len(packed))]
    return {"rate": rate, "frames": frames, "said": said, "versions": versions}


def _packed(signal: Signal) -> npt.NDArray[np.int16] | npt.NDArray[np.float32]:
    """Return samples as 16-bit integers where that loses nothing, else as floats."""
    scaled = signal.samples * np.float32(32_768)
    whole = bool(np.array_equal(scaled, np.rint(scaled))) and bool((np.abs(scaled + 0.5) <= 32_767.5).all())
    return scaled.astype("<i2") if whole else signal.samples.astype("<f4")


def _version(packed: Sequence[npt.NDArray[Any]], at: int) -> dict[str, object]:
    """Return a version's samples: all, or those in which it differs from one before it.

    Concealers mostly leave alone what was received: a page of stretches is half as large.
    """
    samples = packed[at]
    kind = "int16" if samples.dtype.kind == "i" else "float32"
    told = {"channels": samples.shape[1], "kind": kind}
    whole = [(0, len(samples))]
    likes = [(_changed(other, samples), like) for like, other in enumerate(packed[:at])]
    changed, like = min([(whole, -1), *likes], key=lambda each: sum(stop - start for start, stop in each[0]))
    if like >= 0:
        told |= {"like": like, "changed": changed}
    parts = [samples[start:stop].tobytes() for start, stop in changed]
    return told | {"samples": base64.b64encode(b"".join(parts)).decode("ascii")}


def _changed(before: npt.NDArray[Any], samples: npt.NDArray[Any]) -> list[tuple[int, int]]:
    """Return the stretches, in frames, in which samples are not the same bits; near ones are joined."""
    if before.dtype != samples.dtype or before.shape != samples.shape:
        return [(0, len(samples))]
    bits = f"<i{samples.dtype.itemsize}"
    differs = (before.view(bits) != samples.view(bits)).any(axis=1)
    found: list[tuple[int, int]] = []
    for start, stop in runs_of(differs).tolist():
        if found and start - found[-1][1] < _NEAR:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return found


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


def html_table(table: Table, decimal: str = ".") -> str:
    """Return a table as an element; numbers stand right, `decimal` between their wholes and tenths."""
    return table_of(table.columns, ("".join([_cell(one, decimal) for one in row]) for row in table.rows))


def _cell(value: Cell, decimal: str) -> str:
    if value is None:
        return "<td></td>"
    if isinstance(value, int | float) and not isinstance(value, bool):
        said = f"{value:.4g}".replace(".", decimal) if isinstance(value, float) else str(value)
        return f'<td class="number">{said}</td>'
    return f"<td>{escaped(str(value))}</td>"


def picture_of(figure: Figure, text: str) -> str:
    """Return a figure as an element; `text` says what it shows to who does not see it."""
    data = base64.b64encode(utf8(to_svg(figure))).decode("ascii")
    return f'<p class="figure"><img alt="{escaped(text)}" src="data:image/svg+xml;base64,{data}"></p>'


def listed(lines: Iterable[str]) -> str:
    """Return sentences as a list."""
    return f"<ul>{''.join(f'<li>{escaped(line)}</li>' for line in lines)}</ul>"
