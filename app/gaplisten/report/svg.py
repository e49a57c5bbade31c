"""A sheet as SVG: plain shapes and real text, escaped, the same bytes for the same sheet."""

from __future__ import annotations

import base64

from gaplisten.report.fonts import FAMILY
from gaplisten.report.png import encoded
from gaplisten.report.shapes import Coordinates, Group, Path, Pixels, Shape, Sheet, Word

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def svg_of(sheet: Sheet) -> str:
    """Return a whole SVG file; its units are points."""
    clips = [group.clip for group in sheet.groups if group.clip is not None]
    wide, high = _n(sheet.width), _n(sheet.height)
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}pt" height="{high}pt" '
        f'viewBox="0 0 {wide} {high}" role="img" font-family="{FAMILY}">'
    )
    named = "".join(
        f'<clipPath id="c{number}"><rect {_place(*clip)}/></clipPath>' for number, clip in enumerate(clips)
    )
    body = [root, f"<title>{escaped(sheet.title)}</title>", f"<defs>{named}</defs>" if named else ""]
    body.append(f'<rect width="{wide}" height="{high}" fill="#ffffff"/>')
    number = 0
    for group in sheet.groups:
        clip = ""
        if group.clip is not None:
            clip, number = f' clip-path="url(#c{number})"', number + 1
        body += _group(group, clip)
    return _HEAD + "\n".join(line for line in [*body, "</svg>"] if line) + "\n"


def _group(group: Group, clip: str) -> list[str]:
    drawn = [_shape(shape) for shape in group.shapes]
    return [f"<g{clip}>", *drawn, "</g>"] if drawn else []


def _shape(shape: Shape) -> str:
    match shape:
        case Path():
            return _path(shape)
        case Word():
            return _word(shape)
        case Pixels():
            data = base64.b64encode(encoded(shape.pixels)).decode("ascii")
            place = _place(shape.x, shape.y, shape.width, shape.height)
            return f'<image {place} preserveAspectRatio="none" href="data:image/png;base64,{data}"/>'


def _place(x: float, y: float, width: float, height: float) -> str:
    return f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'


def _path(path: Path) -> str:
    looks = [f'fill="{path.fill}"' if path.fill else 'fill="none"']
    if path.stroke:
        looks += [f'stroke="{path.stroke}"', f'stroke-width="{_n(path.width)}"']
        looks.append('stroke-linejoin="round"')
    if path.dash:
        looks.append(f'stroke-dasharray="{" ".join(_n(each) for each in path.dash)}"')
    if path.opacity < 1:
        looks.append(f'opacity="{_n(path.opacity)}"')
    return f'<path d="{_outline(path.points)}{"Z" if path.fill else ""}" {" ".join(looks)}/>'


def _outline(points: Coordinates) -> str:
    steps = [f"{_n(x)} {_n(y)}" for x, y in points.tolist()]
    return "M" + "L".join(steps)


def _word(word: Word) -> str:
    x, y = _n(word.x), _n(word.y)
    turned = f' transform="rotate(-90 {x} {y})"' if word.upwards else ""
    anchor = f' text-anchor="{word.anchor}"' if word.anchor != "start" else ""
    looks = f'font-size="{_n(word.size)}" fill="{word.colour}"'
    return f'<text x="{x}" y="{y}" {looks}{anchor}{turned}>{escaped(word.text)}</text>'


def escaped(text: str) -> str:
    """Return text for an element of XML or HTML; what neither may hold becomes a replacement character."""
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        text = text.replace(sign, name)
    return "".join(sign if _allowed(ord(sign)) else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _allowed(code: int) -> bool:
    """Whether XML 1.0 has the character, and it is no control character."""
    return (
        code in (9, 10)
        or 0x20 <= code < 0x7F
        or 0xA0 <= code < 0xD800
        or 0xE000 <= code not in (0xFFFE, 0xFFFF)
    )


def _n(value: float) -> str:
    """Return a number with at most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
