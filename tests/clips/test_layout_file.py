"""A layout is kept in a file, and a file says how a folder is taken."""

from __future__ import annotations

import pytest

from gaplisten.clips.arrangement import Layout, Part
from gaplisten.clips.clip import PacketLength
from gaplisten.clips.layout_file import LayoutError, read_layout, write_layout
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.names import Role
from gaplisten.clips.patterns import Pattern, literal

HEAD = 'gaplisten = "layout"\nversion = 1\n'


def test_what_was_taken_is_written_and_read_again(make) -> None:
    make.empty("clean/1.wav", "lossy/1.wav", "lossy/1_is_lost.txt", "net/1.wav", "net/1_is_lost.txt")
    found = find_clips([make.root])
    file = make.root / "l.toml"
    write_layout(file, found.layout)
    again = find_clips([make.root], layout=read_layout(file))
    assert again.clips == found.clips
    assert [part.why for part in again.layout.parts] == ["as chosen"] * 5


@pytest.mark.parametrize("packet", [None, PacketLength(10.0), PacketLength(20.0, 512)])
def test_packet_length_polarity_and_format_are_kept(make, packet) -> None:
    make.root.mkdir()
    parts = (
        Part("a_{clip}", Role.LOSSY, why="as chosen"),
        Part("t_{clip}", Role.TRACE, trace_format="frn", trace_inverted=True, why="as chosen"),
    )
    layout = Layout(parts, packet=packet)
    write_layout(make.root / "l.toml", layout)
    assert read_layout(make.root / "l.toml") == layout


def test_a_name_that_is_no_text_is_refused_in_words_and_leaves_no_file(make) -> None:
    make.root.mkdir()
    layout = Layout((Part("caf\udce9/{clip}", Role.LOSSY, why="as chosen"),))
    with pytest.raises(LayoutError, match="a name is no text"):
        write_layout(make.root / "l.toml", layout)
    assert not list(make.root.iterdir())


def test_roles_names_and_patterns_can_be_corrected(make) -> None:
    make.empty("x/1_a.wav", "x/1_b.wav", "y/deep/1.wav", "y/1_t.txt")
    file = make.root / "l.toml"
    file.write_text(
        HEAD + "packet_frames = 512\n"
        '[[parts]]\nfiles = "x/{clip}_a"\nrole = "reference"\n'
        '[[parts]]\nfiles = "x/{clip}_b"\nrole = "condition"\nname = "Ours"\n'
        '[[parts]]\nfiles = "y/deep/{clip}"\nrole = "condition"\n'
        '[[parts]]\nfiles = "y/{clip}_t"\nrole = "trace"\nof = "Ours"\ninverted = true\n'
    )
    (clip,) = find_clips([make.root], layout=read_layout(file)).clips
    assert clip.reference == make.root / "x/1_a.wav"
    assert [condition.name for condition in clip.conditions] == ["Ours", "deep"]
    assert clip.conditions[0].trace == make.root / "y/1_t.txt"
    assert clip.conditions[0].trace_inverted
    assert clip.packet_frames == 512


PART, LOSSY = '[[parts]]\nfiles = "a{clip}"\n', '[[parts]]\nfiles = "l{clip}"\nrole = "lossy"\n'
TRACE = '[[parts]]\nfiles = "t{clip}"\nrole = "trace"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[parts]]\n", "parts.0.files"),
        (PART + 'role = "boss"\n', "role"),
        (PART + 'role = "reference"\n' + PART + 'role = "reference"\n', "only one"),
        ('[[parts]]\nfiles = "../x/{clip}"\nrole = "lossy"\n', "no place below the folder"),
        ('[[parts]]\nfiles = "/x/{clip}"\nrole = "lossy"\n', "no place below the folder"),
        ('[[parts]]\nfiles = "{clip"\nrole = "lossy"\n', "stands for nothing"),
        (TRACE, "no part is"),
        (LOSSY + TRACE + 'of = "x"\n', "no condition x"),
        (LOSSY + TRACE + 'format = "x"\n', "no trace format x"),
        (LOSSY + TRACE + TRACE, "two parts are traces"),
        ('manifest = ["../m.csv"]\n' + LOSSY, "outside the folder"),
        ("packet_ms = 0\n" + LOSSY, "packet_ms"),
        ("surprise = 1\n" + LOSSY, "surprise"),
        ("= 1\n", "no TOML"),
        (f"packet_frames = {'9' * 5000}\n{LOSSY}", "no TOML"),
        (f"manifest = {'[' * 5000}\n", "no TOML"),
    ],
)
def test_what_a_file_cannot_mean_is_refused(make, text: str, told: str) -> None:
    make.root.mkdir()
    file = make.root / "l.toml"
    file.write_text(HEAD + text)
    with pytest.raises(LayoutError, match=told) as refused:
        read_layout(file)
    assert str(file) == refused.value.thing


def test_a_layout_that_is_not_there_is_named(make) -> None:
    with pytest.raises(LayoutError, match=r"gone\.toml: cannot be read"):
        read_layout(make.root / "gone.toml")


@pytest.mark.parametrize(
    ("pattern", "path", "key"),
    [
        ("{clip}", "54", "54"),
        ("clean/{clip}", "clean/54", "54"),
        ("clean/{clip}", "clean/deep/54", None),
        ("clean/**/{clip}", "clean/p225/p225_001", "p225/p225_001"),
        ("**/lossy/{clip}", "train/lossy/7", "train/7"),
        ("**/lossy/{clip}", "lossy/7", "7"),
        ("{clip}/clean", "s1/clean", "s1"),
        ("{clip}/{clip}_clean", "s1/s1_clean", "s1"),
        ("{clip}/{clip}_clean", "s1/s2_clean", None),
        ("{talker}_c03_{clip}", "f1_c03_s05", "f1_s05"),
        ("{talker}/c03/{clip}", "f1/c03/s05", "f1/s05"),
        ("*_fileid_{clip}", "book_00_fileid_7", "7"),
        ("{clip}_*", "54_anything_else", "54"),
        ("{clip}_clean", "_clean", None),
        ("a[*]{clip}", "a*5", "5"),
        (literal("net [v2] {x}*") + "/{clip}", "net [v2] {x}*/54", "54"),
    ],
)
def test_patterns_find_the_clip_in_a_path(pattern: str, path: str, key: str | None) -> None:
    folder, _, stem = path.rpartition("/")
    found = dict(Pattern(pattern).keys(folder + "/" if folder else "", [stem]))
    assert found.get(stem) == key
