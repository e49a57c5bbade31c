"""From packets to slots: wrap, silence, comfort noise, events, restarts, pace, drift, redundancy."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaplisten.captures.buffer import buffer_for, buffered, relative_delays
from gaplisten.captures.formats import read_capture
from gaplisten.captures.laying_out import timeline_of, timeline_of_delays
from gaplisten.captures.streams import CaptureError, Delays, Stream
from gaplisten.captures.timeline import Slot, joined
from kit import calls
from kit.calls import Sent, sent


def stream(tmp_path: Path, packets: list[Sent], place: int = 0) -> Stream:
    path = tmp_path / "call.pcap"
    path.write_bytes(calls.pcap(packets, nano=True))
    return read_capture(path).streams[place]


def lost(found: Stream, buffer_ms: float | None = None, **options: float) -> list[int]:
    timeline = timeline_of(found, **options)  # type: ignore[arg-type]
    return np.flatnonzero(buffered(timeline, buffer_ms).lost).tolist()


def test_silence_is_no_loss_and_a_loss_beside_it_stays_one(tmp_path: Path) -> None:
    packets = sent(200, never=(49, 100), silent=range(50, 90))
    timeline = timeline_of(stream(tmp_path, packets))
    assert lost(stream(tmp_path, packets)) == [49, 100]
    assert np.flatnonzero(timeline.slots == Slot.SILENCE).tolist() == list(range(50, 90))


def test_comfort_noise_is_silence_and_its_numbers_count(tmp_path: Path) -> None:
    packets = [
        replace(each, kind=13, payload=b"\x40") if each.slot in (60, 80) else each
        for each in sent(120, silent=[*range(61, 80), *range(81, 90)])
    ]
    timeline = timeline_of(stream(tmp_path, packets))
    assert lost(stream(tmp_path, packets)) == []
    assert timeline.counts.comfort == 2
    assert timeline.slots[60] == timeline.slots[80] == Slot.SILENCE


def test_telephone_events_keep_their_numbers_and_take_no_place(tmp_path: Path) -> None:
    packets = [
        Sent(slot, slot, 40 * 160, slot * 20.0, 101, slot == 40, b"\x05\x0a\x01\x40")
        if 40 <= slot < 48
        else Sent(slot, slot, slot * 160, slot * 20.0)
        for slot in range(100)
    ]
    timeline = timeline_of(stream(tmp_path, packets))
    assert timeline.packet_ms == 20.0
    assert timeline.counts.events == 8
    assert lost(stream(tmp_path, packets)) == []
    assert np.flatnonzero(timeline.slots == Slot.SILENCE).tolist() == list(range(40, 48))
    without = [each for each in packets if each.slot not in (20, 21)]
    assert lost(stream(tmp_path, without)) == [20, 21]


def test_lost_packets_take_no_more_room_than_there_is(tmp_path: Path) -> None:
    """Numbers of lost events would otherwise push the sound apart."""
    packets = [replace(each, number=each.number + (5 if each.slot > 30 else 0)) for each in sent(60)]
    assert lost(stream(tmp_path, packets)) == []


@pytest.mark.parametrize(
    ("units", "ms", "kind", "size"),
    [(960, 20.0, 111, 60), (480, 10.0, 111, 40), (320, 20.0, 96, 33), (160, 20.0, 97, 32),
     (240, 30.0, 0, 240), (160, 20.0, 9, 160), (80, 10.0, 18, 10), (441, 10.0, 11, 882),
     (2880, 60.0, 111, 150), (320, 20.0, 112, 61)],
)  # fmt: skip
def test_clocks_are_known_by_type_or_by_the_times_of_arrival(
    tmp_path: Path, units: int, ms: float, kind: int, size: int
) -> None:
    packets = sent(120, never=(30, 31), units=units, ms=ms, kind=kind, size=size)
    timeline = timeline_of(stream(tmp_path, packets))
    assert timeline.packet_ms == ms
    assert lost(stream(tmp_path, packets)) == [30, 31]
    assert any("no clock of its own" in note for note in timeline.notes) is (kind >= 96)


def test_without_times_the_clock_of_a_dynamic_type_has_to_be_told(tmp_path: Path) -> None:
    path = tmp_path / "call.csv"
    path.write_bytes(
        calls.tshark(sent(50, kind=96, units=320), columns=("rtp.seq", "rtp.timestamp", "rtp.p_type"))
    )
    found = read_capture(path).streams[0]
    with pytest.raises(CaptureError, match=r"payload type 96 has no clock.*--clock"):
        timeline_of(found)
    assert timeline_of(found, clock=16000).packet_ms == 20.0
    assert timeline_of(found, packet_ms=20).packet_ms == 20.0
    with pytest.raises(CaptureError, match="does not tell when packets came"):
        buffered(timeline_of(found, clock=16000), 60)


def test_frames_of_opus_that_say_nothing_are_silence(tmp_path: Path) -> None:
    packets = [
        replace(each, payload=b"\x08") if each.slot in (50, 70) else each
        for each in sent(120, silent=[*range(51, 70), *range(71, 90)], units=960, kind=111)
    ]
    timeline = timeline_of(stream(tmp_path, packets))
    assert timeline.counts.comfort == 2
    assert lost(stream(tmp_path, packets)) == []


def test_packets_that_become_longer_are_counted_in_common_pieces(tmp_path: Path) -> None:
    first = sent(100, never=(20,))
    second = [
        Sent(
            100 + 2 * at,
            65500 + at,
            first[0].stamp + 160 * (100 + 2 * at),
            2040 + 40.0 * at,
            payload=bytes(320),
        )
        for at in range(50)
        if at != 10
    ]
    timeline = timeline_of(stream(tmp_path, [*first, *second]))
    assert timeline.packet_ms == 20.0
    assert lost(stream(tmp_path, [*first, *second])) == [20, 120, 121]
    assert any("20 and 40 ms" in note for note in timeline.notes)


def test_numbers_that_begin_anew_are_no_loss(tmp_path: Path) -> None:
    first = sent(100, never=(50,), number=1000, stamp=5000)
    second = [
        replace(each, number=each.number + 30_000, stamp=each.stamp + 1_000_000_000, at_ms=each.at_ms + 2400)
        for each in sent(100, never=(7,), number=0, stamp=0)
    ]
    timeline = timeline_of(stream(tmp_path, [*first, *second]))
    assert lost(stream(tmp_path, [*first, *second])) == [50, 127]
    assert np.flatnonzero(timeline.slots == Slot.SILENCE).tolist() == list(range(100, 120))
    assert any("begin anew once" in note for note in timeline.notes)


def test_a_payload_type_of_another_clock_is_refused_and_one_of_the_same_goes_on(tmp_path: Path) -> None:
    before = sent(120, never=(30,))
    last = before[-1]
    begun = {"number": last.number + 1, "stamp": last.stamp + 160, "never": (10,), "seed": 6}

    def on(kind: int, units: int) -> list[Sent]:
        after = sent(60, kind=kind, units=units, **begun)  # type: ignore[arg-type]
        return [*before, *(replace(each, at_ms=each.at_ms + 2400) for each in after)]

    assert lost(stream(tmp_path, on(8, 160))) == [30, 130]
    said = r"changes its payload type.*0 PCMU: about .*111 \(dynamic\).*editcap"
    with pytest.raises(CaptureError, match=said):
        timeline_of(stream(tmp_path, on(111, 960)))


def test_one_stray_packet_is_no_new_beginning(tmp_path: Path) -> None:
    packets = sent(100, never=(50,), number=1000)
    stray = replace(packets[20], number=40_000, at_ms=packets[20].at_ms + 0.01)
    packets.insert(21, stray)
    assert lost(stream(tmp_path, packets))[:1] == [50]


def test_streams_one_after_the_other_are_joined_as_far_apart_as_they_came(tmp_path: Path) -> None:
    first = sent(100, never=(50,), jitter=0.0)
    second = [replace(each, at_ms=each.at_ms + 3000) for each in sent(100, never=(3,), ssrc=7, jitter=0.0)]
    path = tmp_path / "call.pcap"
    path.write_bytes(calls.pcap([*first, *second], nano=True))
    parts = [timeline_of(each) for each in read_capture(path).streams]
    both = joined(parts)
    assert np.flatnonzero(both.slots == Slot.LOST).tolist() == [50, 153]
    assert both.slots.size == 250
    assert both.stream is not None
    assert both.stream.payload(int(both.packets[150])) == second[0].payload
    other = timeline_of(stream(tmp_path, sent(50, units=80, ms=10.0)))
    with pytest.raises(CaptureError, match="packets of 20 and 10 ms"):
        joined([parts[0], other])


def test_a_delay_of_just_the_buffer_is_in_time(tmp_path: Path) -> None:
    packets = sent(100, jitter=0.0, late={30: 60.0, 40: 60.001})
    assert lost(stream(tmp_path, packets), 60) == [40]


@pytest.mark.parametrize("drift", [1e-4, -1e-4])
def test_clocks_that_drift_apart_make_no_packet_late(tmp_path: Path, drift: float) -> None:
    packets = sent(15_000, late={7000: 70.0, 14_000: 70.0}, drift=drift, jitter=3.0)
    found = stream(tmp_path, packets)
    assert lost(found, 60) == [7000, 14_000]
    assert lost(found, 40) == [7000, 14_000]
    notes = relative_delays(timeline_of(found))[1]
    assert any("100 ppm" in note for note in notes)


def test_another_route_is_no_drift(tmp_path: Path) -> None:
    packets = [
        replace(each, at_ms=each.at_ms + (30 if each.slot >= 3000 else 0)) for each in sent(6000, jitter=2.0)
    ]
    timeline = timeline_of(stream(tmp_path, packets))
    delays, notes = relative_delays(timeline)
    assert float(np.median(delays[4000:])) == pytest.approx(30, abs=4)
    assert any("another route" in note for note in notes)


def test_video_is_refused(tmp_path: Path) -> None:
    packets = [Sent(at, at, at // 4 * 3000, at * 8.0, 96, at % 4 == 3, bytes(900)) for at in range(200)]
    with pytest.raises(CaptureError, match="share their timestamps, as those of video"):
        timeline_of(stream(tmp_path, packets))


def red(each: Sent, before: bytes) -> Sent:
    """Return a packet that carries the one before once more."""
    words = struct.pack(">I", 0x80000000 | 111 << 24 | 960 << 10 | len(before))
    return replace(each, kind=63, payload=words + bytes((111,)) + before + each.payload)


def test_packets_that_carry_earlier_ones_lose_by_their_own_and_say_what_came_again(tmp_path: Path) -> None:
    plain = sent(100, units=960, kind=111, size=50)
    packets = [red(each, plain[at - 1].payload) for at, each in enumerate(plain) if at]
    found = stream(tmp_path, [each for each in packets if each.slot not in (30, 50, 51)])
    timeline = timeline_of(found)
    assert lost(found) == [29, 49, 50]  # the first packet that came is slot 0
    assert timeline.counts.recovered == 2


def test_delays_of_a_plan_count_as_they_stand_or_over_the_smallest() -> None:
    delays = Delays(np.array([10, 20, np.nan, 40, 41, 5.0]))
    timeline = timeline_of_delays(delays, 20)
    assert buffered(timeline, 40, absolute=True).lost.astype(int).tolist() == [0, 0, 1, 0, 1, 0]
    assert buffered(timeline, 35).lost.astype(int).tolist() == [0, 0, 1, 0, 1, 0]
    assert buffered(timeline, 34).lost.astype(int).tolist() == [0, 0, 1, 1, 1, 0]
    assert timeline_of_delays(delays, 20, skip=3).slots.size == 3
    twice = timeline_of_delays(delays, 10, frames=2)
    assert np.flatnonzero(twice.slots == Slot.LOST).tolist() == [4, 5]


@pytest.mark.parametrize(("percent", "buffer"), [(0.0, 41.0), (20.0, 40.0), (40.0, 20.0)])
def test_a_limit_of_late_packets_gives_the_buffer_of_a_plan(percent: float, buffer: float) -> None:
    timeline = timeline_of_delays(Delays(np.array([10, 20, np.nan, 40, 41, 5.0])), 20)
    assert buffer_for(timeline, percent) == buffer


def test_delays_of_a_capture_mean_nothing_as_they_stand(tmp_path: Path) -> None:
    timeline = timeline_of(stream(tmp_path, sent(50)))
    with pytest.raises(CaptureError, match="only differences count"):
        buffered(timeline, 60, absolute=True)
