"""Delay and error profiles of 3GPP and ITU-T processing plans: one delay in ms a line, -1 = never arrived."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np

from gaplisten.captures.formats.contract import CaptureFormat, Damaged, first_text, text_of
from gaplisten.captures.streams import Capture, Delays
from gaplisten.jobs import Job
from gaplisten.loss.formats.contract import BadTrace, Content
from gaplisten.loss.formats.delays import delays_of

_LINE = re.compile(r"-?\d{1,6}")


def _recognises(head: bytes) -> bool:
    """Whether a file holds whole numbers, one a line, among them -1: no other trace holds that."""
    lines = first_text(head).split("\n")
    if len(head) >= 4096:
        lines = lines[:-1]  # the last one may have been cut
    words = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith(("#", ";", "%"))]
    if "-1" not in words or not all(map(_LINE.fullmatch, words)):
        return False
    arrived = [int(word) for word in words if word != "-1"]
    rising = len(arrived) > 2 and all(one < two for one, two in pairwise(arrived))
    return max(arrived, default=0) != 1 and not rising


def _read(path: Path, data: bytes, job: Job) -> Capture:
    text_of(data)
    try:
        found = delays_of(Content(data, path.stem))
    except BadTrace as bad:
        raise Damaged(bad.fact, bad.way_out) from bad
    job.check(0.9)
    delays = np.where(found < 0, np.nan, found.astype(np.float64))
    return Capture(path, "delay profile", delays=Delays(delays))


FORMATS = (
    CaptureFormat(
        name="delays",
        help="delay profile of 3GPP and ITU-T, -1 = lost",
        recognises=_recognises,
        read=_read,
        by_lines=True,
        place=90,
    ),
)
