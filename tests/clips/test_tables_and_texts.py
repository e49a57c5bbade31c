"""Tables and texts that lie in a folder: read where they can be read rightly, else named with the reason."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable

import numpy as np
import pytest

from gaplisten.audio.files import read_signal
from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.clips.clip import ClipSet
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.opening import open_clip

IDS = ("54", "1214")
VERSIONS = {"reference": "a", "lossy": "b", "netA": "c"}
ROWS = [(clip, version, f"{folder}/{clip}.wav") for clip in IDS for version, folder in VERSIONS.items()]


def _csv(head: str, rows: list[tuple[str, ...]]) -> str:
    return "\n".join([head, *map(",".join, rows)]) + "\n"


TABLES = {
    "a row for each clip and condition": ("list.csv", _csv("clip,condition,path", ROWS)),
    "the same without the clip's name": ("list.csv", _csv("system,file", [row[1:] for row in ROWS])),
    "the same as JSON lines": (
        "list.jsonl",
        "".join(
            json.dumps(dict(zip(("utt_id", "model", "audio_filepath"), r, strict=True))) + "\n" for r in ROWS
        ),
    ),
    "clips within an object": (
        "set.json",
        json.dumps(
            {
                "rate": 16000,
                "clips": [
                    {
                        "id": n,
                        "reference": f"a/{n}.wav",
                        "lossy": f"b/{n}.wav",
                        "conditions": {"netA": f"c/{n}.wav"},
                    }
                    for n in IDS
                ],
            }
        ),
    ),
    "versions by name and path": (
        "set.json",
        json.dumps(
            [{"id": n, "versions": [{"name": v, "path": p} for m, v, p in ROWS if m == n]} for n in IDS]
        ),
    ),
    "an object for each version": (
        "set.json",
        json.dumps({v: {n: f"{folder}/{n}.wav" for n in IDS} for v, folder in VERSIONS.items()}),
    ),
    "a list for each version": (
        "set.json",
        json.dumps({v: [f"{folder}/{n}.wav" for n in IDS] for v, folder in VERSIONS.items()}),
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_any_shape_says_which_files_belong_together(make, name: str) -> None:
    make.empty(*(path for _, _, path in ROWS))
    file, text = TABLES[name]
    (make.root / file).write_text(text)
    found = find_clips([make.root])
    assert [clip.name for clip in found.clips] == ["54", "1214"]
    for clip in found.clips:
        assert clip.reference == make.root / f"a/{clip.name}.wav"
        assert clip.lossy == make.root / f"b/{clip.name}.wav"
        assert [(each.name, each.path) for each in clip.conditions] == [
            ("netA", make.root / f"c/{clip.name}.wav")
        ]


@pytest.mark.parametrize(("file", "sign"), [("list.csv", "|"), ("list.txt", " "), ("pairs.lst", "\t")])
def test_a_list_without_a_header_is_read_by_where_its_files_lie(make, file: str, sign: str) -> None:
    make.empty(*(f"{folder}/{n}{folder}.wav" for n in IDS for folder in ("clean", "lossy")))
    rows = [sign.join(f"{folder}/{n}{folder}.wav" for folder in ("clean", "lossy")) for n in IDS]
    (make.root / file).write_text("\n".join(rows))
    (first, _) = find_clips([make.root]).clips
    assert (first.reference, first.lossy) == (
        make.root / "clean/54clean.wav",
        make.root / "lossy/54lossy.wav",
    )


def _clips(make, suffix: str, text: Callable[[], str] | str) -> ClipSet:
    for name in IDS:
        make.sound(f"clean/{name}.wav")
        make.sound(f"lossy/{name}.wav", 3, 9)
        (make.root / f"lossy/{name}{suffix}").write_text(text if isinstance(text, str) else text())
    return find_clips([make.root])


FLAGS = [int(packet in (3, 9)) for packet in range(25)]


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".csv", "packet,lost\n" + "".join(f"{n},{flag}\n" for n, flag in enumerate(FLAGS))),
        (".json", json.dumps({"lost": FLAGS})),
        (".txt", "\n".join(map(str, FLAGS))),
        (".lost", "\n".join(map(str, FLAGS))),
        (".txt", "0.060000\t0.080000\tlost\n0.180000\t0.200000\tlost\n"),
    ],
)
def test_a_trace_called_as_its_sound_is_taken(make, suffix: str, text: str) -> None:
    found = _clips(make, suffix, text)
    assert [clip.trace for clip in found.clips] == [make.root / f"lossy/{name}{suffix}" for name in IDS]
    opened = open_clip(found.clips[0])
    assert opened.trace is not None
    assert [gap.first_packet for gap in opened.trace.gaps()] == [3, 9]
    assert not any("no loss trace" in note or "not used" in note for note in found.notes)


@pytest.mark.parametrize(
    ("suffix", "text", "why"),
    [
        (".json", '{"speaker": "p225"}', "names no losses"),
        (".txt", "2024-05-01 12:33:59 -26.1\n", "line 1 holds"),
        (".csv", "time,f0\n0.0,100\n0.01,101\n", ""),
    ],
)
def test_a_text_called_as_its_sound_that_is_no_trace_is_named(make, suffix: str, text: str, why: str) -> None:
    found = _clips(make, suffix, text)
    assert all(clip.trace is None for clip in found.clips)
    (note,) = (note for note in found.notes if "no loss trace" in note)
    assert note.startswith(f"2 files {suffix} lie beside sounds of their names")
    assert why in note


def test_a_trace_of_one_clip_only_is_taken_and_counted(make) -> None:
    for name in IDS:
        make.sound(f"clean/{name}.wav")
        make.sound(f"lossy/{name}.wav", 3)
    make.trace("lossy/54.txt", 3)
    found = find_clips([make.root])
    assert [clip.trace is not None for clip in found.clips] == [True, False]
    assert "lossy/{clip} is taken as lossy (2 of 2): its name says so" in found.notes
    assert "lossy/{clip} is taken as trace (1 of 2): the losses of the lossy files" in found.notes


def test_a_table_of_results_is_named_and_zeros_still_tell_the_lossy_files(make) -> None:
    for name in IDS:
        make.sound(f"clean/{name}.wav")
        make.sound(f"sysA/{name}.wav")
        make.sound(f"sysB/{name}.wav", 3, 9)
    (make.root / "pesq.csv").write_text("clip,pesq\n54,3.2\n1214,3.1\n")
    found = find_clips([make.root])
    assert [clip.lossy for clip in found.clips] == [make.root / f"sysB/{name}.wav" for name in IDS]
    assert "not used: pesq.csv (names no sounds that are there, and holds no traces)" in found.notes


def test_a_table_of_traces_may_name_clips_without_suffix(make) -> None:
    for name in IDS:
        make.sound(f"clean/{name}.wav")
        make.sound(f"lossy/{name}.wav", 3, 9)
    digits = "".join(map(str, FLAGS))
    (make.root / "losses.csv").write_text(f"clip,trace\n54,{digits}\n1214,{digits}\n")
    found = find_clips([make.root])
    assert [clip.inline_trace for clip in found.clips] == [tuple(map(bool, FLAGS))] * 2


def test_words_aligned_with_speech_are_no_losses(make) -> None:
    words = '"TextGrid"\n0\n1\n<exists>\n1\n"IntervalTier"\n"words"\n0\n1\n2\n0\n0.5\n"she"\n0.5\n1\n"had"\n'
    found = _clips(make, ".TextGrid", 'File type = "ooTextFile"\nObject class = ' + words)
    assert all(clip.trace is None for clip in found.clips)
    assert any("has no tier of losses (its tiers are words)" in note for note in found.notes)


def test_a_name_of_a_role_and_no_more_beats_one_that_says_more(make) -> None:
    make.empty(*(f"{folder}/{n}.wav" for n in IDS for folder in ("clean_room", "original", "lossy")))
    found = find_clips([make.root])
    assert found.clips[0].reference == make.root / "original/54.wav"
    assert [each.name for each in found.clips[0].conditions] == ["clean_room"]
    assert any("is clean_room/{clip} a version, or the reference?" in note for note in found.notes)


def test_clips_that_met_several_losses_share_the_reference_with_whose_name_theirs_begin(make) -> None:
    for clip in ("s0", "s1"):
        make.empty(f"clean/{clip}.wav")
        for loss in ("PLR10_1", "PLR20_1"):
            make.empty(f"lossy/{clip}_{loss}.wav", f"netA/{clip}_{loss}.wav")
    found = find_clips([make.root])
    assert len(found.clips) == 4
    for clip in found.clips:
        assert clip.reference is not None
        assert clip.lossy is not None
        assert clip.lossy.stem.startswith(clip.reference.stem + "_")
        assert [each.path.name for each in clip.conditions] == [clip.lossy.name]


def test_accents_written_apart_are_the_same_letters(make) -> None:
    for form, folder in (("NFC", "clean"), ("NFD", "lossy"), ("NFC", "net")):
        make.empty(*(f"{folder}/{unicodedata.normalize(form, name)}.wav" for name in ("Käse", "Öl")))
    for clip in find_clips([make.root]).clips:
        assert None not in (clip.reference, clip.lossy)
        assert len(clip.conditions) == 1


def test_a_short_name_in_a_folder_beside_is_offered_only_where_the_sound_agrees(make) -> None:
    make.sound("mine/0.wav", 3, seed=1)
    make.sound("clean_other/0.wav", seed=2)
    assert find_clips([make.root / "mine"]).offers == ()


def test_what_a_codec_s_delay_puts_before_the_sound_makes_no_lossy_file(make) -> None:
    for name in IDS:
        clean = read_signal(make.sound(f"ref/{name}.wav"))
        late = np.pad(clean.mono, (104, 0))[: clean.frames]
        (make.root / "decoded").mkdir(exist_ok=True)
        write_signal(make.root / f"decoded/{name}.wav", Signal.of(late, clean.rate))
    found = find_clips([make.root])
    assert [clip.lossy for clip in found.clips] == [None, None]
    assert found.conditions == ("decoded",)
