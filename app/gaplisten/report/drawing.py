"""Figures as files: SVG for papers, PNG for issues and slides. Neither needs a window or a display."""

from __future__ import annotations

from pathlib import Path

from gaplisten.durable import not_written, write_whole
from gaplisten.errors import GaplistenError
from gaplisten.report.figure import Figure
from gaplisten.report.layout import lay_out
from gaplisten.report.png import png_of
from gaplisten.report.svg import svg_of

DPI = 200


class FigureError(GaplistenError):
    """A figure that cannot be written."""


def to_svg(figure: Figure) -> str:
    """Return a figure as an SVG file's text; texts stay texts, and may be searched and edited."""
    return svg_of(lay_out(figure))


def to_png(figure: Figure, dpi: int = DPI) -> bytes:
    """Return a figure as a PNG file.

    Parameters
    ----------
    dpi
        Pixels in an inch of paper: 200 for screens and issues, 300 to 600 for print.

    Raises
    ------
    ValueError
        If that would be more pixels than can be meant.
    """
    return png_of(lay_out(figure), dpi)


def write_figure(path: Path, figure: Figure, dpi: int = DPI) -> None:
    """Write a figure, SVG or PNG by the suffix; the file is replaced only when all of it is written.

    Raises
    ------
    FigureError
        If the suffix is another, or the disk refuses.
    """
    suffix = path.suffix.lower()
    if suffix not in (".svg", ".png"):
        raise FigureError(str(path), f"{suffix or 'no suffix'} is no format of figures", "use .svg or .png")
    try:
        write_whole(path, to_svg(figure) if suffix == ".svg" else to_png(figure, dpi))
    except OSError as error:
        raise FigureError(*not_written(path, error)) from error
