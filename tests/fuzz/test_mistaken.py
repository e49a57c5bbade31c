"""Damaged traces and captures are never taken for something else without a word.

Another format, polarity, packet length or number of packets than the whole file has is refused, asked about
or said. One value changed within a valid file is another valid file, and so is a capture with fewer packets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

import numpy as np
import pytest

from fuzz.harness import whole_file
from fuzz.mutations import mutated
from fuzz.reader import Reader
from fuzz.readers import all_readers
from gaplisten.captures.buffer import buffered
from gaplisten.captures.formats import read_capture
from gaplisten.captures.laying_out import timeline_of
from gaplisten.clips.clip import PacketLength
from gaplisten.clips.traces import on_clock
from gaplisten.errors import GaplistenError
from gaplisten.loss.formats import format_named, read_trace

RATE, PACKET, PACKETS = 16_000, 320, 120  # of the traces that the readers write
ONE_VALUE = 2  # packets by which one wrong number of a packet makes a call longer


@dataclass(frozen=True)
class Taken:
    """What a file was taken for, of how many packets at most, and the sentences that were said of it."""

    means: tuple[object, ...]
    said: frozenset[str]
    packets: int = 0

    def is_another_than(self, whole: Taken) -> bool:
        more = self.packets > whole.packets + ONE_VALUE
        return (self.means != whole.means or more) and not self.said - whole.said


def trace_with_its_sound(path: Path) -> Taken:
    found = read_trace(path)
    written = on_clock(found, PacketLength(20.0), RATE, PACKETS * PACKET, "x")
    kind = "intervals" if found.intervals is not None else format_named(found.format).polarity
    grid = written.trace.grid
    return Taken((found.format, kind, None if grid is None else grid.length), frozenset(written.notes))


def call(path: Path) -> Taken:
    found = read_capture(path)
    said, means, packets = set(found.notes), {found.format}, 0
    for stream in found.streams:
        try:
            timeline = timeline_of(stream)
        except GaplistenError as error:
            said.add(str(error))
            continue
        lost = buffered(timeline)
        said |= {*timeline.notes, *lost.notes}
        means.add((stream.main_type, timeline.packet_ms))
        packets += lost.lost.size
    return Taken((frozenset(means),), frozenset(said), packets)


def wholes(folder: Path) -> Iterator[tuple[Reader, bytes, Path, Callable[[Path], Taken], Taken]]:
    """Give whole files that are taken for what they are with no format named, and how each is read."""
    for reader in all_readers():
        if not reader.name.startswith(("trace ", "capture ")) or reader.name == "trace table":
            continue
        data = whole_file(reader, folder)
        read = call if reader.name.startswith("capture ") else trace_with_its_sound
        for name in ("54_is_lost", "54"):  # a name that settles what 1 means, where the sound does not
            path = folder / f"{name}{reader.suffix}"
            path.write_bytes(data)
            try:
                yield reader, data, path, read, read(path)
            except GaplistenError:
                continue
            break


def damaged(data: bytes, others: list[bytes], seed: int, *, text: bool) -> bytes:
    """Return a file with damage; of four, one with its end taken from another file."""
    if seed % 4:
        return mutated(data, seed, text=text)
    random = np.random.default_rng(seed)
    other = others[random.integers(len(others))]
    return data[: random.integers(len(data))] + other[random.integers(len(other)) :]


@pytest.mark.parametrize("count", [300, pytest.param(5_000, marks=pytest.mark.long)])
def test_no_damaged_trace_or_capture_is_taken_for_something_else(tmp_path: Path, count: int) -> None:
    files = list(wholes(tmp_path))
    assert len(files) > 30
    others = [data for _, data, *_ in files]
    mistaken, read_at_all = [], 0
    for seed, (reader, data, path, read, whole) in islice(product(range(count), files), count):
        path.write_bytes(damaged(data, others, seed, text=not reader.binary))
        try:
            taken = read(path)
        except GaplistenError:
            continue
        read_at_all += 1
        if taken.is_another_than(whole):
            mistaken.append((reader.name, seed, whole, taken))
    assert mistaken == []
    assert read_at_all > count / 20, "damage that is always refused proves little"
