"""Every layout that people have on their disks is understood, by names alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gaplisten.clips.clip import Clip
from gaplisten.clips.layouts import NoClipsError, demo_clips, find_clips
from gaplisten.clips.opening import open_clip
from gaplisten.clips.scanning import FolderError
from gaplisten.clips.summary import summarise
from kit.timing import processor_seconds


def drawing(clip: Clip, root: Path) -> str:
    def part(path: Path | None) -> str:
        return "-" if path is None else path.relative_to(root).as_posix()

    conditions = [f"{c.name}={part(c.path)}" for c in clip.conditions]
    return " | ".join([clip.name, part(clip.reference), part(clip.lossy), part(clip.trace), *conditions])


def drawings(root: Path, opened: str = "", **options: object) -> list[str]:
    return [drawing(clip, root) for clip in find_clips([root / opened], **options).clips]


def test_the_2022_layout(make) -> None:
    for name in ("54", "309854", "2307"):
        make.empty(
            f"blind/lossy_signals/{name}.wav", f"blind/lossy_signals/{name}_is_lost.txt", f"net/{name}.wav"
        )
    make.empty(
        "X_CleanReference/54.wav", "X_CleanReference/2307.wav", "blind/transcriptions.csv", "README.md"
    )
    lossy = "blind/lossy_signals"
    assert drawings(make.root) == [
        f"54 | X_CleanReference/54.wav | {lossy}/54.wav | {lossy}/54_is_lost.txt | net=net/54.wav",
        f"2307 | X_CleanReference/2307.wav | {lossy}/2307.wav | {lossy}/2307_is_lost.txt | net=net/2307.wav",
        f"309854 | - | {lossy}/309854.wav | {lossy}/309854_is_lost.txt | net=net/309854.wav",
    ]


@pytest.mark.parametrize("unpacked", ["blind_set_reference", "blind_set_reference/X_CleanReference"])
def test_references_may_lie_in_the_folder_that_their_archive_unpacked_into(make, unpacked: str) -> None:
    make.empty("blind/lossy_signals/1.wav", "blind/lossy_signals/1_is_lost.txt", f"{unpacked}/1.wav")
    make.empty("blind_set_reference/notes/1.wav")  # below it, but by its name no reference
    assert find_clips([make.root]).clips[0].reference == make.root / unpacked / "1.wav"


@pytest.mark.parametrize("opened", ["blind", "blind/lossy_signals"])
@pytest.mark.parametrize("place", ["X_CleanReference", "blind_set_reference/X_CleanReference"])
def test_nothing_from_outside_the_opened_folder_is_used_and_references_there_are_offered(
    make, opened: str, place: str
) -> None:
    make.empty("blind/lossy_signals/1.wav", "blind/lossy_signals/1_is_lost.txt", f"{place}/1.wav")
    make.empty("blind/lossy_signals/2.wav", "net/1.wav")
    found = find_clips([make.root / opened])
    assert [(clip.reference, clip.conditions) for clip in found.clips] == [(None, ()), (None, ())]
    assert [(offer.folder, offer.found, offer.of) for offer in found.offers] == [(make.root / place, 1, 2)]
    assert f"1 of 2 references could be in {make.root / place}" in found.notes
    chosen = find_clips([make.root / opened], reference_folder=found.offers[0].folder)
    assert chosen.clips[0].reference == make.root / place / "1.wav"
    assert chosen.offers == ()


def test_a_stranger_s_folder_is_no_reference_though_its_file_is_called_alike(make) -> None:
    make.sound("work/my_plc/test_files/54.wav", 3)
    make.trace("work/my_plc/test_files/54_is_lost.txt", 3)
    make.sound("work/my_plc/test_files_out/54.wav")
    stranger = make.sound("work/clean_speech_of_another_project/54.wav", seed=9)
    found = find_clips([make.root / "work/my_plc"])
    (clip,) = found.clips
    assert clip.reference is None
    assert clip.lossy == make.root / "work/my_plc/test_files/54.wav"
    assert found.conditions == ("test_files_out",)
    assert found.offers[0].folder == stranger.parent


@pytest.mark.parametrize(
    "name",
    ["clean_signals", "X_CleanReference", "reference_signals", "clean", "ref", "Original", "val_clean"],
)
def test_the_clean_folder_may_have_any_usual_name(make, name: str) -> None:
    make.empty("lossy_signals/1.wav", "lossy_signals/1_is_lost.txt", f"{name}/1.wav")
    assert find_clips([make.root]).clips[0].reference == make.root / name / "1.wav"


def test_a_folder_picked_by_the_user_beats_all_names(make) -> None:
    make.empty("lossy_signals/1.wav", "lossy_signals/1_is_lost.txt", "clean/1.wav", "elsewhere/speech/1.flac")
    found = find_clips([make.root / "lossy_signals"], reference_folder=make.root / "elsewhere/speech")
    assert found.clips[0].reference == make.root / "elsewhere/speech/1.flac"
    assert f"1 of 1 references in {make.root / 'elsewhere/speech'}, as chosen" in found.notes


def test_a_chosen_folder_may_call_its_files_otherwise(make) -> None:
    make.empty("lossy/1_lossy.wav", "lossy/2_lossy.wav", "elsewhere/1_clean.wav", "elsewhere/2_clean.wav")
    (make.root / "lossy/x").mkdir()
    make.empty("lossy/net/1_net.wav", "lossy/net/2_net.wav")
    found = find_clips([make.root / "lossy"], reference_folder=make.root / "elsewhere")
    assert [clip.reference.name for clip in found.clips] == ["1_clean.wav", "2_clean.wav"]


def test_splits_are_kept_apart_with_their_own_references(make) -> None:
    for split in ("train", "test"):
        make.empty(
            f"{split}/lossy_signals/7.wav",
            f"{split}/lossy_signals/7_is_lost.txt",
            f"{split}/clean_signals/7.wav",
        )
    assert drawings(make.root) == [
        "test/7 | test/clean_signals/7.wav | test/lossy_signals/7.wav | test/lossy_signals/7_is_lost.txt",
        "train/7 | train/clean_signals/7.wav | train/lossy_signals/7.wav | train/lossy_signals/7_is_lost.txt",
    ]
    notes = find_clips([make.root]).notes
    assert "**/clean_signals/{clip} is taken as reference (2 of 2): its name says so" in notes


def test_a_folder_beside_with_other_names_is_no_condition(make) -> None:
    make.empty("lossy_signals/1.wav", "lossy_signals/1_is_lost.txt", "music/song.wav", "net/1.wav")
    assert find_clips([make.root]).conditions == ("net",)


@pytest.mark.parametrize("header", [False, True])
def test_the_2024_layout_takes_its_traces_from_one_table(make, header: bool) -> None:
    make.sound("val_clean/plcchallenge2024_val_0758.wav")
    rows = ["file,a,b,trace\n"] if header else []
    rows.append(
        "plcchallenge2024_val_0758.wav,x,y," + " ".join("1" if i == 3 else "0" for i in range(25)) + "\n"
    )
    (make.root / "val_meta.csv").write_text("".join(rows))
    found = find_clips([make.root])
    clip = found.clips[0]
    assert clip.inline_trace == tuple(i == 3 for i in range(25))
    assert clip.reference.name == "plcchallenge2024_val_0758.wav"
    assert "1 traces in val_meta.csv" in found.notes
    opened = open_clip(clip)
    assert opened.trace.lost.tolist() == list(clip.inline_trace)
    assert not opened.lossy.samples[3 * 320 : 4 * 320].any(), (
        "the lossy signal is made of reference and trace"
    )


def test_the_2024_layout_with_lossy_files(make) -> None:
    make.sound("val_clean/a.wav", rate=48000)
    make.sound("val_lossy/a.wav", 3, rate=48000)
    (make.root / "val_meta.csv").write_text("a.wav,1,2," + "".join("1" if i == 3 else "0" for i in range(25)))
    clip = find_clips([make.root]).clips[0]
    assert (clip.reference.parent.name, clip.lossy.parent.name) == ("val_clean", "val_lossy")
    assert clip.inline_trace[3]


def test_a_damaged_table_is_named_and_the_clips_stay(make) -> None:
    make.empty("val_clean/a.wav", "val_clean/b.wav")
    (make.root / "val_meta.csv").write_text("a.wav,1,2,0000000011\nb.wav,1,2,00000000x1\n")
    found = find_clips([make.root])
    assert len(found.clips) == 2
    assert any("line 2 (b.wav) holds 'x'" in note for note in found.notes)


def test_a_folder_for_each_condition(make) -> None:
    make.empty("clean/a.wav", "clean/b.wav", "sys1/a.wav", "sys1/b.wav", "sys2/a.flac", "traces/a.txt")
    assert drawings(make.root) == [
        "a | clean/a.wav | - | traces/a.txt | sys1=sys1/a.wav | sys2=sys2/a.flac",
        "b | clean/b.wav | - | - | sys1=sys1/b.wav",
    ]


def test_conditions_without_references_are_normal(make) -> None:
    make.empty("sys1/a.wav", "sys2/a.wav")
    found = find_clips([make.root])
    assert [drawing(clip, make.root) for clip in found.clips] == [
        "a | - | - | - | sys1=sys1/a.wav | sys2=sys2/a.wav"
    ]
    assert "no references were found" in found.notes


def test_a_lossy_folder_that_no_name_betrays_is_found_by_its_content(make) -> None:
    for clip in ("1", "2"):
        make.sound(f"enhanced/{clip}.wav", seed=int(clip))
        make.sound(f"b/{clip}.wav", 3, 4, seed=int(clip))
    make.sound("enhanced/3.wav", seed=3)
    found = find_clips([make.root])
    assert drawings(make.root) == [
        "1 | - | b/1.wav | - | b=b/1.wav | enhanced=enhanced/1.wav",
        "2 | - | b/2.wav | - | b=b/2.wav | enhanced=enhanced/2.wav",
        "3 | - | - | - | enhanced=enhanced/3.wav",
    ]
    assert "b/{clip} is taken as lossy b (2 of 3): some of it are packets of exact zeros" in found.notes
    known = find_clips([make.root], losses_known=True)
    assert {clip.lossy for clip in known.clips} == {None}, "who names a trace wants nothing guessed"
    trace = open_clip(found.clips[0]).trace
    assert trace is not None
    assert trace.lost.nonzero()[0].tolist() == [3, 4]


def test_zeros_choose_no_lossy_file_where_traces_and_references_of_the_clips_are_there(make) -> None:
    for clip in ("1", "2"):
        for version in ("clean", "sysA"):
            make.sound(f"{clip}/{version}.wav", seed=int(clip))
        make.sound(f"{clip}/sysB.wav", 3, 4, seed=int(clip))
    assert [clip.lossy.name for clip in find_clips([make.root]).clips] == ["sysB.wav"] * 2
    for clip in ("1", "2"):
        (make.root / clip / "loss.txt").write_text("0\n0\n0\n1\n1\n0\n0\n0\n0\n0\n")
    assert drawings(make.root) == [
        f"{clip} | {clip}/clean.wav | - | {clip}/loss.txt | sysA={clip}/sysA.wav | sysB={clip}/sysB.wav"
        for clip in ("1", "2")
    ]


def test_pauses_that_the_reference_has_too_make_no_folder_lossy(make) -> None:
    for folder in ("clean", "netA", "netB"):
        make.sound(f"{folder}/1.wav", 3, 4)
    assert find_clips([make.root]).clips[0].lossy is None


def test_of_two_sounds_with_one_name_the_one_that_is_used_is_said(make) -> None:
    make.empty("clean/1.flac", "net/1.mp3", "net/1.wav", "net/1.flac")
    found = find_clips([make.root])
    assert drawings(make.root) == ["1 | clean/1.flac | - | - | net=net/1.wav"]
    assert "2 left out in net, as others have their names (1.flac: 1.wav is used)" in found.notes


def test_references_alone_are_normal(make) -> None:
    make.empty("clean/a.wav", "clean/b.wav")
    assert drawings(make.root, "clean") == ["a | clean/a.wav | - | -", "b | clean/b.wav | - | -"]


def test_a_plain_folder_is_lossy_when_packets_are_missing(make) -> None:
    make.sound("takes/one.wav", 4, 5)
    make.sound("takes/two.wav")
    assert drawings(make.root, "takes") == ["one | - | takes/one.wav | -", "two | - | takes/two.wav | -"]
    make.sound("plain/one.wav")
    assert drawings(make.root, "plain") == ["one | plain/one.wav | - | -"]


def test_a_small_folder_with_a_clean_file_is_one_clip(make) -> None:
    for name in ("clean", "plc_good", "plc_poor"):
        make.sound(f"examples/{name}.wav")
    assert drawings(make.root, "examples") == [
        "clean | examples/clean.wav | - | - | plc_good=examples/plc_good.wav | plc_poor=examples/plc_poor.wav"
    ]


def test_a_stray_sound_beside_the_folders_does_not_hide_them(make) -> None:
    make.empty("lossy_signals/1.wav", "lossy_signals/1_is_lost.txt", "clean/1.wav", "intro.wav")
    assert drawings(make.root) == ["1 | clean/1.wav | lossy_signals/1.wav | lossy_signals/1_is_lost.txt"]


def test_of_several_lossy_folders_the_one_with_traces_counts(make) -> None:
    make.empty("lossy_a/1.wav", "lossy_b/1.wav", "lossy_b/1_is_lost.txt", "clean/1.wav")
    assert drawings(make.root) == [
        "1 | clean/1.wav | lossy_b/1.wav | lossy_b/1_is_lost.txt | lossy_a=lossy_a/1.wav"
    ]


def test_references_in_the_folder_itself_and_versions_below(make) -> None:
    make.sound("study/a.wav")
    make.sound("study/net/a.wav")
    make.sound("study/lossy/a.wav", 3)
    assert drawings(make.root, "study") == ["a | study/a.wav | study/lossy/a.wav | - | net=study/net/a.wav"]


def test_experiments_in_folders_of_folders_are_all_found(make) -> None:
    for name in ("one", "two"):
        make.empty(f"{name}/clean/a.wav", f"{name}/net/a.wav")
    assert drawings(make.root) == [
        f"{name}/a | {name}/clean/a.wav | - | - | net={name}/net/a.wav" for name in ("one", "two")
    ]


def test_names_are_unique_in_a_set(make) -> None:
    make.empty("x/lossy_signals/a.wav", "x/lossy_signals/a.flac", "x/y/lossy_signals/a.wav")
    names = [clip.name for clip in find_clips([make.root, make.root / "x"]).clips]
    assert len(names) == len(set(names))


def test_several_folders_and_files_come_together(make) -> None:
    make.empty("one/clean/a.wav", "one/sys/a.wav", "two/clean/a.wav", "two/sys/a.wav")
    loose = make.sound("three.wav")
    found = find_clips([make.root / "one", make.root / "two", loose])
    assert [clip.name for clip in found.clips] == ["a", "a (2)", "three"]


def test_thousands_of_clips_are_listed_at_once_without_opening_a_file(
    make, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: dict[int, int] = {}
    monkeypatch.setattr("gaplisten.untrusted.open_regular", lambda _: pytest.fail("a file was opened"))
    looks: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: looks.append(str(path)) or scandir(path))
    for clips in (1_000, 3_000):
        folder_of_clips(make, clips)
        looks.clear()
        found, counts[clips] = calls_of(lambda: find_clips([make.root]))
        assert len(looks) <= 8, "each folder is looked into a few times, whatever the number of its files"
        assert len(found.clips) == clips
        assert found.clips[-1].name == str(clips - 1)
        assert found.clips[-1].trace.name == f"{clips - 1}_is_lost.txt"
    # Each clip has three files, and naming and sorting these takes 48.
    assert counts[3_000] - counts[1_000] < 2_000 * 125, "each clip more takes about a hundred calls more"


@pytest.mark.long
def test_25_000_clips_take_five_times_as_long_as_5_000(make) -> None:
    folder_of_clips(make, 5_000)
    few = min(processor_seconds(lambda: find_clips([make.root])) for _ in range(3))
    folder_of_clips(make, 25_000)
    many = min(processor_seconds(lambda: find_clips([make.root])) for _ in range(3))
    assert many < 12 * few, "looking for each among all would take 25 times as long"


def folder_of_clips(make, clips: int) -> None:
    """Have so many clips in the folder of the challenge, all of them names of three empty files."""
    for pattern in ("lossy_signals/{}.wav", "lossy_signals/{}_is_lost.txt", "clean_signals/{}.wav"):
        make.empty(pattern.format(0))
        for number in range(1, clips):  # files of their own take ten times as long
            if not (make.root / pattern.format(number)).exists():
                os.link(make.root / pattern.format(0), make.root / pattern.format(number))


def calls_of(work: Callable[[], Any]) -> tuple[Any, int]:
    """Return an outcome, and the calls of functions that it took: the same on a machine at any load."""
    count = 0

    def seen(_frame: object, event: str, _what: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        return work(), count
    finally:
        sys.setprofile(before)


def test_nothing_to_hear_is_said(make) -> None:
    make.empty("docs/readme.md")
    with pytest.raises(NoClipsError, match="holds no sound files"):
        find_clips([make.root])
    with pytest.raises(FolderError, match="no such file"):
        find_clips([make.root / "nowhere"])
    with pytest.raises(NoClipsError, match="is not a sound file"):
        find_clips([make.root / "docs/readme.md"])
    with pytest.raises(NoClipsError, match="no file or folder was given"):
        find_clips([])


def test_a_folder_that_may_not_be_read_says_so(make, monkeypatch: pytest.MonkeyPatch) -> None:
    make.empty("a/1.wav")

    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("gaplisten.clips.scanning.os.scandir", refuse)
    with pytest.raises(FolderError, match="cannot be read \\(Permission denied\\)"):
        find_clips([make.root / "a"])


def test_links_that_go_in_circles_end(make) -> None:
    make.empty("lossy_signals/1.wav", "lossy_signals/1_is_lost.txt")
    (make.root / "again").symlink_to(make.root, target_is_directory=True)
    assert len(find_clips([make.root]).clips) >= 1
    outside = make.root.parent / "outside"
    outside.mkdir()
    (outside / "self").symlink_to(outside, target_is_directory=True)
    with pytest.raises(NoClipsError):
        find_clips([outside])


def test_links_to_sounds_elsewhere_are_followed(make, tmp_path: Path) -> None:
    real = make.sound("store/a.wav")
    (make.root / "clean").mkdir()
    (make.root / "clean" / "a.wav").symlink_to(real)
    assert open_clip(find_clips([make.root / "clean"]).clips[0]).reference is not None


def test_the_demo_has_references_traces_and_all_strata() -> None:
    found = demo_clips()
    summaries = [summarise(clip) for clip in found.clips]
    assert all(clip.reference and clip.lossy and clip.trace for clip in found.clips)
    assert {s.stratum.value for s in summaries} == {"<=120 ms", "120-320 ms", "320-1000 ms"}


def test_the_real_challenge_clips_are_found(real_clips: Path) -> None:
    found = find_clips([real_clips / "challenge2022"])
    assert [clip.name for clip in found.clips] == ["54", "1214", "2307"]
    assert found.conditions == ("tPLCnet",)
    assert [clip.reference is not None for clip in found.clips] == [True, False, True]
    assert found.offers == ()
    assert summarise(found.clip("54")).longest_ms == 140.0


def test_a_condition_s_own_traces_are_found_beside_its_sounds(make) -> None:
    make.empty("lossy_signals/1.wav", "lossy_signals/1_is_lost.txt", "net/1.wav", "bare/1.wav", "ours/1.wav")
    make.empty("bare/1_is_lost.txt")
    (clip,) = find_clips([make.root]).clips
    assert clip.lossy == make.root / "lossy_signals/1.wav"
    assert clip.trace == make.root / "lossy_signals/1_is_lost.txt"
    traces = {condition.name: condition.trace for condition in clip.conditions}
    assert traces == {"net": None, "ours": None, "bare": make.root / "bare/1_is_lost.txt"}
