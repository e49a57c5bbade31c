"""Colours of the views, taken from the palette; lanes from the colour-blind-safe table of Okabe and Ito."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtGui import QColor, QPalette

# Masataka Okabe and Kei Ito, "Color Universal Design" (2008). Vermilion is kept for "altered" and yellow is
# too pale on white, so neither is a lane's default colour.
_OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9")
ALTERED = "#D55E00"


@dataclass(frozen=True)
class ViewColours:
    """Every colour the views draw with.

    `grid`, `loss`, `hatch` and `zone` are soft grounds that decorate what `text`, `edge`, `accent` and the
    lanes' colours tell; those stand out 3 to 1 from all they touch.
    """

    dark: bool
    background: QColor
    text: QColor
    faint_text: QColor
    grid: QColor
    header: QColor
    active: QColor
    accent: QColor
    loss: QColor
    hatch: QColor
    edge: QColor
    zone: QColor
    altered: QColor
    same: QColor
    unknown: QColor
    on_paper: bool = False

    @classmethod
    def of(cls, palette: QPalette) -> ViewColours:
        """Derive all colours from a palette, light or dark."""
        base, text = palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Text)
        chosen = palette.color(QPalette.ColorRole.Highlight)
        dark = base.lightness() < text.lightness()
        return cls(
            dark=dark,
            background=base,
            text=text,
            faint_text=mix(base, text, 0.68 if dark else 0.72),
            grid=mix(base, text, 0.16),
            header=mix(base, text, 0.06),
            active=mix(base, chosen, 0.24 if dark else 0.14),
            # What is chosen has light letters on it; lines of that colour are too dark on a dark ground.
            accent=mix(chosen, text, 0.35) if dark else chosen,
            loss=mix(base, text, 0.13 if dark else 0.10),
            hatch=mix(base, text, 0.32 if dark else 0.26),
            edge=mix(base, text, 0.60),
            zone=mix(base, QColor("#E69F00"), 0.20 if dark else 0.16),
            altered=QColor("#FF7A1A") if dark else QColor(ALTERED),
            same=mix(base, text, 0.55),
            unknown=mix(base, text, 0.25),
        )

    @classmethod
    def paper(cls) -> ViewColours:
        """Return colours for print: black on white."""
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.Base, QColor("white"))
        palette.setColor(QPalette.ColorRole.Text, QColor("black"))
        palette.setColor(QPalette.ColorRole.Highlight, QColor("#0072B2"))
        return replace(cls.of(palette), on_paper=True)


def mix(one: QColor, other: QColor, share: float) -> QColor:
    """Return `one` with `share` (0..1) of `other` in it."""
    rest = 1.0 - share
    return QColor.fromRgbF(
        one.redF() * rest + other.redF() * share,
        one.greenF() * rest + other.greenF() * share,
        one.blueF() * rest + other.blueF() * share,
    )


def default_lane_colour(index: int, colours: ViewColours) -> QColor:
    """Return the colour of the lane at `index`: the reference in the text's colour, then Okabe and Ito's."""
    if index == 0:
        return mix(colours.background, colours.text, 0.75)
    return QColor(_OKABE_ITO[(index - 1) % len(_OKABE_ITO)])


def readable(colour: QColor, colours: ViewColours) -> QColor:
    """Return the colour lightened on dark or darkened on light until it stands out from the background."""
    for _ in range(8):
        if abs(_luminance(colour) - _luminance(colours.background)) > 0.28:
            break
        colour = mix(colour, colours.text, 0.15)
    return colour


def _luminance(colour: QColor) -> float:
    red, green, blue = colour.redF(), colour.greenF(), colour.blueF()
    return 0.299 * red + 0.587 * green + 0.114 * blue


def argb(colour: QColor) -> int:
    """Return the colour as a pixel of a 32-bit image."""
    return int(colour.rgb())
