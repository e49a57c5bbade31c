"""Guessing roles of loose files: each guess has its reason, and can be corrected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.clips.layouts import find_clips
from gaplisten.clips.names import clip_key, role_in_name
from gaplisten.clips.opening import open_clip
from gaplisten.clips.roles import Role, clip_from_roles, guess_roles


def roles(*paths: Path) -> list[tuple[str, str]]:
    return [(guess.path.name, guess.role.value) for guess in guess_roles(paths)]


def test_names_tell_roles(make) -> None:
    paths = [make.sound(name) for name in ("a_clean.wav", "a_lossy.wav", "a_net.wav")] + [
        make.trace("a_is_lost.txt")
    ]
    assert roles(*paths) == [
        ("a_clean.wav", "reference"),
        ("a_lossy.wav", "lossy"),
        ("a_net.wav", "condition"),
        ("a_is_lost.txt", "trace"),
    ]
    assert all(guess.why for guess in guess_roles(paths))


def test_folders_tell_roles_and_name_conditions(make) -> None:
    paths = [make.sound(f"{folder}/54.wav") for folder in ("X_CleanReference", "lossy_signals", "tPLCnet")]
    guesses = guess_roles(paths)
    assert [guess.role for guess in guesses] == [Role.REFERENCE, Role.LOSSY, Role.CONDITION]
    assert guesses[2].condition == "tPLCnet"


def test_content_tells_what_names_do_not(make) -> None:
    make.root.mkdir()
    mask = make.root / "m.txt"
    mask.write_text("0\n1\n0\n")
    note = make.root / "n.txt"
    note.write_text("buy milk")
    guesses = guess_roles([make.sound("x.wav", 3, 4), make.sound("y.wav"), mask, note])
    assert [guess.role for guess in guesses] == [Role.LOSSY, Role.CONDITION, Role.TRACE, Role.UNUSED]
    assert guesses[0].why == "2 of its 20 ms packets are exactly zero"
    assert "no trace" in guesses[3].why


def test_silence_at_the_ends_is_no_loss(make) -> None:
    assert roles(make.sound("x.wav", 0, 1, 23, 24)) == [("x.wav", "reference")]


def test_a_lone_sound_is_a_reference_or_lossy_with_a_trace(make) -> None:
    assert roles(make.sound("take1.wav")) == [("take1.wav", "reference")]
    assert roles(make.sound("take1.wav"), make.trace("take1_is_lost.txt")) == [
        ("take1.wav", "lossy"),
        ("take1_is_lost.txt", "trace"),
    ]


def test_there_is_one_reference_one_lossy_file_and_one_trace(make) -> None:
    paths = [make.sound(f"{name}.wav") for name in ("clean1", "clean2", "lossy1", "lossy2")]
    paths += [make.trace("a_is_lost.txt"), make.trace("b_is_lost.txt")]
    assert [role for _, role in roles(*paths)] == [
        "reference",
        "condition",
        "lossy",
        "condition",
        "trace",
        "not used",
    ]


def test_an_unreadable_sound_is_still_listed(make) -> None:
    make.empty("broken.wav")
    assert roles(make.root / "broken.wav", make.sound("clean.wav"))[0] == ("broken.wav", "condition")


def test_guesses_can_be_corrected(make) -> None:
    guesses = guess_roles([make.sound("one.wav"), make.sound("two.wav", 3)])
    corrected = [replace(guesses[0], role=Role.REFERENCE), guesses[1]]
    opened = open_clip(clip_from_roles(corrected))
    assert np.flatnonzero(opened.trace.lost).tolist() == [3]
    assert opened.reference is not None


def test_conditions_of_one_name_are_told_apart(make) -> None:
    guesses = guess_roles([make.sound("p/x.wav"), make.sound("p2/y.wav"), make.sound("q/z.wav")])
    same = [replace(guess, condition="net") for guess in guesses]
    assert [c.name for c in clip_from_roles(same).conditions] == ["net", "net (2)", "net (3)"]


def test_loose_files_of_several_clips_are_sorted_by_name(make) -> None:
    names = ("clean", "net", "other_net")
    paths = [make.sound(f"{clip}_{name}.wav", frames=8000 + clip * 320) for clip in (1, 2) for name in names]
    found = find_clips(paths)
    assert [clip.reference.name for clip in found.clips] == ["1_clean.wav", "2_clean.wav"]
    assert [[c.name for c in clip.conditions] for clip in found.clips] == [
        ["net", "other_net"],
        ["net", "other_net"],
    ]


def test_a_single_challenge_file_brings_its_trace(make) -> None:
    make.trace("lossy_signals/54_is_lost.txt", 3)
    found = find_clips([make.sound("lossy_signals/54.wav", 3)])
    assert found.clips[0].trace.name == "54_is_lost.txt"
    assert any("trace, its name says so" in note for note in found.notes)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("X_CleanReference", Role.REFERENCE),
        ("val_lossy", Role.LOSSY),
        ("54_is_lost", Role.TRACE),
        ("traces", Role.TRACE),
        ("reflection", None),
        ("tPLCnet", None),
        ("glossy", None),
        ("valClean", Role.REFERENCE),
        ("lossysignals", Role.LOSSY),
        ("unclean", None),
        ("ref48", Role.REFERENCE),
        ("orig_16khz", Role.REFERENCE),
        ("ref7", None),
        ("lossy_enhanced", None),
        ("net_clean_finetuned", None),
        ("reference_decoder", None),
    ],
)
def test_words_in_names(name: str, role: Role | None) -> None:
    assert role_in_name(name) is role


@pytest.mark.parametrize(
    ("stem", "name"),
    [("54_clean", "54"), ("a.b c-REF", "a.b c"), ("clean", "clean"), ("54_net", "54_net"), ("_ref", "_ref")],
)
def test_a_clip_is_named_without_the_role_of_its_file(make, stem: str, name: str) -> None:
    path = make.sound(f"{stem}.wav")
    assert clip_from_roles(guess_roles([path])).name == name


def test_keys_join_files_of_one_clip() -> None:
    assert clip_key("54_clean") == clip_key("54_lossy") == clip_key("54_is_lost") == clip_key("54") == "54"
    assert clip_key("clean") == ""


def test_a_file_with_dropouts_on_no_packets_is_the_lossy_one(make) -> None:
    clean, other = make.sound("x.wav"), make.sound("y.wav")
    samples, rate = soundfile.read(other)
    for start in (777, 2003, 4231):
        samples[start : start + 43] = 0
    soundfile.write(other, samples, rate)
    roles = {guess.path: (guess.role, guess.why) for guess in guess_roles([clean, other])}
    assert roles[other] == (Role.LOSSY, "3 stretches of it are exactly zero")
    assert roles[clean][0] is not Role.LOSSY
