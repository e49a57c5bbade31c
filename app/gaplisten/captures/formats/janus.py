"""What janus-pp-rec and its like say of lost packets: the numbers between which some are missing."""

from __future__ import annotations

import re
from pathlib import Path

from gaplisten.captures.formats.contract import CaptureFormat, Damaged, first_text, others_left_out, text_of
from gaplisten.captures.streams import Capture, Totals
from gaplisten.jobs import Job
from gaplisten.texts import lines_of

_LINE = re.compile(r"Lost a packet here\?.{0,20}\(got seq (\d{1,10}) after (\d{1,10}), time ~(\d{1,9})s\)")


def _read(path: Path, data: bytes, job: Job) -> Capture:
    """Count what is missing: the first packet is not told, so that nobody knows where the sound begins."""
    missing, events, last, others = 0, 0, 0, 0
    for count, line in enumerate(lines_of(text_of(data))):
        found = _LINE.search(line)
        if found is None:
            others += bool(line.strip())
            continue
        number, before, last = map(int, found.groups())
        if not 0 < number - before < 1 << 16:
            raise Damaged(f"line {count + 1} goes from {before} to {number}")
        missing, events = missing + number - before - 1, events + 1
        if count % 20_000 == 0:
            job.check(0.5)
    figures = {"packets lost": float(missing), "losses in a row": float(events), "last loss, s": float(last)}
    burst = missing / events if events else None
    totals = (Totals(path.name, figures, None, burst, events),)
    note = "the log does not say where the sound begins: make an rtpdump or a pcap of the recording"
    return Capture(
        path, "log of janus-pp-rec", totals=totals, notes=(note, *others_left_out(others, "losses"))
    )


FORMATS = (
    CaptureFormat(
        name="janus",
        help="log of janus-pp-rec (totals, no positions)",
        recognises=lambda head: "Lost a packet here?" in first_text(head),
        read=_read,
        by_lines=True,
        place=110,
    ),
)
