"""Traces as people have them: every way of writing one down, what is damaged, and intervals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gaplisten.loss.formats import AmbiguousTrace, End, TraceFileError, fit, read_trace


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path) -> str:
    with pytest.raises(TraceFileError) as caught:
        read_trace(path)
    assert not isinstance(caught.value, AmbiguousTrace), "no other format is offered for it"
    return str(caught.value)


# --- what people have --------------------------------------------------------------------------------------

PATTERN_50 = np.isin(np.arange(50), [5, 6, 17, 30, 31, 32, 33, 49])


def said_by(flags: np.ndarray) -> str:
    return "".join(f"{int(flag)}\n" for flag in flags)


def rows(between: str, behind: str = "", *, received: bool = False) -> str:
    flags = ~PATTERN_50 if received else PATTERN_50
    return "".join(f"{at + 9}{between}{int(flag)}{behind}\n" for at, flag in enumerate(flags))


@pytest.mark.parametrize(
    ("file", "content", "name"),
    [
        ("a.txt", "# loss trace, 1 = lost\n" + said_by(PATTERN_50), "challenge"),
        ("a.txt", "% one\n; two\n" + said_by(PATTERN_50), "challenge"),
        ("a.csv", "packet,lost\n" + "".join(f"{at},{int(f)}\n" for at, f in enumerate(PATTERN_50)), "table"),
        ("a.csv", "lost\n" + said_by(PATTERN_50), "table"),
        ("a.tsv", "idx\tbfi\ttime\n" + rows("\t", "\t0.1"), "table"),
        ("a.csv", "seq;received\n" + rows(";", received=True), "table"),
        ("a.csv", ",is_lost\n" + "".join(f"{at},{bool(f)}\n" for at, f in enumerate(PATTERN_50)), "table"),
        ("a.txt", "".join(f"{at} {int(f)}\n" for at, f in enumerate(PATTERN_50)), "indexed"),
        ("a.txt", "".join(f"{at + 700}, {int(f)}\n" for at, f in enumerate(PATTERN_50)), "indexed"),
        ("a.json", json.dumps({"packet_ms": 20, "lost": PATTERN_50.astype(int).tolist()}), "json"),
        ("a.json", json.dumps({"lost": np.flatnonzero(PATTERN_50).tolist(), "file": "a.wav"}), "json"),
        ("a.json", json.dumps({"received": np.flatnonzero(~PATTERN_50).tolist(), "packets": 50}), "json"),
        ("a.json", json.dumps({"mask": PATTERN_50.tolist()}), "json"),
        ("a.bin", PATTERN_50.astype("<f4").tobytes(), "float32"),
        ("a.s8", PATTERN_50.astype("i1").tobytes(), "bytes"),
        ("x_is_lost.dat", PATTERN_50.astype("<i2").tobytes(), "int16"),
        ("a.bin", np.repeat(PATTERN_50, 160).astype("u1").tobytes(), "sample_mask"),
        ("jb.dat", "= Bursty\n%fix 40\n" + "".join("L\n" if f else "PG\n" for f in PATTERN_50), "pjsip"),
    ],
)  # fmt: skip
def test_each_way_of_writing_a_trace_down_says_the_same(
    tmp_path: Path, file: str, content: bytes | str, name: str
) -> None:
    found = read_trace(written(tmp_path / file, content))
    assert found.format == name
    lost = fit(found.lost, 50, End.RECEIVED)
    assert np.flatnonzero(lost).tolist() == np.flatnonzero(PATTERN_50).tolist()


def test_masks_of_samples_tell_their_packet_length(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.repeat(PATTERN_50, 320))
    found = read_trace(tmp_path / "x.npy")
    assert (found.format, found.packet_frames) == ("sample_mask", 320)
    assert np.array_equal(found.lost, PATTERN_50)
    np.save(tmp_path / "one.npy", np.repeat([0, 1, 0, 0], 160))
    with pytest.raises(AmbiguousTrace) as caught:
        read_trace(tmp_path / "one.npy")
    assert (
        caught.value.meanings["sample_mask"] == "33.3 % of 3 packets lost in 1 gap" or caught.value.meanings
    )
    off = np.zeros(5000, np.uint8)
    off[1003:1101], off[3001:3200] = 1, 1
    np.save(tmp_path / "off.npy", off)
    found = read_trace(tmp_path / "off.npy")
    assert found.intervals is not None
    assert found.on_clock(16000, 5000).spans.tolist() == [[1003, 1101], [3001, 3200]]


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        ("0,1,,0,1,0", "line 1 has an empty place between separators"),
        ("0;1; ;0", "line 1 has an empty place"),
        (",0,1,0", "line 1 has an empty place"),
        ("0\n1\n\n0\n1\n0\n", "line 3 is empty"),
        ("0\n1\n10\n0\n1\n0\n", "line 3 holds '10' where one 0 or 1 belongs"),
        ("0\n1\n0 1\n0\n1\n0\n", "line 3 holds '0 1'"),
        ("0\n1\n-1\n0\n1\n0\n", "holds -1 among 0 and 1"),
        ("3\n7\n-1\n12\n19\n30\n", "holds -1 among rising numbers"),
        ("packet,lost\n0,0\n1,1\n3,0\n", "line 4: packet 3 stands behind packet 1"),
        ("packet,lost\n0,0\n1\n2,0\n3,0\n", "line 3 has 1 columns, the first 2"),
        ("packet,lost\n0,0\n1,2\n", "line 3 holds '2' where 0 or 1 belongs"),
        ("0 0\n1 1\n2 0\n4 0\n", "line 4: packet 4 stands behind packet 2"),
        ("start_s,end_s\n0.1,0.2\n0.4,0.3\n", "line 3 ends at 0.3, before it begins"),
        ('{"lost": [0, 1, 5, 3]}', "holds numbers in no order"),
        ('{"lost": [0, 1, "x"]}', "holds other things than 0 and 1"),
        ('{"lost": [0, 1, NaN]}', "is no JSON"),
        ('{"lost": [0, 1], "packet_ms": -4}', "has a packet_ms of -4"),
        ('{"a": [0, 1]}', "names no losses (its keys are a)"),
        ("{" * 5000, "is no JSON"),
        ("a,b\n1,2\n3,4\n", "has no column of losses (its columns are a, b)"),
    ],
)
def test_what_is_missing_or_does_not_belong_is_named(tmp_path: Path, content: str, fact: str) -> None:
    assert fact in refusal(written(tmp_path / "x.txt", content))


def test_line_ends_that_were_written_twice_are_no_empty_places(tmp_path: Path) -> None:
    found = read_trace(written(tmp_path / "x.txt", "0\r\r\n1\r\r\n0\r\r\n0\r\r\n"))
    assert found.lost.astype(int).tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize(
    "name", ["lossfile_received_is_1", "packet_loss_trace", "mask", "loss", "almost", "lostwithiel"]
)
def test_only_names_that_say_lost_settle_the_polarity(tmp_path: Path, name: str) -> None:
    with pytest.raises(AmbiguousTrace):
        read_trace(written(tmp_path / f"{name}.txt", "1\n1\n1\n0\n"))


@pytest.mark.parametrize("name", ["54_is_lost", "lost_packets", "clip-lost", "isLost", "x.lost"])
def test_names_that_say_lost_settle_it(tmp_path: Path, name: str) -> None:
    assert read_trace(written(tmp_path / f"{name}.txt", "1\n1\n1\n0\n")).lost.sum() == 3


@pytest.mark.parametrize(
    ("name", "settled"), [("loss", False), ("drop", False), ("is_lost", True), ("lost", True)]
)
def test_a_column_that_speaks_of_loss_is_asked_about_when_most_of_it_is_1(
    tmp_path: Path, name: str, settled: bool
) -> None:
    path = written(tmp_path / "x.csv", f"packet,{name}\n0,1\n1,1\n2,0\n3,1\n")
    if settled:
        assert read_trace(path).lost.tolist() == [True, True, False, True]
        return
    with pytest.raises(AmbiguousTrace) as asked:
        read_trace(path)
    assert "table_received" in str(asked.value)
    assert read_trace(path, format="table_received").lost.tolist() == [False, False, True, False]
    few = written(tmp_path / "few.csv", f"packet,{name}\n0,0\n1,1\n2,0\n3,0\n")
    assert read_trace(few).lost.tolist() == [False, True, False, False]


WORDED = [("LOST" if flag else "OK") for flag in PATTERN_50]
LINES = "".join(json.dumps({"seq": at + 9, "lost": bool(flag)}) + "\n" for at, flag in enumerate(PATTERN_50))


@pytest.mark.parametrize(
    ("file", "content", "name"),
    [
        ("a.csv", "seq,status\n" + "".join(f"{at},{word}\n" for at, word in enumerate(WORDED)), "table"),
        ("a.csv", "t;lost\n" + "".join(f"0,{at};{w.lower()}\n" for at, w in enumerate(WORDED)), "table"),
        ("a.csv", "n,received\n" + "".join(f"{at},{word}\n" for at, word in enumerate(WORDED)), "table"),
        ("a.csv", "status\n" + "\n".join(WORDED), "table"),
        ("a.txt", "".join(f"{at} {word}\n" for at, word in enumerate(WORDED)), "indexed"),
        ("a.csv", "zeit;lost\n" + "".join(f"0,{at};{int(f)}\n" for at, f in enumerate(PATTERN_50)), "table"),
        ("a.jsonl", LINES, "table"),
        ("a.json", "[" + ",\n".join(LINES.splitlines()) + "]", "table"),
        ("a.json", json.dumps({"packets": json.loads("[" + ",".join(LINES.splitlines()) + "]")}), "json"),
        ("a.jsonl", "".join(json.dumps({"status": word}) + "\n" for word in WORDED), "table"),
        ("a.json", json.dumps({"clip": "a", "net": {"trace": {"lost": PATTERN_50.tolist()}}}), "json"),
        ("a.json", json.dumps({"loss": said_by(PATTERN_50).replace("\n", "")}), "json"),
        ("a.txt", b"# Verlust f\xfcr Clip 3\r\n" + said_by(PATTERN_50).encode(), "challenge"),
        ("a.csv", b"; \x96 m\xe4rz\npacket,lost\n"
         + b"".join(b"%d,%d\n" % (at, flag) for at, flag in enumerate(PATTERN_50)), "table"),
    ],
)  # fmt: skip
def test_words_objects_and_remarks_of_other_systems_say_it_too(
    tmp_path: Path, file: str, content: bytes | str, name: str
) -> None:
    found = read_trace(written(tmp_path / file, content))
    assert found.format == name
    assert np.flatnonzero(fit(found.lost, 50, End.RECEIVED)).tolist() == np.flatnonzero(PATTERN_50).tolist()


def test_words_need_no_polarity_and_are_told(tmp_path: Path) -> None:
    most = written(tmp_path / "x.csv", "packet,loss\n0,LOST\n1,lost\n2,ok\n3,Missing\n")
    found = read_trace(most)
    assert found.lost.tolist() == [True, True, False, True]
    assert found.notes == (
        "column 'loss' says it in words: 'LOST', 'lost', 'Missing' = lost; 'ok' = received",
    )
    with pytest.raises(TraceFileError, match="says in words"):
        read_trace(most, format="table_received")
    with pytest.raises(TraceFileError, match="says in words"):
        read_trace(written(tmp_path / "x.txt", "0 LOST\n1 OK\n2 OK\n"), format="indexed_received")


def test_what_stands_around_an_object_is_told_of_it(tmp_path: Path) -> None:
    found = read_trace(written(tmp_path / "x.json", '{"packet_ms": 10, "packets": 9, "a": {"lost": [2, 5]}}'))
    assert (found.packet_ms, found.lost.size) == (10, 9)
    assert found.notes[0].startswith("'a.lost' lists packets")


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        ("LOST\nOK\nOK\nLOST\n", "'LOST', which may be the column's name or the first packet"),
        ("a,LOST\nb,OK\nc,OK\n", "'LOST', which may be the column's name or the first packet"),
        ("seq,status\n0,OK\n1,late\n2,LOST\n", "has no column of losses"),
        ("seq,lost\n0,OK\n1,late\n2,LOST\n", "holds 'OK' where 0 or 1 belongs"),
        ("seq,lost\n0,0\n1,LOST\n2,0\n", "holds 'LOST' where 0 or 1 belongs"),
        ("seq,status\n0,1\n1,0\n2,1\n", "has no column of losses"),
        ("seq,first,second\n0,ok,ok\n1,lost,ok\n", "has no column of losses"),
        ('{"seq": 0, "lost": 0}\n{"seq": 2, "lost": 1}\n', "packet 2 stands behind packet 0"),
        ('{"seq": 0, "lost": 0}\n{"seq": 1}\n', "object 2 has other names"),
        ('{"seq": 0, "lost": 0}\n{"seq": 1, "lost": null}\n', "line 2 holds null where a value belongs"),
        ('{"seq": 0, "lost": 0}\n{"seq": 1, "lost": 1}\n{"seq": 2, "lo', "line 3 is no JSON"),
        ('{"lost": [0, 1, 1], "lost": [1, 0, 0]}', "a name stands twice"),
        ('{"a": {"lost": [0, 1]}, "b": {"lost": [1, 0]}}', "names losses 2 times (a.lost, b.lost)"),
        ('{"lost": "0120"}', "'lost' is a text of other things than 0 and 1"),
        ("start_ms;end_ms\n1,240;1,300\n", "holds '1,240', whose comma may be a decimal one"),
        ("start_s;end_s\n0,5;0.7\n", "holds '0,5' and points, too"),
        ("start_sample;end_sample\n1,600;2,240\n", "whose comma may be a decimal one"),
    ],
)
def test_what_words_objects_and_commas_leave_open_is_refused(tmp_path: Path, content: str, fact: str) -> None:
    assert fact in refusal(written(tmp_path / "x.txt", content))


def test_only_remarks_may_be_other_than_utf_8(tmp_path: Path) -> None:
    for content in (b"# a\n0\n1\xfc\n", b"#\xfc\x00\n0\n1\n0\n", b"#\xfc\xfd\xfe"):
        with pytest.raises(TraceFileError):
            read_trace(written(tmp_path / "x.txt", content))


# --- intervals ----------------------------------------------------------------------------------------------

SPANS = [[1600, 2240], [5440, 5760], [9600, 10881]]
LONG_GRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 1.0
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 1.0
        points: size = 1
        points [1]:
            number = 0.5
            mark = "a ""quoted"" 0.7"
    item [2]:
        class = "IntervalTier"
        name = "loss"
        xmin = 0
        xmax = 1.0
        intervals: size = 7
        intervals [1]:
            xmin = 0
            xmax = 0.1
            text = ""
        intervals [2]:
            xmin = 0.1
            xmax = 0.14
            text = "lost"
        intervals [3]:
            xmin = 0.14
            xmax = 0.34
            text = ""
        intervals [4]:
            xmin = 0.34
            xmax = 0.36
            text = "lost"
        intervals [5]:
            xmin = 0.36
            xmax = 0.6
            text = ""
        intervals [6]:
            xmin = 0.6
            xmax = 0.6800625
            text = "lost"
        intervals [7]:
            xmin = 0.6800625
            xmax = 1.0
            text = ""
"""
SHORT_GRID = """"ooTextFile"
"TextGrid"
0
1
<exists>
1
"IntervalTier"
"gaps"
0
1
4
0
0.1
""
0.1
0.14
"x"
0.34
0.36
"x"
0.6
0.6800625
"x"
""".replace('"ooTextFile"', 'File type = "ooTextFile"\nObject class =')


@pytest.mark.parametrize(
    ("file", "content", "name"),
    [
        ("a.csv", "start_s,end_s\n0.10,0.14\n0.34,0.36\n0.60,0.6800625\n", "intervals"),
        ("a.csv", "label,start,end\nx,0.1,0.14\nok,0.2,0.3\nx,0.34,0.36\nx,0.6,0.6800625\n", "intervals"),
        ("a.csv", "start_ms;duration_ms\n100;40\n340;20\n600;80.0625\n", "intervals"),
        ("a.tsv", "onset\toffset\n0.10\t0.14\n0.34\t0.36\n0.60\t0.6800625\n", "intervals"),
        ("a.txt", "0.10 0.14\n0.34 0.36\n0.60 0.6800625\n", "intervals"),
        ("a.csv", "start;end\n0,10;0,14\n0,34;0,36\n0,60;0,6800625\n", "intervals"),
        ("a.csv", "start_ms;duration_ms\n100;40\n340;20\n600;80,0625\n", "intervals"),
        ("a.txt", "0,10;0,14\n0,34;0,36\n0,60;0,6800625\n", "intervals"),
        ("a.txt", "0,100000\t0,140000\tlost\n0,34\t0,36\tlost\n0,6\t0,6800625\tlost\n", "audacity"),
        ("a.jsonl", '{"start_s": 0.1, "end_s": 0.14}\n{"start_s": 0.34, "end_s": 0.36}\n'
         '{"start_s": 0.6, "end_s": 0.6800625}\n', "intervals"),
        ("a.csv", "start_sample,end_sample\n1600,2240\n5440,5760\n9600,10881\n", "intervals_samples"),
        ("a.csv", "start_frame,n,length_frame\n1600,a,640\n5440,b,320\n9600,c,1281\n", "intervals_samples"),
        ("a.txt", "0.100000\t0.140000\tlost\n0.34\t0.36\tlost\n0.6\t0.6800625\tlost\n", "audacity"),
        ("a.txt", "0.1\t0.14\tx\n\\\t9\t9\n0.2\t0.2\tn\n0.34\t0.36\tx\n0.6\t0.6800625\tx\n", "audacity"),
        ("a.TextGrid", LONG_GRID, "textgrid"),
        ("a.TextGrid", SHORT_GRID, "textgrid"),
        ("a.json", '{"gaps": [[0.1, 0.14], [0.34, 0.36], {"start": 0.6, "end": 0.6800625}]}', "json"),
    ],
)  # fmt: skip
def test_intervals_are_gaps_of_lengths_of_their_own(
    tmp_path: Path, file: str, content: str, name: str
) -> None:
    found = read_trace(written(tmp_path / file, content))
    assert found.format == name
    trace = found.on_clock(16000, 16000)
    assert trace.spans.tolist() == SPANS
    assert trace.grid is None
    turned = read_trace(tmp_path / file, inverted=True).on_clock(16000, 16000)
    assert turned.spans.tolist() == [[0, 1600], [2240, 5440], [5760, 9600], [10881, 16000]]


@pytest.mark.parametrize("cut", range(40, len(LONG_GRID), 97))
def test_a_textgrid_that_was_cut_is_refused(tmp_path: Path, cut: int) -> None:
    with pytest.raises(TraceFileError):
        read_trace(written(tmp_path / "x.TextGrid", LONG_GRID[:cut]))


@pytest.mark.parametrize("kind", ["<i4", ">i4", "<i8", ">i8"])
def test_integers_as_numpy_dumps_them_are_no_bytes_or_shorter_words(tmp_path: Path, kind: str) -> None:
    lost = np.isin(np.arange(120), (5, 6, 30, 31, 32, 77))
    file = written(tmp_path / "mask.bin", lost.astype(kind).tobytes())
    name = f"int{8 * np.dtype(kind).itemsize}"
    with pytest.raises(AmbiguousTrace) as caught:
        read_trace(file)
    assert caught.value.candidates == (name, f"{name}_received")
    assert np.array_equal(read_trace(file, format=name).lost, lost)
    assert np.array_equal(read_trace(file, format=f"{name}_received").lost, ~lost)


def test_labels_that_all_say_something_else_count_and_are_named(tmp_path: Path) -> None:
    found = read_trace(written(tmp_path / "x.txt", "0.1\t0.2\tclick\n0.4\t0.5\tbuzz\n"))
    assert "every label counts as lost, whatever it says ('buzz', 'click')" in found.notes


def test_bytes_of_which_every_second_is_zero_may_be_words_and_are_asked_about(tmp_path: Path) -> None:
    every_20th = (np.arange(100) % 20 == 0).astype("u1").tobytes()
    with pytest.raises(AmbiguousTrace) as caught:
        read_trace(written(tmp_path / "x.bin", every_20th))
    words = {f"int{bits}{end}" for bits in (16, 32) for end in ("", "_received")}
    assert set(caught.value.candidates) == {"bytes", *words}
    with pytest.raises(AmbiguousTrace, match="half a one is missing") as caught:
        read_trace(written(tmp_path / "x.bin", every_20th[:-1]))
    assert caught.value.candidates == ("bytes",)
