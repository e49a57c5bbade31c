"""Tables with one row a clip, or one a clip and condition, say which file is what."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gaplisten.clips.clip import Clip
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.manifests import is_manifest, manifest_columns
from gaplisten.clips.scanning import NoClipsError

NAMES = ("54", "1214")


@pytest.fixture
def sounds(make) -> Path:
    for seed, name in enumerate(NAMES):
        make.sound(f"wavs/a{name}.wav", seed=seed)
        make.sound(f"wavs/b{name}.wav", 3, seed=seed)
        make.sound(f"wavs/c{name}.wav", seed=seed)
        make.trace(f"wavs/t{name}.txt", 3)
    return make.root


def told(clip: Clip) -> str:
    parts = [path.name[0] if path else "-" for path in (clip.reference, clip.lossy, clip.trace)]
    return " ".join([clip.name, *parts, *(f"{each.name}={each.path.name[0]}" for each in clip.conditions)])


def rows(line: str) -> str:
    return "".join(line.replace("N", name) + "\n" for name in NAMES)


FLAGS = "".join("01"[packet == 3] for packet in range(25))
KINDS = {
    "speechbrain.csv": (
        "ID,duration,noisy_wav,clean_wav\n" + rows("N,2.0,wavs/bN.wav,wavs/aN.wav"),
        "N a b -",
    ),
    "metadata.csv": (
        "file_name,reference,plc\n" + rows("wavs/bN.wav,wavs/aN.wav,wavs/cN.wav"),
        "bN a b - plc=c",
    ),
    "pairs.tsv": (
        "utt\ttarget_wav\tinput_wav\tnet\ttrace\n"
        + rows("uN\twavs/aN.wav\twavs/bN.wav\twavs/cN.wav\twavs/tN.txt"),
        "uN a b t net=c",
    ),
    "semicolons.csv": ("id;clean;degraded\n" + rows("N;wavs/aN.wav;wavs/bN.wav"), "N a b -"),
    "long.csv": (
        "con,file,filename_deg,filename_ref,mos\n"
        + rows("1,x,wavs/bN.wav,wavs/aN.wav,3")
        + rows("2,x,wavs/cN.wav,wavs/aN.wav,3"),
        "aN a b - con1=b con2=c",
    ),
    "speechbrain.json": (
        json.dumps(
            {n: {"clean_wav": f"{{data_root}}/wavs/a{n}.wav", "noisy_wav": f"wavs/b{n}.wav"} for n in NAMES}
        ),
        "N a b -",
    ),
    "with_text.jsonl": (
        rows('{"id": "N", "clean": "wavs/aN.wav", "lossy": "wavs/bN.wav", "text": "one\u2028two\x85three"}'),
        "N a b -",
    ),
    "pairs.jsonl": (
        rows('{"audio_filepath": "wavs/bN.wav", "clean": {"path": "wavs/aN.wav"}, "text": "x"}'),
        "bN a b -",
    ),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("opened", ["folder", "table"])
def test_columns_are_versions(sounds: Path, name: str, opened: str) -> None:
    text, truth = KINDS[name]
    (sounds / name).write_text(text, encoding="utf-8")
    found = find_clips([sounds if opened == "folder" else sounds / name])
    assert [told(clip) for clip in found.clips] == [truth.replace("N", each) for each in NAMES]


def test_several_lists_of_one_version_each_are_joined_by_their_names(sounds: Path) -> None:
    for folder, letter in (("clean", "a"), ("noisy", "b")):
        (sounds / folder).mkdir()
        (sounds / folder / "wav.scp").write_text(rows(f"uN ../wavs/{letter}N.wav"))
    assert [told(clip) for clip in find_clips([sounds]).clips] == ["u54 a b -", "u1214 a b -"]


def test_a_list_alone_is_lossy_by_its_zeros_and_commands_in_it_are_never_run(sounds: Path) -> None:
    (sounds / "wav.scp").write_text(rows("uN wavs/bN.wav") + f"u9 touch {sounds}/ran |\n")
    assert [told(clip) for clip in find_clips([sounds / "wav.scp"]).clips] == ["u54 - b -", "u1214 - b -"]
    assert not (sounds / "ran").exists()


def test_traces_and_packet_lengths_may_stand_in_the_table(sounds: Path) -> None:
    (sounds / "m.csv").write_text(
        "id,clean,lossy,loss,packet_ms\n" + rows(f"N,wavs/aN.wav,wavs/bN.wav,{FLAGS},10")
    )
    for clip in find_clips([sounds / "m.csv"]).clips:
        assert clip.inline_trace == tuple(sign == "1" for sign in FLAGS)
        assert clip.packet_ms == 10.0


def test_a_table_that_names_files_elsewhere_is_used_when_it_is_opened_itself(sounds: Path) -> None:
    lists = sounds / "lists"
    lists.mkdir()
    (lists / "m.csv").write_text("id,clean,lossy\n" + rows("N,../wavs/aN.wav,../wavs/bN.wav"))
    with pytest.raises(NoClipsError) as refused:
        find_clips([lists])
    assert str(lists / "m.csv") in str(refused.value)
    assert [told(clip) for clip in find_clips([lists / "m.csv"]).clips] == ["54 a b -", "1214 a b -"]


def test_what_a_table_names_and_is_not_there_is_counted(sounds: Path) -> None:
    (sounds / "m.csv").write_text(
        "id,clean,lossy\n" + rows("N,wavs/aN.wav,wavs/bN.wav") + "9,wavs/a9.wav,wavs/b9.wav\n"
    )
    assert "2 files that m.csv names are not there" in find_clips([sounds / "m.csv"]).notes


@pytest.mark.parametrize("way_out", ["a link to a file", "a link to a folder", "a chain of links"])
def test_links_out_of_a_folder_are_places_elsewhere(sounds: Path, tmp_path: Path, way_out: str) -> None:
    (inside := tmp_path / "opened").mkdir()
    if way_out == "a link to a folder":
        (inside / "wavs").symlink_to(sounds / "wavs")
        names = "wavs/aN.wav,wavs/bN.wav"
    else:
        (between := tmp_path / "between").mkdir()
        for path in sorted((sounds / "wavs").glob("*.wav")):
            (between / path.name).symlink_to(path)
            (inside / path.name).symlink_to(between / path.name if "chain" in way_out else path)
        names = "aN.wav,./bN.wav"
    (inside / "m.csv").write_text("id,clean,lossy\n" + rows(f"N,{names}"))
    found = manifest_columns([inside / "m.csv"])
    assert found is not None
    assert found.outside


@pytest.mark.parametrize(
    "name", [f"{'x' * 300}.wav", "a\0b.wav", "\0/b.wav", "round.wav", "round/b.wav", ".."]
)
def test_a_name_that_no_file_can_have_is_one_that_is_not_there(sounds: Path, name: str) -> None:
    (sounds / "round").symlink_to("round")
    (sounds / "round.wav").symlink_to("round.wav")
    (sounds / "m.csv").write_text("id,clean,lossy\n" + rows("N,wavs/aN.wav,wavs/bN.wav") + f"9,{name},\n")
    assert is_manifest(sounds / "m.csv")
    found = find_clips([sounds / "m.csv"])
    assert [told(clip) for clip in found.clips][:2] == ["54 a b -", "1214 a b -"]
    assert "1 files that m.csv names are not there" in found.notes


def test_whether_a_table_is_a_manifest_is_known_from_few_of_its_files(
    sounds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sounds / "m.csv").write_text("id,clean\n" + "".join(f"{n},wavs/a{n}.wav\n" for n in range(3000)))
    asked: list[object] = []
    monkeypatch.setattr(
        os, "stat", lambda path, *rest, _own=os.stat, **how: (asked.append(path), _own(path, *rest, **how))[1]
    )
    assert not is_manifest(sounds / "m.csv")  # none of the first ones is there
    assert len([path for path in asked if str(path).endswith(".wav")]) <= 40


@pytest.mark.parametrize(
    "text", ["", "[", "{}", "a,b\n1,2\n", '{"a": ' * 5000, "\0\0", "id,clean\n1,nowhere.wav\n"]
)
@pytest.mark.parametrize("name", ["m.csv", "m.json", "m.jsonl", "m.scp", "m.tsv"])
def test_tables_of_something_else_do_not_hide_the_sounds(make, name: str, text: str) -> None:
    make.empty("clean/1.wav", "lossy/1.wav")
    (make.root / name).write_text(text)
    (clip,) = find_clips([make.root]).clips
    assert (clip.reference.parent.name, clip.lossy.parent.name) == ("clean", "lossy")
