"""What was received can be heard where no codec is in the way; where it cannot, the reason is said."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.audio.g711 import a_law, mu_law
from gaplisten.captures.buffer import buffered
from gaplisten.captures.formats import read_capture
from gaplisten.captures.laying_out import timeline_of
from gaplisten.captures.sound import sound_of, why_silent
from gaplisten.captures.streams import CaptureError
from gaplisten.captures.timeline import Timeline
from kit import calls
from kit.calls import Sent, sent


def laid_out(tmp_path: Path, packets: list[Sent], **options: object) -> Timeline:
    path = tmp_path / "call.pcap"
    path.write_bytes(calls.pcap(packets, **options))  # type: ignore[arg-type]
    return timeline_of(read_capture(path).streams[0])


@pytest.mark.parametrize(("table", "subtype"), [(mu_law(), "ULAW"), (a_law(), "ALAW")])
def test_the_tables_are_those_of_another_decoder(tmp_path: Path, table: np.ndarray, subtype: str) -> None:
    path = tmp_path / "all.raw"
    path.write_bytes(bytes(range(256)))
    known, _ = soundfile.read(path, samplerate=8000, channels=1, format="RAW", subtype=subtype, dtype="int16")
    assert np.array_equal(table, known)


@pytest.mark.parametrize("kind", [0, 8])
def test_received_packets_are_heard_and_lost_ones_are_exactly_zero(tmp_path: Path, kind: int) -> None:
    packets = sent(60, never=(10, 11), late={30: 120.0}, silent=range(40, 45), kind=kind)
    timeline = laid_out(tmp_path, packets)
    found = buffered(timeline, 60)
    signal = sound_of(timeline, found.lost)
    assert (signal.rate, signal.frames, signal.channels) == (8000, 60 * 160, 1)
    pieces = signal.samples.reshape(60, 160)
    quiet = [slot for slot in range(60) if not pieces[slot].any()]
    assert quiet == [10, 11, 30, *range(40, 45)]
    table = (mu_law() if kind == 0 else a_law()).astype(np.float32) / 32768
    sample = next(each for each in packets if each.slot == 20)
    assert np.array_equal(pieces[20], table[np.frombuffer(sample.payload, np.uint8)])


def test_sixteen_bits_of_two_channels_are_heard(tmp_path: Path) -> None:
    words = struct.pack(">882h", *range(-441, 441))
    packets = [replace(each, payload=words) for each in sent(30, units=441, ms=10.0, kind=10, size=4)]
    signal = sound_of(laid_out(tmp_path, packets), np.zeros(30, np.bool_))
    assert (signal.rate, signal.channels, signal.frames) == (44100, 2, 30 * 441)
    assert np.array_equal(signal.samples[:441] * 32768, np.arange(-441, 441).reshape(-1, 2))


@pytest.mark.parametrize(
    ("packets", "options", "why"),
    [
        (sent(40, kind=111, units=960, size=60), {}, "payload 111 .dynamic. needs a codec"),
        (sent(40), {"snap": 54}, "heads of packets only"),
        (sent(40, size=170), {}, r"170 bytes where 160 are 20 ms of PCMU: encrypted"),
    ],
)
def test_what_cannot_be_heard_says_why(
    tmp_path: Path, packets: list[Sent], options: dict[str, object], why: str
) -> None:
    timeline = laid_out(tmp_path, packets, **options)
    with pytest.raises(CaptureError, match=why):
        sound_of(timeline, np.zeros(timeline.slots.size, np.bool_))


def test_a_stream_for_which_keys_were_exchanged_is_not_played(tmp_path: Path) -> None:
    hello = iter([b"\x16\xfe\xfd" + bytes(40)])
    frames = calls.pcap(sent(40), frame=lambda rtp: calls.ethernet(calls.ipv4(calls.udp(next(hello, rtp)))))
    path = tmp_path / "call.pcap"
    path.write_bytes(frames)
    timeline = timeline_of(read_capture(path).streams[0])
    assert "encrypted (SRTP)" in why_silent(timeline)
