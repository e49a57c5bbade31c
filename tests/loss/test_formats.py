"""Trace files: every format goes out and comes back, and doubtful ones are asked about."""

from __future__ import annotations

import contextlib
import os
import pickle
import re
import tracemalloc
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gaplisten.loss import formats
from gaplisten.loss.formats import (
    FORMATS,
    AmbiguousTrace,
    End,
    TraceFileError,
    delays,
    fit,
    format_named,
    intervals,
    meaning_of,
    read_trace,
    write_trace,
)
from gaplisten.loss.formats.contract import BadTrace, Content
from gaplisten.loss.trace import Grid, LossTrace

FLAGS = st.lists(st.booleans(), min_size=1, max_size=300).map(lambda flags: np.array(flags, np.bool_))
ROUND_TRIP = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# Formats that list losses say nothing of received packets at the end, and compact fills its last byte.
OPEN_ENDED = {
    "lost_packets", "lost_packets_from_1", "received_packets", "lost_samples", "sample_mask", "g192_compact",
    "audacity", "textgrid", "intervals", "intervals_samples",
}  # fmt: skip
IN_SAMPLES = {form.name for form in FORMATS if form.unit == "sample"}
WITH_ARRAYS = ("npy", "frn", "lost_packets", "lost_packets_from_1", "lost_samples")


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def same(found: np.ndarray, wanted: np.ndarray, name: str) -> bool:
    if name not in OPEN_ENDED:
        return np.array_equal(found, wanted)
    size = max(found.size, wanted.size)
    end = End.LOST if name == "received_packets" else End.RECEIVED
    return np.array_equal(fit(found, size, end), fit(wanted, size, end))


@pytest.mark.parametrize("name", [form.name for form in FORMATS])
@ROUND_TRIP
@given(lost=FLAGS)
def test_what_is_written_is_read_back(tmp_path: Path, name: str, lost: np.ndarray) -> None:
    path = tmp_path / "trace.txt"
    if name in ("lost_packets", "lost_packets_from_1", "lost_samples", "audacity") and not lost.any():
        lost[0] = True  # an empty list is no file that could be told from a broken one
    if name == "received_packets":
        lost[0] = False  # its list begins with the first packet that came
    write_trace(path, LossTrace.of_packets(lost, 1 if name in IN_SAMPLES else 320, 16000), name)
    found = read_trace(path, format=name)
    if found.intervals is not None:
        assert same(found.on_clock(16000).mask(lost.size), lost, name)
    elif name in IN_SAMPLES:  # its packets are as long as its runs allow
        found_samples = np.repeat(found.lost, found.packet_frames or 1)
        assert same(found_samples, lost, name)
    else:
        assert same(found.lost, lost, name)


@pytest.mark.parametrize("name", WITH_ARRAYS)
@ROUND_TRIP
@given(lost=FLAGS)
def test_arrays_are_read_back_too(tmp_path: Path, name: str, lost: np.ndarray) -> None:
    path = tmp_path / "trace.npy"
    trace = LossTrace.of_packets(lost, 160, 8000)
    write_trace(path, trace, name)
    found = read_trace(path, format=name)
    if name == "lost_samples":
        samples = np.repeat(found.lost, found.packet_frames or 1)
        assert same(samples, trace.mask(lost.size * 160), name)
    else:
        assert same(found.lost, lost, name)


@ROUND_TRIP
@given(data=st.binary(max_size=400))
def test_any_bytes_give_flags_or_a_reason(tmp_path: Path, data: bytes) -> None:
    path = written(tmp_path / "any.txt", data)
    for name in [None, *(form.name for form in FORMATS)]:
        with contextlib.suppress(TraceFileError):
            found = read_trace(path, format=name)
            assert found.lost.dtype == np.bool_
            assert found.lost.ndim == 1


@pytest.mark.parametrize(
    ("content", "name", "lost"),
    [
        ("0\r\n1\r\n0\r\n", "challenge", [0, 1, 0]),
        ("0\n1\n0", "challenge", [0, 1, 0]),
        ("0 0 1 0 1", "digits", [0, 0, 1, 0, 1]),
        ("00101\n", "digits", [0, 0, 1, 0, 1]),
        ("[0, 0, 1]", "digits", [0, 0, 1]),
        ("\ufeff0\n0\n1\n", "challenge", [0, 0, 1]),
        (b"\x21\x6b\x20\x6b\x21\x6b", "g192_word", [0, 1, 0]),
        (b"\x6b\x21\x6b\x20\x6b\x21", "g192_word", [0, 1, 0]),
        (b"\x21\x20\x20\x21", "g192_byte", [0, 1, 1, 0]),
    ],
)
def test_formats_are_told_apart_by_content(
    tmp_path: Path, content: bytes | str, name: str, lost: list[int]
) -> None:
    found = read_trace(written(tmp_path / "x.txt", content))
    assert (found.format, found.lost.astype(int).tolist()) == (name, lost)


def test_swapped_words_are_read_and_said(tmp_path: Path) -> None:
    found = read_trace(written(tmp_path / "x.g192", b"\x6b\x21\x6b\x20"))
    assert "byte-swapped" in found.notes[0]


def test_any_good_frame_word_counts_as_received(tmp_path: Path) -> None:
    words = np.array([0x6B21, 0x6B2F, 0x6B20, 0x6B27], "<u2").tobytes()
    assert read_trace(written(tmp_path / "x", words)).lost.tolist() == [False, False, True, False]


def test_a_whole_bitstream_gives_its_frame_words(tmp_path: Path) -> None:
    frame = [4, 0x7F, 0x81, 0x7F, 0x81]
    words = np.array([0x6B21, *frame, 0x6B20, *frame, 0x6B21, 0], "<u2").tobytes()
    found = read_trace(written(tmp_path / "x.g192", words))
    assert found.lost.tolist() == [False, True, False]
    assert "bitstream" in found.notes[0]


def test_frames_marked_received_in_an_unusual_way_are_told(tmp_path: Path) -> None:
    words = np.array([0x6B21, 0x6B2F, 0x6B20], "<u2").tobytes()
    assert read_trace(written(tmp_path / "x", words)).notes == (
        "1 frame is marked 0x6B2F: received, by the standard",
    )


# --- damaged files ------------------------------------------------------------

PATTERN = np.where(np.arange(120) % 7 == 3, 0x6B20, 0x6B21).astype("<u2")


def refusal(path: Path) -> str:
    with pytest.raises(TraceFileError) as caught:
        read_trace(path)
    assert not isinstance(caught.value, AmbiguousTrace), "no other format is offered for it"
    return str(caught.value)


@pytest.mark.parametrize("order", ["<u2", ">u2"])
@pytest.mark.parametrize("word", [0, 1, 60, 119])
def test_a_pattern_with_one_flipped_bit_names_the_word(tmp_path: Path, word: int, order: str) -> None:
    words = PATTERN.copy()
    words[word] ^= 0x0100
    said = refusal(written(tmp_path / "x.g192", words.astype(order).tobytes()))
    assert f"word {word} is 0x{words[word]:04X}, not a frame word" in said
    assert "make it again, or copy it again byte for byte" in said


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda data: data + b"\r\n", "word 120 is 0x0A0D, a line end, not a frame word"),
        (lambda data: data + b"\n", "is 241 bytes long, of which the last 1 are a line end"),
        (lambda data: data[:-1], "is 239 bytes long, no whole number of 16-bit words"),
        (lambda data: data[1:], "is 239 bytes long"),
        (lambda data: data[:101] + data[102:], "is 239 bytes long"),
        (lambda data: b"\x00" + data, "is 241 bytes long"),
    ],
)
def test_a_pattern_with_bytes_too_many_or_too_few_is_no_other_kind_of_file(
    tmp_path: Path, change: Callable[[bytes], bytes], fact: str
) -> None:
    assert fact in refusal(written(tmp_path / "x.g192", change(PATTERN.tobytes())))


def test_a_pattern_that_goes_on_as_something_else_names_where(tmp_path: Path) -> None:
    junk = np.random.default_rng(0).integers(0, 256, 2000).astype(np.uint8).tobytes()
    said = refusal(written(tmp_path / "x.g192", PATTERN[:40].tobytes() + junk))
    assert re.search(r"word (40|41) (is|tells of)", said) or "word 1 tells of" in said
    codes = np.where(np.arange(40) % 7 == 3, 0x20, 0x21).astype(np.uint8).tobytes()
    assert "byte 40 is" in refusal(written(tmp_path / "y", codes + b"\x00" + junk))


def test_a_damaged_pattern_of_bytes_names_the_byte(tmp_path: Path) -> None:
    codes = np.where(np.arange(120) % 7 == 3, 0x20, 0x21).astype(np.uint8)
    codes[50] ^= 0x80
    assert "byte 50 is 0xA1, not 0x20 (lost) or 0x21" in refusal(written(tmp_path / "x", codes.tobytes()))
    assert "byte 3 is 0x0D" in refusal(written(tmp_path / "y", b"\x21\x20\x21\r\n" + b"\x21" * 20))


def bitstream(frames: int = 20, bits: int = 40) -> np.ndarray:
    random = np.random.default_rng(3)
    rows = np.where(random.random((frames, bits + 2)) < 0.5, 0x7F, 0x81)
    rows[:, 0] = np.where(np.arange(frames) % 5 == 2, 0x6B20, 0x6B21)
    rows[:, 1] = bits
    return rows.astype("<u2").reshape(-1)


def test_erased_bits_are_bits(tmp_path: Path) -> None:
    words = bitstream()
    words[2:20] = 0
    found = read_trace(written(tmp_path / "x", words.tobytes()))
    assert np.flatnonzero(found.lost).tolist() == [2, 7, 12, 17]


@pytest.mark.parametrize(
    ("at", "word", "fact"),
    [
        (1, 41, "word 43 is 0x0028, not a frame word"),
        (1, 2000, "word 1 tells of 2000 bits, but 838 words follow"),
        (42, 0x6A21, "word 42 is 0x6A21, not a frame word"),
        (5, 0x7E, "word 5 is 0x007E, not a bit"),
        (805, 0x8081, "word 805 is 0x8081, not a bit"),
        (1, 82, "word 42 is 0x6B21, not a bit"),  # skips a whole frame and lands on a frame word
    ],
)
def test_a_damaged_bitstream_names_the_word(tmp_path: Path, at: int, word: int, fact: str) -> None:
    words = bitstream()
    words[at] = word
    assert fact in refusal(written(tmp_path / "x.g192", words.tobytes()))


def test_a_bitstream_that_is_cut_short_is_told(tmp_path: Path) -> None:
    assert "word 799 tells of 40 bits, but 30 words follow" in refusal(
        written(tmp_path / "x.g192", bitstream()[:-10].tobytes())
    )


@ROUND_TRIP
@given(at=st.integers(0, 859), bit=st.integers(0, 15), whole=st.booleans())
def test_no_flipped_bit_makes_a_g192_file_another_trace_without_a_word(
    tmp_path: Path, at: int, bit: int, whole: bool
) -> None:
    words = bitstream() if whole else PATTERN.copy()
    lost = np.arange(20) % 5 == 2 if whole else PATTERN == 0x6B20
    words[at % words.size] ^= 1 << bit
    path = written(tmp_path / "x.g192", words.tobytes())
    changed = int(words[at % words.size])
    if 0x6B20 <= changed <= 0x6B2F:  # another valid mark of that one frame
        found = read_trace(path)
        assert (found.format, found.lost.size) == ("g192_word", lost.size)
        assert np.count_nonzero(found.lost != lost) <= 1
        assert changed <= 0x6B21 or f"marked 0x{changed:X}" in " ".join(found.notes)
    else:
        assert re.search(r"word \d+ (is|tells of)", refusal(path))


@pytest.mark.parametrize(
    ("begins", "fact"),
    [
        (b"\xd4\xc3\xb2\xa1\x02\x00", "packet capture"),
        (b"\xa1\xb2\x3c\x4d\x00\x02", "packet capture"),
        (b"\x0a\x0d\x0d\x0a\x80", "packet capture"),
        (b"#!rtpplay1.0 1.2.3.4/5\n", "RTP dump"),
        (b"PK\x03\x04\x14\x00", "ZIP archive"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "open it as a sound file"),
        (b"fLaC\x00\x00", "open it as a sound file"),
        (b"OggS\x00\x02", "open it as a sound file"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x7fELF\x02", "program"),
        (b"\x00\x00\x00\x20ftypisom", "MP4"),
    ],
)
def test_files_are_refused_by_their_first_bytes_before_any_reading_is_offered(
    tmp_path: Path, begins: bytes, fact: str
) -> None:
    assert fact in refusal(written(tmp_path / "x.txt", begins + bytes(40)))


def test_an_archive_of_one_mask_is_read_and_never_unpickled(tmp_path: Path) -> None:
    lost = np.arange(50) % 7 == 3
    np.savez(tmp_path / "x.npz", mask=lost)
    found = read_trace(tmp_path / "x.npz")
    assert (found.format, found.notes[0]) == ("npy", "array 'mask' of the archive")
    assert np.array_equal(found.lost, lost)
    np.savez_compressed(tmp_path / "y.npz", audio=np.zeros(900), lost=lost)
    assert np.array_equal(read_trace(tmp_path / "y.npz").lost, lost)
    np.savez(tmp_path / "z.npz", a=lost, b=lost)
    assert "holds 2 arrays: a, b" in refusal(tmp_path / "z.npz")
    np.savez(tmp_path / "o.npz", lost=np.array([{}, 1], object))
    assert "no .npy array of numbers" in refusal(tmp_path / "o.npz")


def test_an_archive_cannot_fill_memory(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", lost=np.zeros(70 << 20, np.uint8))
    assert "bytes" in refusal(tmp_path / "x.npz")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_an_archive_packed_as_numpy_packs_none_is_refused_before_it_is_unpacked(
    tmp_path: Path, method: int
) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w", method) as archive:
        archive.writestr("lost.npy", bytes(500))
    assert "packed as NumPy packs none" in refusal(tmp_path / "x.npz")


def test_other_archives_and_pickles_are_refused(tmp_path: Path) -> None:
    assert "is a damaged ZIP archive" in refusal(written(tmp_path / "x.zip", b"PK\x03\x04" + bytes(40)))
    assert "never opened" in refusal(written(tmp_path / "x.bin", pickle.dumps([0, 1, 1])))


@pytest.mark.filterwarnings("error")
@ROUND_TRIP
@given(data=st.data())
def test_a_damaged_array_is_read_or_refused_in_words(tmp_path: Path, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["u1", "<i8", "<f8", "?", "<u8", ">i2"]))
    np.save(tmp_path / "x.npy", (np.arange(40) % 7 == 3).astype(kind))
    content = bytearray((tmp_path / "x.npy").read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["flip", "delete", "insert", "cut"])):
            case "flip":
                content[at] ^= 1 << data.draw(st.integers(0, 7))
            case "delete":
                del content[at]
            case "insert":
                content.insert(at, data.draw(st.integers(0, 255)))
            case _:
                del content[at + 1 :]
    path = written(tmp_path / "x.npy", bytes(content))
    for name in (None, "npy", "frn", "lost_packets", "lost_samples"):
        with contextlib.suppress(TraceFileError):
            assert read_trace(path, format=name).lost.dtype == np.bool_


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("number", [1e300, 2.0**63, -(2.0**63), 2**63])
def test_numbers_that_no_index_can_be_are_refused(tmp_path: Path, number: float) -> None:
    np.save(tmp_path / "x.npy", np.array([1, number], np.uint64 if isinstance(number, int) else np.float64))
    assert "holds the number" in refusal(tmp_path / "x.npy") or number < 0


@pytest.mark.parametrize("descr", ["'|O'", "'<U3'", "[('a', '<i4')]", "'f3'", "__import__('os')"])
def test_headers_that_name_no_numbers_are_refused_and_not_evaluated(tmp_path: Path, descr: str) -> None:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (3,), }}".ljust(117) + "\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(24)
    assert "is no .npy array of numbers" in refusal(written(tmp_path / "x.npy", data))


def test_an_array_that_holds_more_than_its_header_promises_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(40, np.uint8))
    data = (tmp_path / "x.npy").read_bytes().replace(b"(40,), ", b"(4,),  ")
    assert "holds 40 bytes where its header promises 4" in refusal(written(tmp_path / "x.npy", data))


# --- gaps off the packets ------------------------------------------------------------


@pytest.mark.parametrize("grid", [None, Grid(320), Grid(320, -100)])
def test_gaps_off_the_packets_are_only_written_where_samples_are_counted(
    tmp_path: Path, grid: Grid | None
) -> None:
    trace = LossTrace.of_spans([(220, 540), (600, 604)], 1600, 16000, grid=grid)
    for form in FORMATS:
        path = tmp_path / f"{form.name}.txt"
        if form.unit == "sample":
            write_trace(path, trace, form.name)
            found = read_trace(path, format=form.name)
            assert found.on_clock(16000, 1600).spans.tolist() == [[220, 540], [600, 604]]
            continue
        with pytest.raises(TraceFileError, match="choose a format that counts samples"):
            write_trace(path, trace, form.name)
        assert not path.exists()


def test_packets_that_begin_before_the_sound_are_not_written_as_if_they_began_with_it(tmp_path: Path) -> None:
    trace = LossTrace.of_packets(np.array([False, True]), 320, 16000, offset=-100)
    with pytest.raises(TraceFileError, match="counts packets from the start"):
        write_trace(tmp_path / "x.txt", trace, "challenge")


def test_compact_patterns_count_from_the_lowest_bit(tmp_path: Path) -> None:
    found = read_trace(written(tmp_path / "x", b"\x05\x80"), format="g192_compact")
    assert np.flatnonzero(found.lost).tolist() == [0, 2, 15]


@pytest.mark.parametrize(
    "content",
    [
        np.array([0x7F, 0x81, 0x7F], "<u2").tobytes(),
        np.array([0x7F, 0x81, 0x7F], ">u2").tobytes(),
        b"\x7f\x81\x81\x7f\x81",
    ],
)
@pytest.mark.parametrize("name", [None, "g192_word", "g192_byte"])
def test_bit_error_patterns_are_refused(tmp_path: Path, content: bytes, name: str | None) -> None:
    with pytest.raises(TraceFileError) as caught:
        read_trace(written(tmp_path / "x.g192", content), format=name)
    assert not isinstance(caught.value, AmbiguousTrace)
    assert "bit-error" in str(caught.value) or name is not None


@pytest.mark.parametrize(
    ("file", "content", "candidates"),
    [
        ("mask.txt", "1\n1\n0\n", ("challenge", "frn")),
        ("mask.txt", "1101", ("digits", "frn")),
        ("a.ep", b"\x00\x01\x01\x00", ("bytes", "g192_compact")),
        ("a.ep", b"\x05\x80\xff\x00", ("g192_compact",)),
        ("compact.bin", b"\x05\x80\xff\x00", ("g192_compact",)),
        ("mask.bin", b"\x01\x01\x01\x00", ("bytes", "bytes_received")),
        ("lossfile.txt", "1\n1\n1\n0\n1\n", ("challenge", "frn")),
        ("packet_loss_trace.txt", "1 1 1 0 1", ("digits", "frn")),
        (
            "list.txt",
            "\n".join(map(str, [*range(41, 60), *range(100, 120)])),
            ("lost_packets", "received_packets", "lost_samples"),
        ),
        ("seq.txt", "1000\n1001\n1002\n1005\n", ("lost_packets", "received_packets")),
        ("delays.txt", "40\n43\n41\n60\n45\n", ("delays",)),
        ("numbers.txt", "0\n3\n0\n0\n2\n", ("lossfile",)),
        (
            "epf.dat",
            np.array([0, 1, 1, 0, 0, 1, 0, 1], "<i2").tobytes(),
            ("bytes", "int16", "int16_received"),
        ),
        (
            "epf.dat",
            np.array([0, 1, 1, 0, 0, 1, 0, 1], ">i2").tobytes(),
            ("bytes", "int16", "int16_received"),
        ),
        ("dump.f32", np.array([1, 1, 1, 0, 1], "<f4").tobytes(), ("float32", "float32_received")),
        ("gaps.txt", "100 200\n400 480\n", ("intervals", "intervals_samples")),
        ("log.txt", "0 1\n1 1\n2 0\n3 1\n", ("indexed", "indexed_received")),
    ],
)
def test_doubtful_files_are_asked_about(
    tmp_path: Path, file: str, content: bytes | str, candidates: tuple[str, ...]
) -> None:
    with pytest.raises(AmbiguousTrace) as caught:
        read_trace(written(tmp_path / file, content))
    assert caught.value.candidates == candidates
    for name in candidates:
        found = read_trace(tmp_path / file, format=name)
        assert found.lost.size or found.intervals is not None
        assert name in str(caught.value)
        assert caught.value.meanings[name] == meaning_of(found.lost, found.intervals)


def test_a_name_that_says_lost_settles_the_polarity(tmp_path: Path) -> None:
    assert read_trace(written(tmp_path / "54_is_lost.txt", "1\n1\n0\n")).lost.tolist() == [True, True, False]


def test_polarity_can_be_turned_round(tmp_path: Path) -> None:
    path = written(tmp_path / "x.txt", "0\n0\n1\n")
    found = read_trace(path, inverted=True)
    assert found.lost.tolist() == [True, True, False]
    assert found.inverted
    assert np.array_equal(read_trace(path, format="frn").lost, found.lost)


def test_lost_samples_tell_their_packet_length(tmp_path: Path) -> None:
    samples = [*range(320, 640), *range(960, 1600)]
    found = read_trace(written(tmp_path / "x.txt", "\n".join(map(str, samples))))
    assert (found.format, found.packet_frames) == ("lost_samples", 320)
    assert found.lost.astype(int).tolist() == [0, 1, 0, 1, 1]


@pytest.mark.parametrize(
    ("name", "packets", "lost"),
    [
        ("lossfile", 5, [0, 1, 1, 0, 0]),
        ("lpcnet", 5, [0, 1, 1, 1, 1]),
        ("frn", 6, [1, 1, 0, 0, 0, 0]),
        ("challenge", 5, [0, 1, 1]),
        ("lossfile", 2, [0, 1]),
    ],
)
def test_each_format_has_its_own_rule_for_the_end(
    tmp_path: Path, name: str, packets: int, lost: list[int]
) -> None:
    path = written(tmp_path / "x_lost.txt", "0\n1\n1\n")
    assert read_trace(path, format=name, packets=packets).lost.astype(int).tolist() == lost


def test_erasure_patterns_start_again(tmp_path: Path) -> None:
    path = written(tmp_path / "x", b"\x21\x20\x21")
    assert read_trace(path, packets=7).lost.astype(int).tolist() == [0, 1, 0, 0, 1, 0, 0]


def test_letters_are_named_with_their_line(tmp_path: Path) -> None:
    path = written(tmp_path / "x.txt", "0\r\n1\r\nx\r\n")
    with pytest.raises(TraceFileError, match="line 3 holds 'x'"):
        read_trace(path)


@pytest.mark.parametrize(
    "text", ["0.0\n1.0\n0.0\n", "0. 1. 0.", "False\nTrue\nFalse\n", "false, true, false"]
)
def test_flags_as_programs_print_them_are_read_and_said(tmp_path: Path, text: str) -> None:
    found = read_trace(written(tmp_path / "x.txt", text))
    assert found.lost.tolist() == [False, True, False]
    assert "are written as" in found.notes[0]


def test_what_numpy_saves_as_text_is_read(tmp_path: Path) -> None:
    lost = np.arange(40) % 7 == 3
    np.savetxt(tmp_path / "x.txt", lost.astype(float))
    assert np.array_equal(read_trace(tmp_path / "x.txt").lost, lost)


@pytest.mark.parametrize("text", ["0.5\n1.0\n", "0.0\n10.0\n", "1e1 0", "1.0e-1 0.0", "nan 0.0", "0x1 0x0"])
def test_other_decimal_numbers_are_no_flags(tmp_path: Path, text: str) -> None:
    with pytest.raises(TraceFileError, match="where 0 or 1 belongs"):
        read_trace(written(tmp_path / "x.txt", text))


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"", "empty"),
        (b"   \n", "no packets"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git-LFS"),
        (b"9" * 40, "15 digits"),
    ],
)
def test_useless_files_are_refused_with_the_reason(tmp_path: Path, content: bytes, fact: str) -> None:
    with pytest.raises(TraceFileError, match=fact):
        read_trace(written(tmp_path / "x.txt", content))


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    np.save(tmp_path / "x.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    written(tmp_path / "y.npy", pickle.dumps(Trap()))
    for name in ("x.npy", "y.npy"):
        with pytest.raises(TraceFileError):
            read_trace(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "array",
    [
        np.array([0.5, 1.0]),
        np.array([np.nan, 1.0]),
        np.array(["a"]),
        np.zeros((3, 4)),
        np.array([-1, 5]),
        np.array([5, 3]),
    ],
)
def test_arrays_that_are_no_trace_are_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(TraceFileError) as caught:
        read_trace(tmp_path / "x.npy")
    assert not isinstance(caught.value, AmbiguousTrace), "no format to choose would read it"


def test_a_list_without_a_0_says_from_where_it_counts_and_how_to_read_it_otherwise(tmp_path: Path) -> None:
    path = written(tmp_path / "lost.txt", "3\n4\n9\n")
    found = read_trace(path)
    assert np.flatnonzero(found.lost).tolist() == [3, 4, 9]
    assert any("counted from 0" in note and "lost_packets_from_1" in note for note in found.notes)
    assert np.flatnonzero(read_trace(path, format="lost_packets_from_1").lost).tolist() == [2, 3, 8]
    assert read_trace(written(path, "0\n3\n4\n9\n")).notes == ()
    with pytest.raises(TraceFileError, match="it counts from 0"):
        read_trace(path, format="lost_packets_from_1")


def test_samples_that_lie_on_packets_only_when_counted_from_1_are_so_counted(tmp_path: Path) -> None:
    samples = np.concatenate(
        [np.arange(first * 320, last * 320) for first, last in ((2, 3), (6, 9), (11, 12))]
    )
    for base, said in ((0, False), (1, True)):
        path = written(tmp_path / "lost.txt", "".join(f"{number + base}\n" for number in samples))
        found = read_trace(path)
        assert (found.format, found.packet_frames) == ("lost_samples", 320)
        assert np.flatnonzero(found.lost).tolist() == [2, 6, 7, 8, 11]
        assert any("counted from 1" in note for note in found.notes) is said


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_text_that_windows_wrote_is_read(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    for text in (
        "0\r\n1\r\n1\r\n0\r\n0\r\n",
        '{"lost": [0, 1, 1, 0, 0]}',
        "packet,lost\r\n0,0\r\n1,1\r\n2,1\r\n3,0\r\n4,0\r\n",
    ):
        found = read_trace(written(tmp_path / "x_is_lost.txt", (mark + text).encode(encoding)))
        assert found.lost.tolist() == [False, True, True, False, False]


def test_text_is_known_though_what_is_looked_at_ends_within_a_character(tmp_path: Path) -> None:
    for shift in range(4):
        text = "#" + "." * shift + "\N{MUSICAL SYMBOL G CLEF}" * 20_000 + "\n" + "0\n1\n1\n"
        for encoding in ("utf-8", "utf-16"):
            found = read_trace(written(tmp_path / "x_is_lost.txt", text.encode(encoding)))
            assert found.lost.tolist() == [False, True, True]


def test_a_huge_index_does_not_ask_for_memory(tmp_path: Path) -> None:
    path = written(tmp_path / "x.txt", "5\n999999999999999\n")
    for name in ("lost_packets", "lost_samples"):
        with pytest.raises(TraceFileError, match="more than"):
            read_trace(path, format=name)


def test_a_header_that_promises_a_huge_array_does_not_ask_for_memory(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(3, np.uint8))
    data = (tmp_path / "x.npy").read_bytes().replace(b"(3,)", b"(9999999999999,)")
    with pytest.raises(TraceFileError):
        read_trace(written(tmp_path / "x.npy", data))


def test_unknown_formats_name_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(TraceFileError, match="known are challenge"):
        format_named("g193")


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceFileError, match="no such file"):
        read_trace(tmp_path / "none.txt")
    with pytest.raises(TraceFileError, match="is a folder, not a file"):
        read_trace(tmp_path)


def test_real_traces_are_read(real_clips: Path) -> None:
    found = read_trace(real_clips / "challenge2022/blind/lossy_signals/54_is_lost.txt")
    assert (found.format, found.lost.size, int(found.lost.sum())) == ("challenge", 484, 377)
    assert found.lost[:3].all()
    itu = read_trace(real_clips / "itu_g711_appendix1/fe10.g192")
    assert (itu.format, itu.lost.size, int(itu.lost.sum())) == ("g192_word", 10, 1)


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_byte_order_of_words_is_told_only_where_it_is_the_other_one(tmp_path: Path, order: str) -> None:
    lost = np.array([False, True, True, False, False], np.bool_)
    path = tmp_path / "pattern.g192"
    path.write_bytes(np.where(lost, 0x6B20, 0x6B21).astype(f"{order}u2").tobytes())
    found = read_trace(path)
    assert found.lost.tolist() == lost.tolist()
    assert any("byte-swapped" in note for note in found.notes) == (order == ">")


def test_a_long_file_is_told_apart_once_for_all_who_ask_at_one_moment_and_anew_when_it_was_changed(
    tmp_path, monkeypatch
):
    path, asked = tmp_path / "hour_is_lost.txt", []
    recognised = formats._recognised
    monkeypatch.setattr(formats, "_recognised", lambda *given: (asked.append(1), recognised(*given))[1])
    flags = np.random.default_rng(1).random(40_000) < 0.1
    path.write_text("".join(f"{int(flag)}\n" for flag in flags))
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: read_trace(path), range(3)))
    assert len(asked) == 1
    assert all(np.array_equal(each.lost, flags) for each in found)
    assert np.array_equal(read_trace(path, inverted=True).lost, ~flags)
    when = path.stat().st_mtime_ns
    flags[7] = ~flags[7]
    path.write_text("".join(f"{int(flag)}\n" for flag in flags))
    os.utime(path, ns=(when, when))  # as long and as old as before
    assert np.array_equal(read_trace(path).lost, flags)


def test_an_hour_of_packets_in_one_line_is_no_header_of_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = tmp_path / "hour_is_lost.txt"
    hour.write_text("0 0 0 1 " * 45_000)
    assert read_trace(hour).lost.sum() == 45_000
    asked: list[str] = []
    monkeypatch.setattr(intervals, "_named", lambda name, _words: asked.append(name))
    assert read_trace(hour).lost.sum() == 45_000
    assert asked == []
    (tmp_path / "t.csv").write_text("start_s,end_s\n0.1,0.2\n")
    with contextlib.suppress(formats.TraceFileError):
        read_trace(tmp_path / "t.csv")
    assert "starts" in asked


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("0\n1\n0\n", ()),
        ("# made by a tool\n0\n1\n0\n", ("its comment is left out",)),
        ("# one\n0\n# two\n1\n0\n", ("its 2 comments are left out",)),
    ],
)
def test_how_many_comments_of_a_trace_are_left_out_is_said(
    tmp_path: Path, text: str, notes: tuple[str, ...]
) -> None:
    found = read_trace(written(tmp_path / "a.txt", text), format="digits")
    assert (found.lost.tolist(), found.notes) == ([False, True, False], notes)


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("0.1 0.2\n0.5 0.9\n", [(0.1, 0.2), (0.5, 0.9)]),
        ("0 0.1\n0.25 0.3\n", [(0.0, 0.1), (0.25, 0.3)]),
        ("0,1;0,2\n1,5;1,75\n", [(0.1, 0.2), (1.5, 1.75)]),
    ],
)
def test_bare_rows_of_starts_and_ends_in_seconds_are_known_from_the_first_moment_on(
    tmp_path: Path, text: str, lost: list[tuple[float, float]]
) -> None:
    found = read_trace(written(tmp_path / "a.txt", text))
    assert found.format == "intervals"
    assert found.on_clock(8000).spans.tolist() == [[round(8000 * at) for at in each] for each in lost]


def test_bare_rows_that_begin_before_the_sound_are_no_intervals(tmp_path: Path) -> None:
    with pytest.raises(TraceFileError):
        read_trace(written(tmp_path / "a.txt", "-0.1 0.2\n0.5 0.9\n"))


_PIECES = ["-1", "0", "12", "100000", "100001", "-2", "-0", "007", "1 2", "+5", "\u0663", "\f", "\u2028"]
_PIECES += ["# a 5", "; x"]


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(st.sampled_from([*_PIECES, *["\n", "\r\n", " ", "\t"] * 5, "\r"]), max_size=14))
def test_a_delay_profile_says_the_same_read_at_once_and_line_by_line(pieces: list[str]) -> None:
    def said(plainly: re.Pattern[str]) -> object:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delays, "_PLAIN", plainly)
            try:
                return delays.delays_of(Content("".join(pieces).encode(), "x")).tolist()
            except BadTrace as bad:
                return bad.fact, bad.way_out

    assert said(delays._PLAIN) == said(re.compile("(?!)"))


@pytest.mark.parametrize("remark", ["", "# delays in ms\n"])
def test_a_delay_profile_of_millions_of_packets_takes_little_more_memory_than_its_values(remark: str) -> None:
    content = Content((remark + "40\n" + "-1\n" * 250_000).encode(), "x")
    tracemalloc.start()
    try:
        assert delays.delays_of(content).size == 250_001
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 40 * 250_001  # bytes: 8 a value while the array grows, and the text twice
