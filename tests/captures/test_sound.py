"""What was received can be heard where no codec is in the way; where it cannot, the reason is said."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.audio.g711 import a_law, mu_law
from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Signal
from gaplisten.captures.buffer import buffered
from gaplisten.captures.formats import read_capture
from gaplisten.captures.laying_out import timeline_of
from gaplisten.captures.sound import sound_of, why_silent
from gaplisten.captures.streams import CaptureError
from gaplisten.captures.timeline import Timeline
from gaplisten.folders import resources
from kit import calls
from kit.calls import Sent, sent
from kit.harness import load


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


def opus_calls(count: int, **more: object) -> tuple[list[Sent], np.ndarray]:
    """Return a call whose packets hold the demo's speech, and that speech at 48 kHz."""
    speech, rate = soundfile.read(resources() / "demo/clean/demo1.flac", dtype="float32")
    encoder = load("opus").Encoder(rate, rate // 50, 1)
    pieces = speech[: count * (rate // 50)].reshape(count, -1, 1)
    payloads = [encoder.encode(piece) for piece in pieces]
    packets = sent(count, units=960, kind=111, size=60, **more)  # type: ignore[arg-type]
    heard = resample(Signal.of(speech[: count * (rate // 50)], rate), 48_000)
    return [replace(each, payload=payloads[each.slot]) for each in packets], heard.samples[:, 0]


def test_opus_is_heard_and_what_was_lost_is_exactly_zero(tmp_path: Path) -> None:
    packets, speech = opus_calls(100, never=(50, 51), late={70: 120.0})
    timeline = laid_out(tmp_path, packets)
    assert why_silent(timeline) == ""
    signal = sound_of(timeline, buffered(timeline, 60).lost)
    assert (signal.rate, signal.frames, signal.channels) == (48_000, 100 * 960, 1)
    pieces = signal.samples.reshape(100, 960)
    quiet = [slot for slot in range(2, 100) if not pieces[slot].any()]
    assert quiet == [50, 51, 70]
    later = 312  # frames: what the coder looks ahead
    late, clean = signal.samples[later : 48 * 960, 0], speech[: 48 * 960 - later]
    assert np.corrcoef(late, clean)[0, 1] > 0.8


def test_payloads_that_tell_other_lengths_are_not_taken_for_opus(tmp_path: Path) -> None:
    packets, _ = opus_calls(60)
    random = np.random.default_rng(1)
    encrypted = [replace(each, payload=random.bytes(len(each.payload))) for each in packets]
    assert "needs a codec" in why_silent(laid_out(tmp_path, encrypted))


def test_a_damaged_opus_packet_leaves_zeros_and_the_rest_is_heard(tmp_path: Path) -> None:
    packets, _ = opus_calls(60)
    broken = [replace(each, payload=b"\x4b\x00" if each.slot == 30 else each.payload) for each in packets]
    pieces = sound_of(laid_out(tmp_path, broken), np.zeros(60, np.bool_)).samples.reshape(60, 960)
    assert not pieces[30].any()
    assert pieces[31:40].any(axis=1).all()


def test_without_libopus_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    timeline = laid_out(tmp_path, opus_calls(40)[0])
    monkeypatch.setattr("gaplisten.captures.opus._library", lambda: None)
    with pytest.raises(CaptureError, match="Opus, and libopus is missing: install"):
        sound_of(timeline, np.zeros(40, np.bool_))
