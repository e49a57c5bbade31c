"""Trace files: every format goes out and comes back, and doubtful ones are asked about."""

from __future__ import annotations

import contextlib
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gaplisten.loss.formats import (
    FORMATS,
    AmbiguousTrace,
    End,
    TraceFileError,
    fit,
    format_named,
    read_trace,
    write_trace,
)
from gaplisten.loss.trace import LossTrace

FLAGS = st.lists(st.booleans(), min_size=1, max_size=300).map(lambda flags: np.array(flags, np.bool_))
ROUND_TRIP = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# Formats that list losses say nothing of received packets at the end, and compact fills its last byte.
OPEN_ENDED = {"lost_packets", "lost_samples", "g192_compact"}
WITH_ARRAYS = ("npy", "frn", "lost_packets", "lost_samples")


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def same(found: np.ndarray, wanted: np.ndarray, name: str) -> bool:
    if name not in OPEN_ENDED:
        return np.array_equal(found, wanted)
    size = max(found.size, wanted.size)
    return np.array_equal(fit(found, size, End.RECEIVED), fit(wanted, size, End.RECEIVED))


@pytest.mark.parametrize("name", [form.name for form in FORMATS])
@ROUND_TRIP
@given(lost=FLAGS)
def test_what_is_written_is_read_back(tmp_path: Path, name: str, lost: np.ndarray) -> None:
    path = tmp_path / "trace.txt"
    if name in ("lost_packets", "lost_samples") and not lost.any():
        lost[0] = True  # an empty list is no file that could be told from a broken one
    write_trace(path, LossTrace.of_packets(lost, 1 if name == "lost_samples" else 320, 16000), name)
    found = read_trace(path, format=name)
    if name == "lost_samples":  # its packets are as long as its runs allow
        found_samples = np.repeat(found.lost, found.packet_frames)
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
        ("a.bin", b"\x00\x01\x01\x00", ("bytes", "g192_compact")),
        ("a.bin", b"\x05\x80\xff\x00", ("g192_compact",)),
        ("list.txt", "3\n4\n17\n", ("lost_packets", "lost_samples")),
    ],
)
def test_doubtful_files_are_asked_about(
    tmp_path: Path, file: str, content: bytes | str, candidates: tuple[str, ...]
) -> None:
    with pytest.raises(AmbiguousTrace) as caught:
        read_trace(written(tmp_path / file, content))
    assert caught.value.candidates == candidates
    for name in candidates:
        assert read_trace(tmp_path / file, format=name).lost.size


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
