"""Colours for levels."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from gaplisten.audio.spectra import STEPS_PER_DB, decibels_of

Pixels = npt.NDArray[np.uint32]

# Quiet is the colour of the paper, loud is far from it; on the way the lightness changes steadily, so that
# the picture reads the same to every eye and in grey print. Of each: on a dark and on a light background.
_PALETTES = {
    "heat": (
        ("#141519", "#2a2550", "#612f74", "#a3406c", "#dd6350", "#f59d48", "#fbe09a"),
        ("#ffffff", "#fbe6c0", "#f3b279", "#dd7560", "#a4466f", "#57306b", "#1b1638"),
    ),
    "grey": (("#141519", "#f2f2f2"), ("#ffffff", "#101010")),
    "green": (
        ("#141519", "#1b3350", "#1f5f6b", "#2f8c6d", "#7fb84e", "#d9dc4a", "#fdf7c0"),
        ("#ffffff", "#e5efb0", "#9fce7a", "#4aa679", "#22787c", "#1d4a6e", "#191f45"),
    ),
}
PALETTES = tuple(_PALETTES)
# Less than the reference is blue, more is orange; what is the same is the colour of the paper.
_DIFFERENCE = (
    ("#7cc4ff", "#2f74b8", "#141519", "#b8601f", "#ffb070"),
    ("#003f7f", "#5a9bd4", "#ffffff", "#e8935a", "#8a3200"),
)
DIFFERENCE_DB = 30.0


@cache
def level_colours(dark: bool, palette: str, quietest_db: float, loudest_db: float) -> Pixels:
    """Return the pixel for each level of a tile, shape ``(256,)``, on a dark or a light background.

    Parameters
    ----------
    palette
        One of `PALETTES`.
    quietest_db, loudest_db
        Levels of the first and the last colour; a full-scale sine is 0 dB.
    """
    decibels = np.array([decibels_of(level) for level in range(256)])
    share = np.clip((decibels - quietest_db) / (loudest_db - quietest_db), 0.0, 1.0)
    share[0] = 0.0
    return _mixed(_PALETTES[palette][0 if dark else 1], share)


@cache
def difference_colours(dark: bool) -> Pixels:
    """Return the pixel for each step from ``-DIFFERENCE_DB`` to ``DIFFERENCE_DB``, half a decibel each."""
    steps = round(2 * DIFFERENCE_DB * STEPS_PER_DB) + 1
    return _mixed(_DIFFERENCE[0 if dark else 1], np.linspace(0.0, 1.0, steps))


def _mixed(texts: tuple[str, ...], share: npt.NDArray[np.float64]) -> Pixels:
    anchors = np.array([_parts(text) for text in texts])
    places = np.linspace(0.0, 1.0, len(anchors))
    red, green, blue = (
        np.interp(share, places, anchors[:, part]).round().astype(np.uint32) for part in range(3)
    )
    table: Pixels = np.uint32(0xFF000000) | red << 16 | green << 8 | blue
    return table


def _parts(text: str) -> tuple[int, int, int]:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)
