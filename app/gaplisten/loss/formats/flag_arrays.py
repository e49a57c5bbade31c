"""NumPy arrays of 0 and 1, 1 = lost."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.formats.arrays import flags_of, saved, whole_numbers_of
from gaplisten.loss.formats.contract import (
    BadTrace,
    Content,
    End,
    Kind,
    TraceFormat,
    doubt_about_polarity,
)
from gaplisten.loss.formats.sample_masks import counts_samples
from gaplisten.loss.trace import LossTrace

_MAY_COUNT = "holds runs of 0 and 1 of a common length, which may count packets or samples"


def _recognises(content: Content) -> str | None:
    if content.kind is not Kind.ARRAY:
        return None
    row = content.once(whole_numbers_of)
    if not ((row == 0) | (row == 1)).all():
        raise BadTrace("holds neither 0 and 1 nor rising indices", "save one 0 or 1 per packet")
    counts = counts_samples(row == 1)
    if counts:
        return None
    return _MAY_COUNT if counts is None else doubt_about_polarity(content, row == 1)


def _encode(trace: LossTrace) -> bytes:
    return saved(trace.lost.astype(np.uint8))


FORMATS = (
    TraceFormat(
        name="npy",
        help="NumPy array of 0 and 1 (never unpickled)",
        suffixes=(".npy",),
        polarity="1 = lost",
        end=End.EXACT,
        recognises=_recognises,
        decode=lambda content: content.once(flags_of),
        encode=_encode,
        place=80,
    ),
)
