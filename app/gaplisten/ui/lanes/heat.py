"""Colours of spectrograms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gaplisten.audio.spectra import STEPS_PER_DB, TOP_DB

# Quiet is the colour of the paper, loud is far from it; on the way the lightness changes steadily, so that
# the picture reads the same to every eye and in grey print.
_ON_DARK = ("#141519", "#2a2550", "#612f74", "#a3406c", "#dd6350", "#f59d48", "#fbe09a")
_ON_LIGHT = ("#ffffff", "#fbe6c0", "#f3b279", "#dd7560", "#a4466f", "#57306b", "#1b1638")


def colour_table(dark: bool, floor_db: float, ceiling_db: float) -> npt.NDArray[np.uint32]:
    """Return the pixel for each level of a spectrogram's tile, shape ``(256,)``.

    Parameters
    ----------
    dark
        Whether the background is dark.
    floor_db, ceiling_db
        Levels of the first and the last colour, where a full-scale sine is 0 dB.
    """
    decibels = (np.arange(256) - 255.0) / STEPS_PER_DB + TOP_DB
    share = np.clip((decibels - floor_db) / max(ceiling_db - floor_db, 1.0), 0.0, 1.0)
    share[0] = 0.0
    anchors = np.array([_parts(text) for text in (_ON_DARK if dark else _ON_LIGHT)])
    places = np.linspace(0.0, 1.0, len(anchors))
    red, green, blue = (
        np.interp(share, places, anchors[:, part]).round().astype(np.uint32) for part in range(3)
    )
    table: npt.NDArray[np.uint32] = np.uint32(0xFF000000) | red << 16 | green << 8 | blue
    return table


def _parts(text: str) -> tuple[int, int, int]:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)
