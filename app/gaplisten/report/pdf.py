"""A sheet as PDF: lines and areas stay lines and areas, texts stay texts, their letters are in the file."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from gaplisten.report.fonts import font_file
from gaplisten.report.shapes import Group, Path, Pixels, Sheet, Word

_FONT = "DejaVuSans"


def pdf_of(sheet: Sheet) -> bytes:
    """Return a PDF file of one page that is as large as the sheet; the same bytes for the same sheet."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(TTFont(_FONT, str(font_file())))
    file = io.BytesIO()
    size = (sheet.width, sheet.height)
    # Publishers refuse fonts that are not in the file: the library's own first one would be such a font.
    canvas = Canvas(file, pagesize=size, pageCompression=1, invariant=1, initialFontName=_FONT)
    canvas.setTitle(sheet.title)
    canvas.setCreator("Gaplisten")
    canvas.setLineJoin(1)
    # A sheet's y runs down, a page's up.
    canvas.translate(0, sheet.height)
    canvas.scale(1, -1)
    for group in sheet.groups:
        _draw_group(canvas, group)
    canvas.save()
    return file.getvalue()


def _draw_group(canvas: Any, group: Group) -> None:
    canvas.saveState()
    if group.clip is not None:
        window = canvas.beginPath()
        window.rect(*group.clip)
        canvas.clipPath(window, stroke=0, fill=0)
    for shape in group.shapes:
        match shape:
            case Path():
                _draw_path(canvas, shape)
            case Word():
                _draw_word(canvas, shape)
            case Pixels():
                _draw_pixels(canvas, shape)
    canvas.restoreState()


def _draw_path(canvas: Any, path: Path) -> None:
    if not len(path.points):
        return
    outline = canvas.beginPath()
    (x, y), *others = path.points.tolist()
    outline.moveTo(x, y)
    for x, y in others:
        outline.lineTo(x, y)
    if path.fill:
        outline.close()
        canvas.setFillColor(_colour(path.fill, path.opacity))
    if path.stroke:
        canvas.setStrokeColor(_colour(path.stroke, path.opacity))
        canvas.setLineWidth(path.width)
        canvas.setDash(list(path.dash))
    canvas.drawPath(outline, stroke=int(bool(path.stroke)), fill=int(bool(path.fill)))


def _draw_word(canvas: Any, word: Word) -> None:
    canvas.saveState()
    canvas.translate(word.x, word.y)
    canvas.scale(1, -1)
    if word.upwards:
        canvas.rotate(90)
    canvas.setFillColor(_colour(word.colour, 1.0))
    canvas.setFont(_FONT, word.size)
    draw = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}
    draw[word.anchor](0, 0, word.text)
    canvas.restoreState()


def _draw_pixels(canvas: Any, shape: Pixels) -> None:
    from reportlab.lib.utils import ImageReader

    picture = ImageReader(Image.fromarray(np.ascontiguousarray(shape.pixels)))
    canvas.saveState()
    canvas.translate(shape.x, shape.y + shape.height)
    canvas.scale(1, -1)
    canvas.drawImage(picture, 0, 0, shape.width, shape.height)
    canvas.restoreState()


def _colour(name: str, opacity: float) -> Any:
    from reportlab.lib.colors import HexColor

    colour = HexColor(name)
    colour.alpha = opacity
    return colour
