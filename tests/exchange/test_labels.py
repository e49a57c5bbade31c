"""Labels leave for other tools and come back from them, and damaged ones are named."""

from __future__ import annotations

import contextlib
import functools
import random
import shutil
import subprocess
import tracemalloc
from functools import partial
from pathlib import Path

import pytest

from gaplisten.errors import GaplistenError
from gaplisten.exchange.labels import contract, formats, read_labels, write_labels
from gaplisten.exchange.labels.contract import Label, LabelError, Track
from gaplisten.loss.formats import read_trace
from kit import command
from kit.challenge import challenge_set

TRACKS = (
    Track("lost", (Label(0.02, 0.04, "gap 1"), Label(0.5, 0.56, "gap 2"))),
    Track("net A", (Label(0.5, 0.56, 'Exit click 14.5 z, "x" <&> =1+1'),)),
    Track(
        "notes", (Label(0.5, 0.7, "click: here"), Label(0.6, 0.9, "own: über 日本"), Label(0.25, 0.25, "-a"))
    ),
)


def known(tracks: tuple[Track, ...]) -> dict[str, list[tuple[float, float, str]]]:
    return {
        track.name: [(round(one.start, 4), round(one.stop, 4), one.text) for one in sorted(track.labels)]
        for track in tracks
    }


@pytest.mark.parametrize("suffix", [form.suffix for form in formats()])
def test_what_is_written_is_read_again(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"labels{suffix}"
    write_labels(path, TRACKS, 1.0, 16000)
    assert known(read_labels(path)) == known(TRACKS)


def test_tiers_of_a_textgrid_tile_the_sound_and_overlaps_have_tiers_of_their_own(tmp_path: Path) -> None:
    write_labels(tmp_path / "a.TextGrid", TRACKS, 1.0, 16000)
    text = (tmp_path / "a.TextGrid").read_text()
    names = [line.split('"')[1] for line in text.splitlines() if line.strip().startswith("name =")]
    assert names == ["lost", "net A", "notes", "notes 2", "notes (points)"]
    for tier in text.split("item [")[2:6]:
        edges = [float(line.split("=")[1]) for line in tier.splitlines() if "xm" in line][2:]
        assert (edges[0], edges[-1]) == (0.0, 1.0)
        assert edges[1:-1:2] == edges[2::2]
        assert all(start < stop for start, stop in zip(edges[::2], edges[1::2], strict=True))


def test_a_short_textgrid_and_one_in_utf_16_are_read(tmp_path: Path) -> None:
    short = (
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n1\n<exists>\n2\n'
        '"IntervalTier"\n"a"\n0\n1\n2\n'
        '0\n0.5\n""\n0.5\n1\n"é ""q"""\n"TextTier"\n"b"\n0\n1\n1\n0.25\n"here"\n'
    )
    for encoding in ("utf-8", "utf-16", "latin-1"):
        (tmp_path / "a.TextGrid").write_bytes(short.encode(encoding))
        assert known(read_labels(tmp_path / "a.TextGrid")) == {
            "a": [(0.5, 1.0, 'é "q"')],
            "b": [(0.25, 0.25, "here")],
        }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "0.5\t1.0\tone\u2028two\r\n1.5\t1.5\tthree\x0bfour\r\n"),
        ("a.csv", 'track,start_s,end_s,text\r\n,0.5,1.0,one\u2028two\r\n,1.5,1.5,"three\nfour"\r\n'),
    ],
)
def test_texts_of_several_lines_end_no_rows(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_bytes(content.encode())
    assert known(read_labels(tmp_path / name)) == {"": [(0.5, 1.0, "one two"), (1.5, 1.5, "three four")]}


def test_praat_reads_what_is_written_and_saves_what_is_read(tmp_path: Path) -> None:
    if not shutil.which("praat"):
        pytest.skip("praat is not there")
    write_labels(tmp_path / "a.TextGrid", TRACKS, 1.0, 16000)
    (tmp_path / "p.praat").write_text(
        f'Read from file: "{tmp_path}/a.TextGrid"\nSave as text file: "{tmp_path}/b.TextGrid"\n'
        f'Save as short text file: "{tmp_path}/c.TextGrid"\n'
    )
    subprocess.run(["praat", "--run", str(tmp_path / "p.praat")], check=True, timeout=60)
    for name in ("b", "c"):
        assert known(read_labels(tmp_path / f"{name}.TextGrid")) == known(TRACKS)


@pytest.mark.parametrize(
    ("name", "content", "fact"),
    [
        ("a.txt", "0.1 0.2 words\n", "no start and end with a tab"),
        ("a.txt", "0.1\tx\ty\n", "'x' where a time"),
        ("a.txt", "0.5\t0.1\ty\n", "before it begins"),
        ("a.txt", "1e300\t1e301\ty\n", "where a time"),
        ("a.csv", "a,b\n1,2\n", "no columns start_s"),
        ("a.csv", "start_s,end_s\n1\n", "line 2 has 1 columns"),
        ("a.csv", "", "no columns start_s"),
        ("a.svl", "<sv><data>", "no layer of Sonic Visualiser"),
        ("a.svl", "<sv><data/></sv>", "names no sample rate|where a time"),
        ("a.svl", '<!DOCTYPE x [<!ENTITY a "b">]><sv/>', "defines entities"),
        ("a.TextGrid", "nothing", "no TextGrid"),
        ("a.TextGrid", '"Praat chronological TextGrid text file"\n0 2\n', "a chronological TextGrid"),
        ("a.TextGrid", "ooBinaryFile\x08TextGrid\0\0", "binary file of Praat; use Praat's command"),
        ("a.TextGrid", '"TextGrid" 0 1 <exists> 1 "IntervalTier" "a" 0 1 5 0 1', "damaged TextGrid"),
        ("a.TextGrid", '"TextGrid" 0 1 <exists> 9000000 "IntervalTier"', "damaged TextGrid"),
        ("a.doc", "x", "no format of labels"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, content: str, fact: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(LabelError, match=fact):
        read_labels(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "head", "part"),
    [
        ("a.txt", "", "0\t1\tx\n"),
        ("a.csv", "start_s,end_s\n", "0,1\n"),
        ("a.svl", '<sv><data><model sampleRate="1"/><dataset>', "<point/>"),
        ("a.TextGrid", '"TextGrid" 0 1 <exists> 1 "TextTier" "a" 0 1 9999999 ', '0 "" '),
    ],
)
def test_more_labels_than_anybody_sets_are_refused_before_they_take_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, head: str, part: str
) -> None:
    monkeypatch.setattr(contract, "MOST_LABELS", 300)
    (tmp_path / name).write_text(head + 400 * part)
    with pytest.raises(LabelError, match=r"300 are read at most; give it in parts"):
        read_labels(tmp_path / name)


@pytest.mark.parametrize("text", ["a" * 500_000, '""' * 250_000, 'a""' * 160_000])
def test_a_long_text_in_a_textgrid_takes_memory_for_itself_only(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.TextGrid"
    path.write_text(f'"TextGrid" 0 1 <exists> 1 "{text}')
    for reader in (read_labels, partial(read_trace, format="textgrid")):
        tracemalloc.start()
        with pytest.raises(GaplistenError):
            reader(path)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 30 * len(text)  # it was 130 for each sign


@pytest.mark.parametrize("suffix", [form.suffix for form in formats()])
def test_damage_is_an_error_or_labels_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    path, draw = tmp_path / f"a{suffix}", random.Random(7)
    write_labels(path, TRACKS, 1.0, 16000)
    whole = path.read_bytes()
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(draw.randrange(1, 6)):
            at = draw.randrange(len(damaged))
            damaged[at : at + draw.randrange(3)] = bytes(
                draw.randrange(256) for _ in range(draw.randrange(3))
            )
        path.write_bytes(damaged)
        with contextlib.suppress(LabelError):
            read_labels(path)


@pytest.mark.parametrize("suffix", [form.suffix for form in formats()])
def test_gaps_writes_losses_and_findings_of_a_clip(
    tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = challenge_set(tmp_path / "set", 2, seconds=0.8)
    out = tmp_path / f"labels{suffix}"

    run = functools.partial(command.run, "gaps", root, "--labels", out)
    assert run() == 2
    said = capsys.readouterr().err
    assert "say which with --clip NAME" in said
    name = said.partition("there are ")[2].split(",")[0].split()[0]
    assert run("--clip", name, "--accept") == 0
    found = known(read_labels(out))
    assert next(iter(found.values()))[0][2] == "gap 1"  # formats without tracks name one alone not at all
    assert run("--clip", name, "--bundle", tmp_path / "x.zip") == 2
