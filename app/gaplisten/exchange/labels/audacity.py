"""Label tracks of Audacity: start, end and text with tabs between, one label a line."""

from __future__ import annotations

from collections.abc import Sequence

from gaplisten.exchange.labels.contract import (
    BadLabels,
    LabelFormat,
    Track,
    bounded,
    flattened,
    label_of,
    parted,
    seconds_of,
    text_of,
)
from gaplisten.texts import lines_of


def _encode(tracks: Sequence[Track], _seconds: float, _rate: int) -> str:
    return "".join(f"{each.start:.6f}\t{each.stop:.6f}\t{each.text}\n" for each in flattened(tracks))


def _decode(data: bytes) -> tuple[Track, ...]:
    text = text_of(data)
    lines = lines_of(text)
    bounded(len(lines), "lines")
    labels = []
    for number, line in enumerate(lines, 1):
        words = line.split("\t")
        if not line.strip() or words[0] == "\\":  # frequencies of the label before
            continue
        where = f"line {number}"
        if len(words) < 2:
            raise BadLabels(f"{where} holds no start and end with a tab between")
        start, stop = (seconds_of(word, where) for word in words[:2])
        labels.append(label_of(start, stop, "\t".join(words[2:]), where))
    return parted(labels)


FORMAT = LabelFormat("Audacity", ".txt", _encode, _decode, place=10)
