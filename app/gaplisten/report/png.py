"""A sheet as PNG, drawn by Pillow at twice its size and brought down, so that edges are smooth."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from gaplisten.report.fonts import font, width
from gaplisten.report.shapes import Coordinates, Group, Path, Pixels, Sheet, Word

_FINER = 2
_COLOURS = 128
_EFFORT = 2  # of zlib: twice the effort takes a third of a second more, and saves a tenth
_OPAQUE = 255
_STRIP = 32  # places of an area that are drawn at once
_MOST_PIXELS = 120_000_000  # a page of 600 dpi twice over; more is a mistake


@dataclass(frozen=True, eq=False)
class Drawing:
    """A sheet that was drawn; encoding it in one way or the other costs less than drawing it again."""

    sheet: Sheet
    dpi: int
    image: Image.Image

    def png(self) -> bytes:
        """Return a PNG file that says its resolution and its title."""
        told = PngImagePlugin.PngInfo()
        told.add_itxt("Title", self.sheet.title)
        file = io.BytesIO()
        self.image.save(file, "PNG", dpi=(self.dpi, self.dpi), pnginfo=told, compress_level=_EFFORT)
        return file.getvalue()

    def small_png(self) -> bytes:
        """Return a PNG file of a third of the size, with no more colours than a page needs."""
        few = self.image.quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        file = io.BytesIO()
        few.save(file, "PNG", compress_level=4)
        return file.getvalue()


def draw(sheet: Sheet, dpi: int) -> Drawing:
    """Draw a sheet.

    Raises
    ------
    ValueError
        If the picture would have more pixels than can be meant.
    """
    return Drawing(sheet, dpi, _drawn(sheet, dpi))


def _drawn(sheet: Sheet, dpi: int) -> Image.Image:
    scale = dpi / 72.0
    size = (max(math.ceil(sheet.width * scale), 1), max(math.ceil(sheet.height * scale), 1))
    if size[0] * size[1] * _FINER**2 > _MOST_PIXELS:
        raise ValueError(f"a picture of {size[0]} by {size[1]} pixels is too large; choose fewer dpi")
    image = Image.new("RGB", (size[0] * _FINER, size[1] * _FINER), "white")
    for group in sheet.groups:
        _draw_group(image, group, scale * _FINER)
    image = image.reduce(_FINER)
    for group in sheet.groups:
        words = [shape for shape in group.shapes if isinstance(shape, Word)]
        for word in words:
            _draw_word(image, word, scale)
    return image


def encoded(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return pixels, shape ``(rows, columns, 3)``, as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG", compress_level=_EFFORT)
    return file.getvalue()


def _draw_group(image: Image.Image, group: Group, scale: float) -> None:
    shapes = [shape for shape in group.shapes if not isinstance(shape, Word)]
    if not shapes:
        return
    if group.clip is None:
        _draw_shapes(image, shapes, scale, (0, 0))
        return
    x, y, wide, high = group.clip
    box = (round(x * scale), round(y * scale), round((x + wide) * scale), round((y + high) * scale))
    # What lies outside of a piece of paper is not seen on it.
    piece = image.crop(box)
    _draw_shapes(piece, shapes, scale, (box[0], box[1]))
    image.paste(piece, box[:2])


def _draw_shapes(
    image: Image.Image, shapes: list[Path | Pixels], scale: float, corner: tuple[int, int]
) -> None:
    pen = ImageDraw.Draw(image, "RGBA")
    for shape in shapes:
        if isinstance(shape, Path):
            _draw_path(pen, shape, scale, corner)
            continue
        x0, y0 = round(shape.x * scale) - corner[0], round(shape.y * scale) - corner[1]
        x1 = round((shape.x + shape.width) * scale) - corner[0]
        y1 = round((shape.y + shape.height) * scale) - corner[1]
        picture = Image.fromarray(np.ascontiguousarray(shape.pixels))
        size = (max(x1 - x0, 1), max(y1 - y0, 1))
        image.paste(picture.resize(size, Image.Resampling.BILINEAR), (x0, y0))


def _draw_path(pen: ImageDraw.ImageDraw, path: Path, scale: float, corner: tuple[int, int]) -> None:
    points = path.points * scale - corner
    opacity = round(255 * path.opacity)
    if path.fill:
        for part in _strips(points) if opacity == _OPAQUE else [points]:
            pen.polygon(_flat(part), fill=_colour(path.fill, opacity))
    if not path.stroke:
        return
    wide = max(round(path.width * scale), 1)
    for piece in _dashed(points, path.dash, scale) if path.dash else [points]:
        pen.line(
            _flat(piece), fill=_colour(path.stroke, opacity), width=wide, joint="curve" if wide > 3 else None
        )


def _strips(points: Coordinates) -> list[Coordinates]:
    """Return an area that lies between two lines over the same places as strips that share their edges.

    Pillow looks at all edges of an area in each of its rows: many small areas take a tenth of the time of one
    with thousands of corners, and colour the same pixels where nothing shines through.
    """
    half = len(points) // 2
    one, other = points[:half], points[half:][::-1]
    if half <= _STRIP or len(one) != len(other) or not np.array_equal(one[:, 0], other[:, 0]):
        return [points]
    cuts = range(0, half - 1, _STRIP)
    return [np.concatenate((one[at : at + _STRIP + 1], other[at : at + _STRIP + 1][::-1])) for at in cuts]


def _flat(points: Coordinates) -> list[tuple[float, float]]:
    return [(x, y) for x, y in points.tolist()]


def _colour(name: str, opacity: int) -> tuple[int, int, int, int]:
    red, green, blue = (int(name[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue, opacity


def _dashed(points: Coordinates, dash: tuple[float, ...], scale: float) -> list[Coordinates]:
    """Return the strokes of a dashed line."""
    lengths = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate(([0.0], np.cumsum(lengths)))
    pattern = [each * scale for each in (dash if len(dash) % 2 == 0 else dash * 2)]
    strokes, at, turn = [], 0.0, 0
    while at < along[-1]:
        end = min(at + pattern[turn % len(pattern)], along[-1])
        if turn % 2 == 0:
            inner = points[(along > at) & (along < end)]
            ends = [[np.interp(place, along, points[:, axis]) for axis in (0, 1)] for place in (at, end)]
            strokes.append(np.concatenate([ends[:1], inner.reshape(-1, 2), ends[1:]]))
        at, turn = end, turn + 1
    return strokes


def _letters(word: Word, scale: float) -> ImageFont.FreeTypeFont:
    """Return the font at a size at which the word is no wider than it was laid out.

    Letters on a grid of pixels are some per cent wider or narrower than on paper.
    """
    pixels, room = max(word.size * scale, 4.0), width(word.text, word.size) * scale
    letters = font(max(round(pixels), 4))
    while pixels > 4.0 and letters.getlength(word.text) > room + 0.5:
        pixels -= 0.25
        letters = font(pixels)
    return letters


def _draw_word(image: Image.Image, word: Word, scale: float) -> None:
    letters = _letters(word, scale)
    ink = _colour(word.colour, 255)[:3]
    x, y = word.x * scale, word.y * scale
    if not word.upwards:
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[word.anchor]
        ImageDraw.Draw(image).text((x, y), word.text, fill=ink, font=letters, anchor=anchor)
        return
    ascent, descent = letters.getmetrics()
    length = math.ceil(letters.getlength(word.text))
    mask = Image.new("L", (max(length, 1), ascent + descent), 0)
    ImageDraw.Draw(mask).text((0, ascent), word.text, fill=255, font=letters, anchor="ls")
    begin = {"start": 0.0, "middle": length / 2, "end": float(length)}[word.anchor]
    # Turned left, the text runs upwards from its beginning, its baseline at the right of its letters.
    turned = mask.rotate(90, expand=True)
    image.paste(ink, (round(x - ascent), round(y + begin - length)), turned)
