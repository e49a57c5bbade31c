"""Masks in which 1 means received, as used with FRN: text or NumPy arrays."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.formats.arrays import flags_of, saved
from gaplisten.loss.formats.contract import (
    BadTrace,
    Content,
    Decoded,
    End,
    Kind,
    TraceFormat,
    doubt_about_polarity,
)
from gaplisten.loss.formats.sample_masks import counts_samples
from gaplisten.loss.formats.text import digits_of, one_per_line
from gaplisten.loss.trace import LossTrace


def _flags(content: Content) -> Decoded:
    return content.once(flags_of if content.kind is Kind.ARRAY else digits_of)


def _recognises(content: Content) -> str | None:
    """Share the doubt that files have in which 1 would mean lost."""
    if content.kind is Kind.BYTES:
        return None
    try:
        flags = _flags(content).lost
    except BadTrace:
        return None
    if content.kind is Kind.ARRAY and counts_samples(flags):
        return None
    return doubt_about_polarity(content, flags) or None


def _decode(content: Content) -> Decoded:
    found = _flags(content)
    return Decoded(~found.lost, found.notes)


def _encode_array(trace: LossTrace) -> bytes:
    return saved((~trace.lost).astype(np.uint8))


FORMATS = (
    TraceFormat(
        name="frn",
        help="masks as used with FRN, text or .npy",
        suffixes=(".txt", ".npy"),
        polarity="1 = received",
        end=End.STRETCHED,
        recognises=_recognises,
        decode=_decode,
        encode=lambda trace: one_per_line(~trace.lost),
        encode_npy=_encode_array,
        ones_are_received=True,
        place=90,
    ),
)
