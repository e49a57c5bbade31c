"""What is said in clips is read from tables, lines and texts, and belongs to the clips that they name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.clips.clip_tables import ClipTableError, key_of, read_clip_table
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.transcripts import read_transcripts, text_said, with_transcripts

IDS = ("54", "1214", "a7")
TABLES = {
    "transcriptions.csv": "id,transcription,exclude\n"
    '54,He was there,False\n1214,not here,True\na7,"well, so",0\n',
    "transcripts.tsv": "path\tsentence\n54.wav\tHe was there\nx/1214.wav\tnot here\na7.wav\twell, so\n",
    "my_transcripts.csv": "noise;who;text\n3;054;He was there\n4;1214.0;not here\n5;a7;well, so\n",
    "transcript.txt": "54 He was there\n1214 not here\n\na7 well, so\n",
    "all.transcription.lst": "<s> He was there </s> (54)\n<s> not here </s> (1214)\n<s> well, so </s> (a7)\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for place in ("clean", "netA"):
        (tmp_path / place).mkdir()
        for name in IDS:
            signal = Signal.of(np.random.default_rng(len(name)).normal(0, 0.1, 1600), 16000)
            write_signal(tmp_path / place / f"{name}.wav", signal)
    return tmp_path


@pytest.mark.parametrize("name", TABLES)
def test_what_is_called_transcripts_is_read_and_told(folder: Path, name: str):
    (folder / name).write_text(TABLES[name])
    found = find_clips([folder])
    said = {clip.name: text_said(clip.transcript) for clip in found.clips if clip.transcript}
    assert said == {"54": "He was there", "1214": "not here", "a7": "well, so"}
    assert any(note.startswith("transcripts of 3 of 3 clips") for note in found.notes)
    assert not any(name in note and "not used" in note for note in found.notes)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("transcripts.csv", 'id,text\n54,"He was\nthere"\n1214,not\u2028here\na7,"well,\x85so"\n'),
        ("transcripts.csv", 'id,text\r\n54,"He was\r\nthere"\r\n1214,not\x0chere\r\na7,"well, so"\r\n'),
        ("transcripts.txt", "54 He was\u2028there\n1214 not\x0chere\na7 well,\x85so\n"),
        ("transcripts.txt", "54 He was there\r1214 not here\ra7 well, so\r"),
    ],
)
def test_a_cell_of_several_lines_keeps_its_words_apart_and_a_row_ends_at_line_ends_only(
    folder: Path, name: str, text: str
):
    (folder / name).write_bytes(text.encode())
    found = find_clips([folder])
    said = {clip.name: text_said(clip.transcript).split() for clip in found.clips if clip.transcript}
    assert said == {"54": ["He", "was", "there"], "1214": ["not", "here"], "a7": ["well,", "so"]}


def test_rows_to_be_left_out_are_counted_and_kept_as_such(folder: Path):
    (folder / "transcriptions.csv").write_text(TABLES["transcriptions.csv"])
    found = find_clips([folder])
    assert {clip.name for clip in found.clips if clip.transcript and clip.transcript.excluded} == {"1214"}
    assert any("1 of them left out by exclude" in note for note in found.notes)


def test_texts_beside_sounds_are_transcripts_and_no_failed_traces(folder: Path):
    for name in IDS:
        (folder / "clean" / f"{name}.txt").write_text(f"this is\n{name}\n")
    found = find_clips([folder])
    assert [text_said(clip.transcript) for clip in found.clips if clip.transcript] == [
        f"this is {clip.name}" for clip in found.clips
    ]
    assert not any("loss trace" in note for note in found.notes)


def test_losses_beside_sounds_are_no_transcripts(folder: Path):
    for name in IDS:
        (folder / "netA" / f"{name}.txt").write_text("0\n1\n0\n0\n0\n")
    found = find_clips([folder])
    assert all(clip.transcript is None for clip in found.clips)
    assert all(clip.conditions[0].trace is not None for clip in found.clips)


def test_a_place_that_is_named_is_read_wherever_it_lies(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
):
    apart = tmp_path_factory.mktemp("apart")
    (apart / "words.csv").write_text(TABLES["transcriptions.csv"])
    clips = find_clips([folder]).clips
    told = with_transcripts(clips, read_transcripts(apart / "words.csv", clips))
    assert [clip.transcript.text for clip in told if clip.transcript] == [
        "He was there",
        "not here",
        "well, so",
    ]
    (apart / "texts").mkdir()
    (apart / "texts" / "54.txt").write_text("only this")
    told = with_transcripts(clips, read_transcripts(apart / "texts", clips))
    assert [clip.name for clip in told if clip.transcript] == ["54"]


@pytest.mark.parametrize(
    ("name", "text", "fact"),
    [
        ("t.csv", "id,speech\n54,hello\n", "no column of transcripts"),
        ("t.csv", "id,transcription\n99,hello\n", "no column that names these clips"),
        ("t.csv", "id,transcription,exclude\n54,hello,maybe\n", "exclude of 54 is 'maybe'"),
        ("t.csv", 'id,transcription\n54,"hello\n', "is no table"),
        ("t.csv", "id,text,text\n54,a,b\n", "two columns 'text'"),
        ("t.csv", "id,transcription\n", "no rows"),
        ("t.csv", "", "no rows"),
        ("t.txt", "99 hello\n", "names none of these clips"),
        ("t.txt", "54 hello\n54 hallo\n", "second transcript"),
        ("t.txt", "54 \0\n", "zero bytes"),
        ("none.txt", None, "cannot be read"),
        ("empty", None, "holds no transcripts"),
    ],
)
def test_what_cannot_be_used_is_named(folder: Path, tmp_path_factory, name: str, text: str | None, fact: str):
    path = tmp_path_factory.mktemp("apart") / name
    if text is not None:
        path.write_text(text)
    elif name == "empty":
        path.mkdir()
    with pytest.raises(ClipTableError, match=fact):
        read_transcripts(path, find_clips([folder]).clips)


def test_a_damaged_table_in_the_folder_is_told_and_stops_nothing(folder: Path):
    (folder / "transcriptions.csv").write_bytes(b"id,transcription\n54,\xff\n")
    found = find_clips([folder])
    assert len(found.clips) == 3
    assert any("transcriptions.csv" in note and "UTF-8" in note for note in found.notes)


def test_rows_that_differ_for_one_clip_are_not_used(folder: Path):
    (folder / "transcriptions.csv").write_text("id,transcription\n54,a b\n54,a c\n1214,x\na7,y\n")
    found = find_clips([folder])
    assert [clip.name for clip in found.clips if clip.transcript] == ["1214", "a7"]
    assert any("rows for 54 differ" in note for note in found.notes)


def test_keys_agree_whatever_a_spreadsheet_made_of_a_name():
    assert {key_of(name) for name in ("54", "054", "54.0", " 54.wav", "a/b/54.flac", "a\\54.WAV")} == {"54"}
    assert key_of("s1.2") == "s1.2"
    assert key_of("54.5") == "54.5"


def test_the_column_that_holds_most_clips_names_them(tmp_path: Path):
    path = tmp_path / "meta.csv"
    path.write_text("burst,clip_nr,plr\n54,1214,0.1\n60,54,0.3\n")
    table = read_clip_table(path, {"54", "1214"})
    assert table.columns == ("burst", "plr")
    assert table.rows["1214"] == {"burst": "54", "plr": "0.1"}
