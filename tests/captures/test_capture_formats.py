"""Captures of one call give the same losses, whatever wrote them."""

from __future__ import annotations

import gzip
import json
import os
import struct
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gaplisten.captures.buffer import buffered
from gaplisten.captures.formats import _unpacked, is_capture, read_capture
from gaplisten.captures.laying_out import timeline_of, timeline_of_delays
from gaplisten.captures.streams import Capture, CaptureError
from gaplisten.captures.timeline import Timeline
from kit import calls, real_clips
from kit.timing import that_ends

NEVER = (10, 11, 60, 61, 62, 140)
LATE = {90: 130.0, 91: 120.0, 120: 200.0}
CALL = calls.sent(160, never=NEVER, late=LATE, twice=(30, 100))

TAGGED = calls.ethernet
FORMS: dict[str, Callable[[], bytes]] = {
    "pcap": lambda: calls.pcap(CALL),
    "pcap, big-endian": lambda: calls.pcap(CALL, order=">"),
    "pcap, nanoseconds": lambda: calls.pcap(CALL, nano=True),
    "pcap, big-endian nanoseconds": lambda: calls.pcap(CALL, order=">", nano=True),
    "pcap, packed": lambda: gzip.compress(calls.pcap(CALL)),
    "pcap, packed in two pieces": lambda: gzip.compress(calls.pcap(CALL)[:1000])
    + gzip.compress(calls.pcap(CALL)[1000:]),
    "pcap, VLAN": lambda: calls.pcap(
        CALL, frame=lambda rtp: calls.ethernet(calls.ipv4(calls.udp(rtp)), tags=(0x8100,))
    ),
    "pcap, two VLANs": lambda: calls.pcap(
        CALL, frame=lambda rtp: calls.ethernet(calls.ipv4(calls.udp(rtp)), tags=(0x88A8, 0x8100))
    ),
    "pcap, IPv6": lambda: calls.pcap(CALL, frame=lambda rtp: calls.ethernet(calls.ipv6(calls.udp(rtp)))),
    "pcap, IPv6 with options": lambda: calls.pcap(
        CALL, frame=lambda rtp: calls.ethernet(calls.ipv6(calls.udp(rtp), options=2))
    ),
    "pcap, IPv4 with options": lambda: calls.pcap(
        CALL, frame=lambda rtp: calls.ethernet(calls.ipv4(calls.udp(rtp), options=bytes(8)))
    ),
    "pcap, PPPoE": lambda: calls.pcap(
        CALL,
        frame=lambda rtp: bytes(12) + b"\x88\x64" + bytes(6) + b"\x00\x21" + calls.ipv4(calls.udp(rtp)),
    ),
    "pcap, frames filled up": lambda: calls.pcap(
        CALL, frame=lambda rtp: calls.ethernet(calls.ipv4(calls.udp(rtp))) + bytes(10)
    ),
    "pcap, TURN": lambda: calls.pcap(
        CALL,
        frame=lambda rtp: calls.ethernet(
            calls.ipv4(calls.udp(struct.pack(">HH", 0x4001, len(rtp)) + rtp))
        ),
    ),
    "pcap, heads only": lambda: calls.pcap(CALL, snap=54),
    **{f"pcap, link {number}": lambda number=number: calls.pcap(CALL, number=number)
       for number in (0, 12, 101, 108, 113, 228, 276)},
    "pcapng": lambda: calls.pcapng(CALL),
    "pcapng, big-endian": lambda: calls.pcapng(CALL, order=">"),
    "pcapng, nanoseconds": lambda: calls.pcapng(CALL, resolution=9),
    "pcapng, parts of a power of two": lambda: calls.pcapng(CALL, resolution=128 | 20),
    "pcapng, with an offset": lambda: calls.pcapng(CALL, resolution=9, offset=1_600_000_000),
    "pcapng, old packets": lambda: calls.pcapng(CALL, kind=2),
    "pcapng, blocks nobody knows": lambda: calls.pcapng(CALL, extra=calls.block("<", 0xBAD, bytes(20))),
    "pcapng, two sections of either order": lambda: calls.pcapng(CALL[:70], order=">")
    + calls.pcapng(CALL[70:], resolution=9),
    "rtpdump": lambda: calls.rtpdump(CALL),
    "rtpdump, heads only": lambda: calls.rtpdump(CALL, kept=12),
    "tshark": lambda: calls.tshark(CALL),
    "tshark, tabs and another order": lambda: calls.tshark(
        CALL, separator="\t", columns=("rtp.timestamp", "rtp.seq", "frame.time_epoch", "ip.src")
    ),
    "Wireshark": lambda: calls.analysis(CALL),
    "Wireshark, with addresses": lambda: calls.analysis(CALL, ends=True),
    "Wireshark, quoted": lambda: calls.analysis(CALL, quoted=True),
    "packet list": lambda: calls.packet_list(CALL),
    "NetEQ": lambda: calls.neteq(CALL),
}  # fmt: skip


def captured(tmp_path: Path, data: bytes, name: str = "call.bin") -> Capture:
    path = tmp_path / name
    path.write_bytes(data)
    return read_capture(path)


def lost(timeline: Timeline, buffer_ms: float | None) -> list[int]:
    return np.flatnonzero(buffered(timeline, buffer_ms).lost).tolist()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_call_tells_of_the_same_losses(tmp_path: Path, form: str) -> None:
    path = tmp_path / "call.bin"
    path.write_bytes(FORMS[form]())
    assert is_capture(path)
    capture = read_capture(path)
    assert len(capture.streams) == 1
    timeline = timeline_of(capture.streams[0])
    assert timeline.packet_ms == 20.0
    assert timeline.slots.size == 160
    assert lost(timeline, None) == list(NEVER)
    assert lost(timeline, 100) == sorted({*NEVER, *LATE})
    assert lost(timeline, 150) == sorted({*NEVER, 120})
    assert timeline.counts.duplicates == 2
    assert np.flatnonzero(timeline.again).tolist() == [30, 100]


REAL = (
    "call.pcapng", "call_ethernet.pcap", "call_sll2_ns.pcap", "call.rtp", "call_tshark.csv",
    "call_wireshark.csv", "call_neteq.txt", "call_delays.dat",
)  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_a_real_call_in_every_form_gives_its_truth(name: str) -> None:
    folder = real_clips.FOLDER / "cases" / "call"
    if not folder.is_dir():
        pytest.skip(real_clips.missing() or f"{folder} is not there")
    truth = json.loads((folder / "truth.json").read_text())
    capture = read_capture(folder / name)
    if capture.delays is not None:
        timeline = timeline_of_delays(capture.delays, 20)
    else:
        timeline = timeline_of(next(each for each in capture.streams if each.ssrc != 0x99))
        comfort = {330, 350}
        silent = set(np.flatnonzero(timeline.slots == 2).tolist())
        assert silent - comfort == set(truth["dtx"])
        assert np.flatnonzero(timeline.again).tolist() == truth["duplicates"]
        early = buffered(timeline, 100)
        in_time = timeline.behind & ~early.lost
        assert np.flatnonzero(in_time).tolist() == truth["reordered"]
    assert timeline.slots.size == truth["packets"]
    assert lost(timeline, None) == truth["lost_network"] == truth["lost_buffer_infinite"]
    assert lost(timeline, 100) == truth["lost_buffer_100ms"]
    assert lost(timeline, 150) == truth["lost_buffer_150ms"]


def test_the_dump_of_a_browser_gives_totals(tmp_path: Path) -> None:
    folder = real_clips.FOLDER / "cases" / "call"
    if not folder.is_dir():
        pytest.skip(real_clips.missing() or f"{folder} is not there")
    (total,) = read_capture(folder / "call_webrtc_internals.json").totals
    assert total.figures["packetsLost"] == 12
    assert total.figures["concealedSamples"] == 15 * 960
    assert (total.loss, total.events, total.burst_packets) == (15 / 400, 6, 2.5)


def test_streams_are_told_apart_by_addresses_and_senders(tmp_path: Path) -> None:
    back = [replace(each, ssrc=0x99) for each in calls.sent(50)]
    capture = captured(tmp_path, calls.pcap(sorted([*CALL, *back], key=lambda each: each.at_ms)))
    assert [(stream.ssrc, stream.packets) for stream in capture.streams] == [
        (calls.SSRC, len(CALL)),
        (0x99, 50),
    ]
    assert str(capture.streams[0].route) == "192.0.2.10:40000 -> 198.51.100.7:40002"


@pytest.mark.parametrize("times", [2, 3])
def test_a_mirrored_port_that_shows_every_packet_again_is_the_same_call(tmp_path: Path, times: int) -> None:
    capture = captured(tmp_path, calls.pcap([each for each in CALL for _ in range(times)]))
    assert len(capture.streams) == 1
    assert lost(timeline_of(capture.streams[0]), None) == list(NEVER)


def test_control_keys_and_other_protocols_are_no_streams(tmp_path: Path) -> None:
    control = struct.pack(">BBHI", 0x80, 200, 1, 1) + bytes(20)
    keys = b"\x16\xfe\xfd" + bytes(40)
    question = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12)
    others = iter([control, keys, question, b"\x80\x11" + bytes(30)] * 40)
    mixed = calls.pcap(
        [each for each in CALL for _ in (0, 1)],
        frame=lambda rtp, seen=set(): calls.ethernet(
            calls.ipv4(calls.udp(rtp if rtp not in seen and not seen.add(rtp) else next(others, control)))
        ),
    )
    capture = captured(tmp_path, mixed)
    assert len(capture.streams) == 1
    assert capture.streams[0].secured


def test_fragments_and_unknown_links_are_counted(tmp_path: Path) -> None:
    frames = calls.pcap(
        CALL,
        frame=lambda rtp: calls.ethernet(calls.ipv4(calls.udp(rtp), flags=0x2000 if rtp[3] % 2 else 0)),
    )
    assert any("fragments of IP packets" in note for note in captured(tmp_path, frames).notes)
    other = calls.pcap(CALL, number=127)
    with pytest.raises(CaptureError, match="link type 127"):
        captured(tmp_path, other)


def parts_of(each: calls.Sent, version: int) -> tuple[bytes, bytes]:
    """Return two frames, in each of them a part of one IP packet."""
    whole = calls.udp(each.rtp)
    one, other = whole[:88], whole[88:]
    if version == 4:
        return calls.ethernet(calls.ipv4(one, flags=0x2000)), calls.ethernet(calls.ipv4(other, flags=11))

    def frame(place: int, piece: bytes) -> bytes:
        head = struct.pack(">BBHI", 17, 0, place, each.slot)
        return calls.ethernet(calls.ipv6(head + piece, following=44))

    return frame(1, one), frame(88, other)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("turned", [False, True])
def test_a_packet_that_came_in_parts_is_received_once_all_of_them_have_come(
    tmp_path: Path, version: int, turned: bool
) -> None:
    frames, missing = [], (20, 21)
    for each in CALL:
        parts = parts_of(each, version)[:: -1 if turned else 1]
        frames += [(each, frame) for frame in (parts[:1] if each.slot in missing else parts)]
    todo = iter(frame for _, frame in frames)
    capture = captured(tmp_path, calls.pcap((each for each, _ in frames), frame=lambda _: next(todo)))
    timeline = timeline_of(capture.streams[0])
    assert lost(timeline, None) == sorted({*NEVER, *missing})
    assert lost(timeline, 100) == sorted({*NEVER, *missing, *LATE})
    assert any(note.startswith("2 fragments of IP packets whose other parts") for note in capture.notes)


def test_times_of_a_clock_that_was_set_back_and_whole_seconds_tell_nothing_of_delays(tmp_path: Path) -> None:
    back = [replace(each, at_ms=each.at_ms - 2000 * (place > 80)) for place, each in enumerate(CALL)]
    rounded = [replace(each, at_ms=each.at_ms // 1000 * 1000) for each in CALL]
    for packets, said in ((back, "set back by 1.98 s behind packet 81"), (rounded, "in steps of 1 s")):
        timeline = timeline_of(captured(tmp_path, calls.pcap(packets)).streams[0])
        assert lost(timeline, None) == list(NEVER)
        assert any(said in note and "late cannot be told" in note for note in timeline.notes)
        with pytest.raises(CaptureError, match="does not tell when packets came"):
            buffered(timeline, 100)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_spreadsheet_may_write_decimal_commas_where_cells_are_parted_otherwise(
    tmp_path: Path, separator: str
) -> None:
    for whole in (calls.tshark(CALL), calls.analysis(CALL)):
        text = whole.decode().replace(",", separator).replace(".", ",").replace("frame,", "frame.")
        there = text.replace("rtp,", "rtp.").replace("udp,", "udp.")
        timeline = timeline_of(captured(tmp_path, there.encode()).streams[0])
        assert lost(timeline, 100) == sorted({*NEVER, *LATE})


@pytest.mark.parametrize("form", ["pcap", "pcapng", "rtpdump"])
def test_a_capture_that_was_cut_is_read_as_far_as_it_goes_and_says_so(tmp_path: Path, form: str) -> None:
    data = FORMS[form]()
    capture = captured(tmp_path, data[:-50])
    assert capture.streams[0].packets == len(CALL) - 1
    assert any("cut short" in note for note in capture.notes)


def test_a_packed_capture_that_was_cut_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="gzip file breaks off"):
        captured(tmp_path, gzip.compress(calls.pcap(CALL))[:-400])


def test_a_packed_file_cannot_fill_memory(tmp_path: Path) -> None:
    bomb = gzip.compress(calls.pcap(CALL)[:24] + bytes(1 << 20), 9)
    piece = gzip.compress(bytes(1 << 24), 9)
    with pytest.raises(CaptureError, match="more than 256 MiB when unpacked"):
        captured(tmp_path, bomb + piece * 20)
    whole = gzip.compress(bytes(400 << 20), 1)
    tracemalloc.start()
    try:
        with pytest.raises(CaptureError, match="more than 256 MiB when unpacked"):
            captured(tmp_path, whole)
        assert tracemalloc.get_traced_memory()[1] < 300 << 20
    finally:
        tracemalloc.stop()


class Counted(bytes):
    """Bytes that count how many of them are copied out."""

    copied = 0

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        Counted.copied += len(found)
        return found


def test_of_many_packed_files_behind_each_other_not_all_that_follows_is_copied_for_each() -> None:
    data = Counted(gzip.compress(b"") * 1000 + gzip.compress(b"sound"))
    assert _unpacked(Path("packed"), data) == (b"sound", ())
    assert Counted.copied < 30 * len(data)  # else half of it for each


@pytest.mark.parametrize(
    ("place", "value"), [(8, 0xFFFFFFFF), (8, 0x7FFFFFFF), (4, 0xFFFFFFFF), (8, 5), (12, 3)]
)
def test_lengths_that_cannot_be_are_refused_and_not_used(tmp_path: Path, place: int, value: int) -> None:
    data = bytearray(calls.pcap(CALL))
    at = 24 + 16 + len(calls.ethernet(calls.ipv4(calls.udp(CALL[0].rtp))))
    data[at + place : at + place + 4] = struct.pack("<I", value)
    with pytest.raises(CaptureError, match="is damaged: packet"):
        captured(tmp_path, bytes(data))


@pytest.mark.parametrize("size", [0, 8, 13, 0xFFFFFFFC])
def test_blocks_of_a_wrong_length_are_refused(tmp_path: Path, size: int) -> None:
    data = bytearray(calls.pcapng(CALL[:10]))
    data[4:8] = struct.pack("<I", size)
    with pytest.raises(CaptureError, match=r"damaged|holds no RTP"):
        captured(tmp_path, bytes(data))


def test_what_is_no_capture_names_those_that_are_known(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("0 1 0 1\n")
    assert not is_capture(path)
    with pytest.raises(CaptureError, match=r"is no capture or log of a call; known are: .*rtpdump"):
        read_capture(path)
    assert not is_capture(tmp_path)
    assert not is_capture(tmp_path / "nowhere")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes among files")
def test_a_pipe_is_no_capture_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert not that_ends(lambda: is_capture(tmp_path / "pipe"))
    with pytest.raises(CaptureError, match="no regular file"):
        that_ends(lambda: read_capture(tmp_path / "pipe"))


def test_a_line_that_does_not_belong_is_named(tmp_path: Path) -> None:
    lines = calls.tshark(CALL).decode().splitlines()
    lines[5] = lines[5].replace("0x1234abcd", "soon")
    with pytest.raises(CaptureError, match="line 6 holds 'soon'"):
        captured(tmp_path, "\n".join(lines).encode())
    lines = calls.neteq(CALL).decode().splitlines()
    lines[7] = lines[7][:40]
    with pytest.raises(CaptureError, match="line 8 is not as NetEQ writes it"):
        captured(tmp_path, "\n".join(lines).encode())


def test_a_log_of_neteq_tells_what_was_concealed_of_its_output(tmp_path: Path) -> None:
    capture = captured(tmp_path, calls.neteq(CALL, concealed=(4, 5, 9), pieces=12))
    assert capture.concealed is not None
    assert np.flatnonzero(capture.concealed.lost).tolist() == [4, 5, 9]
    assert capture.concealed.piece_ms == 10.0


def test_concealment_events_stand_one_behind_the_other(tmp_path: Path) -> None:
    event = "ConcealmentEvent duration_ms:{} event_number:{} time_from_previous_event_end_ms:{}\n"
    text = event.format(20, 2, 100) + event.format(40, 3, 50)
    capture = captured(tmp_path, text.encode())
    assert capture.concealed is not None
    at = np.flatnonzero(capture.concealed.lost)
    assert (at[0], at[-1], at.size) == (100, 209, 60)


def test_programs_that_print_counters_give_totals(tmp_path: Path) -> None:
    pjsua = (
        "RX pt=0, last update:00h:00m:02.2s ago\n   total 1.0Kpkt 160.0KB (200.0KB +IP hdr) @avg=64Kbps\n"
        "   pkt loss=31 (3.0%), discrd=0 (0.0%), dup=0 (0.0%), reord=0 (0.0%)\n"
        "         (msec)    min     avg     max     last    dev\n"
        "   loss period:  20.000  62.000 120.000  20.000  12.000\n"
    )
    (total,) = captured(tmp_path, pjsua.encode()).totals
    assert total.loss == pytest.approx(0.03)
    assert total.burst_packets == pytest.approx(3.1)
    asterisk = (
        b"ssrc=1231;themssrc=99;lp=12;rxjitter=0.001;rxcount=388;txjitter=0.0;txcount=400;rlp=0;rtt=0\n"
    )
    (total,) = captured(tmp_path, asterisk).totals
    assert total.loss == pytest.approx(0.03)
    report = b"burst_density: 50 % burst_duration: 80 ms gap_density: 1 % gap_duration: 920 ms\n"
    (total,) = captured(tmp_path, report).totals
    assert total.loss == pytest.approx((0.5 * 80 + 0.01 * 920) / 1000)
    assert total.burst_packets == pytest.approx(2.0)


def test_a_log_of_janus_counts_what_is_missing(tmp_path: Path) -> None:
    text = (
        "[WARN] Lost a packet here? (got seq 12 after 9, time ~3s)\nok\n"
        "[WARN] Lost a packet here? (got seq 40 after 38, time ~9s)\n"
    )
    (total,) = captured(tmp_path, text.encode()).totals
    assert (total.figures["packets lost"], total.events) == (3, 2)


def test_a_table_that_windows_wrote_is_read_and_one_that_was_cut_says_so(tmp_path: Path) -> None:
    whole = calls.tshark(calls.sent(30, never=(4,)))
    (tmp_path / "wide.csv").write_bytes(whole.decode().encode("utf-16"))
    found = read_capture(tmp_path / "wide.csv")
    assert found.streams[0].packets == 29
    assert found.notes == ()
    counters = b"lp=12;rxcount=388\n"
    for name, data in (("cut.csv", whole[:-2]), ("cut.txt", counters[:-2])):
        (tmp_path / name).write_bytes(data)
        assert any("last line has no end" in note for note in read_capture(tmp_path / name).notes)


def test_lines_of_something_else_within_a_log_are_counted(tmp_path: Path) -> None:
    log = calls.neteq(calls.sent(10), concealed=(), pieces=10)
    (tmp_path / "log.txt").write_bytes(log + b"12\n13\n")
    assert any("2 lines are none of NetEQ's" in note for note in read_capture(tmp_path / "log.txt").notes)
