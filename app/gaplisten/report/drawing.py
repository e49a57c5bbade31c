"""Figures as files: PDF and SVG for papers, PNG for issues and slides. None needs a window or a display."""

from __future__ import annotations

from pathlib import Path

from gaplisten.durable.files import not_written, write_whole
from gaplisten.errors import GaplistenError
from gaplisten.report.figure import Figure
from gaplisten.report.layout import lay_out
from gaplisten.report.pdf import pdf_of
from gaplisten.report.png import draw
from gaplisten.report.svg import svg_of

DPI = 200
SUFFIXES = (".pdf", ".svg", ".png")


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
    return draw(lay_out(figure), dpi).png()


def to_pdf(figure: Figure) -> bytes:
    """Return a figure as a PDF file: one page, letters embedded, texts that may be searched."""
    return pdf_of(lay_out(figure))


def write_figure(path: Path, figure: Figure, dpi: int = DPI) -> None:
    """Write a figure, PDF, SVG or PNG by the suffix; the file is replaced only when all of it is written.

    Raises
    ------
    FigureError
        If the suffix is another, or the disk refuses.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        fact = f"{suffix or 'no suffix'} is no format of figures"
        raise FigureError(str(path), fact, f"use {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}")
    try:
        write_whole(path, _content(figure, suffix, dpi))
    except OSError as error:
        raise FigureError(*not_written(path, error)) from error


def _content(figure: Figure, suffix: str, dpi: int) -> bytes | str:
    if suffix == ".pdf":
        return to_pdf(figure)
    return to_svg(figure) if suffix == ".svg" else to_png(figure, dpi)
