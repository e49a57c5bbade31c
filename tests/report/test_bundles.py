"""A gap leaves as sounds, picture, text and page, for somebody who has only a browser and an editor."""

from __future__ import annotations

import base64
import errno
import functools
import io
import json
import os
import platform
import re
import sys
import zipfile
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from PIL import Image

from gaplisten.audio.files import read_signal
from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.bench.lanes import Lane, Role
from gaplisten.bench.state import Choice, Work
from gaplisten.clips.clip import Clip, ConditionFile, OpenClip
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.opening import open_clip
from gaplisten.loss.measures import measure_versions
from gaplisten.loss.trace import LossTrace
from gaplisten.report import bundle as bundles
from gaplisten.report.bundle import BundleError, bundle_of, in_turn, write_bundle, zip_of
from gaplisten.report.finding import (
    Finding,
    FindingError,
    Place,
    Version,
    anonymised,
    finding_of,
    place_of,
)
from gaplisten.report.lanes import finding_in_lanes
from gaplisten.report.wav import Cut, cut, wav_bytes
from kit import command
from kit.challenge import coloured, write_versions

pytestmark = pytest.mark.xdist_group("bundles")

RATE = 16_000
GAP = 3200, 3840


run = functools.partial(command.run, "gaps")


def noise(seed: int, frames: int = 8_000) -> np.ndarray:
    return coloured(frames, seed)


def write_set(root: Path) -> Path:
    """Write two clips in three conditions; build_B clicks after the only gap of each."""
    for number, name in enumerate(("one", "two|x")):
        clean = noise(number)
        lossy, a = clean.copy(), clean.copy()
        lossy[GAP[0] : GAP[1]] = 0
        a[GAP[0] : GAP[1]] = clean[GAP[0] - 640 : GAP[0]]
        b = a.copy()
        b[GAP[1]] += 0.4 + 0.2 * number
        flags = np.zeros(25, int)
        flags[10:12] = 1
        made = {"clean": clean, "lossy": lossy, "build_A": a, "build_B": b}
        write_versions(root / "set", name, made, flags, traces="lossy")
    return root / "set"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set that nobody changes."""
    return write_set(tmp_path_factory.mktemp("folder"))


def opened(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@dataclass(frozen=True)
class Handed:
    """A set, the bundle that was made of it, and what the command said."""

    folder: Path
    files: dict[str, bytes]
    said: str


def handed(root: Path, *words: object) -> Handed:
    folder, said = write_set(root), io.StringIO()
    with redirect_stdout(said):
        assert run(folder, "--bundle", root / "out", *words) == 0
    return Handed(folder, opened(root / "out.zip"), said.getvalue())


@pytest.fixture(scope="module")
def worst(tmp_path_factory: pytest.TempPathFactory) -> Handed:
    return handed(tmp_path_factory.mktemp("worst"), "--worst", 5)


ONE, TWO = "one_gap01_0.200s", "two_x_gap01_0.200s"


# -- what is chosen ------------------------------------------------------------------------------------------


def test_the_worst_gaps_of_all_clips_leave_the_worst_first(worst: Handed) -> None:
    assert list(dict.fromkeys(name.partition("/")[0] for name in worst.files)) == [TWO, ONE]
    assert re.search(rf"{TWO}: click_exit [\d.]+ in build_B", worst.said)
    assert {name.partition("/")[2] for name in worst.files if name.startswith(ONE)} == {
        "0_reference.wav", "1_lossy.wav", "2_build_A.wav", "3_build_B.wav", "all_in_turn.wav",
        "gap.png", "gap.md", "is_lost.txt", "listen.html",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--gap", 7, "--clip", "one"), "gap 7 of one: is not there; it has gaps 1 to 1"),
        (("--gap", 1), "say which with --clip NAME"),
        (("--clip", "none"), "there are one, two|x"),
        (("--gap", 1, "--worst", 2), "leave one of them out"),
        (("--by", "nothing"), "see gaplisten gaps --measures"),
        (("--csv", "x.csv"), "lists nothing"),
        (("--bundle", ""), "it has no name"),
    ],
)
def test_what_cannot_be_is_refused(
    folder: Path, tmp_path: Path, words: tuple[object, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "--bundle", tmp_path / "o.zip", *words) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_chooses_a_gap_needs_a_bundle(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--worst", 2) == 2
    assert "add --bundle OUT" in capsys.readouterr().err


def test_versions_that_cannot_be_read_are_named_before_the_gap_that_is_then_missing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean, trace = next(folder.rglob("clean/one.wav")), next(folder.rglob("*one*lost*"))
    assert run(clean, tmp_path / "gone.wav", "--trace", trace, "--bundle", tmp_path / "o.zip") != 0
    assert "gone.wav" in capsys.readouterr().err


# -- sounds --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_cut_has_the_files_bits(tmp_path: Path, subtype: str, channels: int) -> None:
    whole = np.random.default_rng(1).uniform(-1, 1, (500, channels))
    soundfile.write(tmp_path / "a.wav", whole, 8000, subtype=subtype)
    (tmp_path / "cut.wav").write_bytes(wav_bytes(cut(tmp_path / "a.wav", 37, 401)))
    told = soundfile.info(tmp_path / "cut.wav")
    assert (told.subtype, told.samplerate, told.channels, told.frames) == (subtype, 8000, channels, 364)
    kind = {"FLOAT": "float32", "DOUBLE": "float64"}.get(subtype, "int32")
    before, after = (soundfile.read(tmp_path / name, dtype=kind)[0] for name in ("a.wav", "cut.wav"))
    assert np.array_equal(before[37:401], after)
    assert np.array_equal(cut(tmp_path / "a.wav", 37, 401).floats, read_signal(tmp_path / "cut.wav").samples)


def test_snippets_are_the_files_own_bits(tmp_path: Path) -> None:
    """FLAC with 24 bits stays 24 bits, and what has another rate keeps it; 250 ms lie on both sides."""
    deep, fast = np.random.default_rng(7).uniform(-1, 1, (2, 24_000))
    write_signal(tmp_path / "reference.wav", Signal.of(noise(1), RATE))
    soundfile.write(tmp_path / "deep.flac", deep[:8_000], RATE, subtype="PCM_24")
    write_signal(tmp_path / "fast.wav", Signal.of(fast, 48_000))
    (tmp_path / "t_is_lost.txt").write_text("\n".join("01"[10 <= at < 12] for at in range(25)))
    words = [tmp_path / name for name in ("reference.wav", "deep.flac", "fast.wav")]
    out = tmp_path / "out"
    assert run(*words, "--trace", tmp_path / "t_is_lost.txt", "--bundle", out, "--as-folder", "--accept") == 0
    (made,) = out.iterdir()
    stop = GAP[1] + 4000
    for name, rate, subtype, source, frames in (
        ("0_reference", RATE, "PCM_16", "reference.wav", stop),
        ("2_deep", RATE, "PCM_24", "deep.flac", stop),
        ("3_fast", 48_000, "PCM_16", "fast.wav", 3 * stop),
    ):
        told = soundfile.info(made / f"{name}.wav")
        assert (told.samplerate, told.subtype) == (rate, subtype)
        whole = soundfile.read(tmp_path / source, dtype="int32")[0]
        assert np.array_equal(soundfile.read(made / f"{name}.wav", dtype="int32")[0], whole[:frames])
    text = (made / "gap.md").read_text()
    assert "resampled" in text
    assert "`gaplisten open reference.wav t_is_lost.txt deep.flac fast.wav --gap 1`" in text
    assert run(*words, "--trace", tmp_path / "t_is_lost.txt", "--bundle", out, "--as-folder", "--accept") == 2


@pytest.mark.parametrize(
    ("bits", "kinds", "kept"),
    [
        ((16, 16), "ii", "PCM_16"),
        ((16, 24), "ii", "PCM_24"),
        ((24, 32), "if", "FLOAT"),
        ((32, 32), "if", "DOUBLE"),
    ],
)
def test_all_versions_in_turn_lose_no_bit(bits: tuple[int, int], kinds: str, kept: str) -> None:
    rows = [
        np.random.default_rng(at).integers(-(2 ** (each - 1)), 2 ** (each - 1), (80, 1))
        for at, each in enumerate(bits)
    ]
    cuts = [
        Cut(row.astype(np.int32), 100, each)
        if kind == "i"
        else Cut((row / 2.0**31).astype(np.float32), 100, 32)
        for row, each, kind in zip(rows, bits, kinds, strict=True)
    ]
    heard = [Signal(each.floats, 100) for each in cuts]
    content = io.BytesIO(wav_bytes(in_turn(cuts, heard)))
    assert soundfile.info(content).subtype == kept
    content.seek(0)
    found = soundfile.read(content, dtype="float64", always_2d=True)[0]
    wanted = [each.samples / (2.0 ** (each.bits - 1) if not each.is_float else 1.0) for each in cuts]
    assert np.array_equal(found[:80], wanted[0])
    assert not found[80:130].any()
    assert np.array_equal(found[130:], wanted[1])


# -- text, picture, page -------------------------------------------------------------------------------------


def test_the_text_tells_what_was_measured_and_how_to_go_there(worst: Handed) -> None:
    files = worst.files
    text = files["two_x_gap01_0.200s/gap.md"].decode()
    assert text.startswith("### two\\|x: gap 1 of 1 at 0.200 s (40 ms, 2 packets of 20 ms)\n")
    row = next(line for line in text.splitlines() if "(`click_exit`)" in line)
    assert re.fullmatch(r"\| Click at exit \(`click_exit`\) \| z \| ≥ 8 \| \S+ \| \*\*\S+ !\*\* \|", row)
    assert re.search(r"packets of 20 ms from packet 0 on: `0{10}110{13}`", text)
    assert "`gaplisten open set --clip 'two|x' --gap 1`" in text
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 2
    for lines in tables:
        assert len({line.replace("\\|", "").count("|") for line in lines}) == 1
    assert files["two_x_gap01_0.200s/is_lost.txt"].decode().split() == ["0"] * 10 + ["1"] * 2 + ["0"] * 13


def test_the_picture_says_what_it_shows(worst: Handed) -> None:
    picture = Image.open(io.BytesIO(worst.files[f"{ONE}/gap.png"]))
    assert picture.info["Title"] == "one: gap 1 of 1 at 0.200 s (40 ms, 2 packets of 20 ms)"
    assert picture.width > 900


def sounds_of(page: str) -> list[dict[str, object]]:
    (inside,) = re.findall(r'<script type="application/json">(.*?)</script>', page, re.S)
    found = json.loads(inside)["sounds"]
    assert isinstance(found, list)
    return found


def samples_of(versions: list[dict[str, Any]], at: int) -> npt.NDArray[Any]:
    """Return a version's samples as the page's script puts them together."""
    version = versions[at]
    kind = "<i2" if version["kind"] == "int16" else "<f4"
    own = np.frombuffer(base64.b64decode(version["samples"]), kind).reshape(-1, version["channels"])
    if "changed" not in version:
        return own
    whole, taken = samples_of(versions, version["like"]).copy(), 0
    for start, stop in version["changed"]:
        whole[start:stop] = own[taken : taken + stop - start]
        taken += stop - start
    return whole


def test_the_page_holds_everything_and_fetches_nothing(worst: Handed) -> None:
    page = worst.files[f"{ONE}/listen.html"].decode()
    assert "default-src 'none'" in page
    assert "decodeAudioData" not in page
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?!data:)[a-z/.]""", page)
    assert not re.search(r"https?://", page)
    own, copy = sounds_of(page)
    assert (own["rate"], copy["rate"]) == (16_000, 48_000)
    assert "soxr VHQ" in str(copy["said"])


def test_the_page_holds_the_samples_themselves(worst: Handed) -> None:
    page = worst.files[f"{ONE}/listen.html"].decode()
    versions = sounds_of(page)[0]["versions"]
    assert isinstance(versions, list)
    assert {each["kind"] for each in versions} == {"int16"}
    kept = soundfile.read(worst.folder / "build_B" / "one.wav", dtype="int16")[0]
    assert np.array_equal(samples_of(versions, 3)[:, 0], kept[: GAP[1] + 4000])


def test_a_page_holds_of_a_version_only_what_another_one_has_not() -> None:
    rng = np.random.default_rng(4)
    clean = rng.integers(-9000, 9000, (1000, 2)).astype("<i2")
    filled, same, floats = clean.copy(), clean.copy(), clean / np.float32(40_000)
    filled[300:400] = 0
    filled[405:420, 1] += 1
    sounds = [clean / np.float32(32_768), filled / np.float32(32_768), same / np.float32(32_768), floats]
    trace = LossTrace.of_spans([(300, 400)], 1000, 8000)
    versions = tuple(Version(f"v{at}", Signal(each, 8000)) for at, each in enumerate(sounds))
    found = Finding("clip", 1, 1, trace.gaps()[0], trace, versions, Place(("set",)), context_ms=1000)
    (files,) = (bundle_of([found]).files,)
    page = next(content.decode() for name, content in files.items() if name.endswith(".html"))
    packed = sounds_of(page)[0]["versions"]
    assert isinstance(packed, list)
    assert [each.get("changed") for each in packed] == [None, [[300, 420]], [], None]
    for at, sound in enumerate(sounds):
        assert np.array_equal(samples_of(packed, at) / (1 if at == 3 else np.float32(32_768)), sound)


def finding(names: tuple[str, ...] = ("build_A", "build_B")) -> Finding:
    trace = LossTrace.of_spans([(300, 400)], 1000, 8000)
    sounds = [Signal.of(noise(at, 1000), 8000) for at, _ in enumerate(names)]
    versions = tuple(Version(name, sound) for name, sound in zip(names, sounds, strict=True))
    return Finding("a|clip", 1, 1, trace.gaps()[0], trace, versions, Place(("set",)), context_ms=20)


def test_names_cannot_break_out_of_text_or_page() -> None:
    files = bundle_of([finding(("</script><img src=x onerror=alert(1)>`|**", "b\n# c"))]).files
    page = next(content.decode() for name, content in files.items() if name.endswith(".html"))
    assert "<img src=x" not in page
    assert page.count("<script") == 2
    text = next(content.decode() for name, content in files.items() if name.endswith(".md"))
    assert "<img" not in re.sub(r"\\.|`+[^`]*`+", "", text)
    assert not any(line.startswith("# c") for line in text.splitlines())


@pytest.fixture(scope="module")
def off_packets() -> dict[str, bytes]:
    return dict(bundle_of([finding()]).files)


def test_gaps_off_the_packets_are_told_in_frames(off_packets: dict[str, bytes]) -> None:
    files = off_packets
    text = next(content.decode() for name, content in files.items() if name.endswith(".md"))
    assert "off any packets): 300-400" in text
    assert (
        next(content for name, content in files.items() if name.endswith("is_lost.txt"))
        == b"0.037500\t0.050000\tlost\n"
    )


# -- what must not be told -----------------------------------------------------------------------------------


def test_nothing_tells_where_the_files_lay(worst: Handed) -> None:
    secrets = [
        str(worst.folder.parent),
        str(Path.home()),
        *([platform.node()] if len(platform.node()) > 6 else []),
    ]
    for name, content in worst.files.items():
        assert [each for each in secrets if each.encode() in content] == [], name


def test_the_same_gap_gives_the_same_bytes(off_packets: dict[str, bytes]) -> None:
    assert zip_of(bundle_of([finding()]).files) == zip_of(off_packets)


def test_anonymous_versions_are_told_by_the_key_alone(tmp_path: Path) -> None:
    made = handed(tmp_path, "--anonymous")
    told = b"".join(
        content for name, content in made.files.items() if name.endswith((".md", ".html", ".txt"))
    )
    assert b"build_" not in told
    assert "build" not in made.said
    assert not any("build" in name for name in made.files)
    key = json.loads((tmp_path / "out.key.json").read_text())
    assert set(key) == {TWO}
    assert (set(key[TWO]), set(key[TWO].values())) == ({"A", "B"}, {"build_A", "build_B"})
    for at, letter in enumerate("AB", 2):
        heard = soundfile.read(io.BytesIO(made.files[f"{TWO}/{at}_{letter}.wav"]), dtype="float32")[0]
        whole = read_signal(made.folder / key[TWO][letter] / "two|x.wav").samples[:, 0]
        assert np.array_equal(heard, whole[: len(heard)])


def test_letters_do_not_follow_the_order_of_names() -> None:
    assert {anonymised(finding())[1]["A"] for _ in range(30)} == {"build_A", "build_B"}
    assert list(anonymised(finding(tuple(map(str, range(28)))))[1])[-3:] == ["Z", "AA", "AB"]


# -- places --------------------------------------------------------------------------------------------------


def test_what_does_not_fit_together_is_not_handed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_set(tmp_path)
    write_signal(folder / "clean" / "one.wav", Signal.of(noise(99), RATE))
    out = folder.parent / "o.zip"
    assert run(folder, "--bundle", out, "--clip", "one", "--gap", 1) == 1
    assert "does not fit" in capsys.readouterr().err
    assert not out.exists()


def test_a_concealers_parameters_are_told_without_places() -> None:
    trace = LossTrace.of_spans([(300, 400)], 1000, 8000)
    sound = Signal.of(noise(1, 1000), 8000)
    clip = OpenClip(Clip("c", folder=Path("/home/anna/set")), 8000, sound, None, trace, {})
    command = Choice(
        "external_command", (("command", "/home/anna/bin/plc -i {in} --model=/srv/x/m.bin"), ("n", 3))
    )
    work = Work(choices=(command,))
    lanes = [
        Lane("reference", "Reference", Role.REFERENCE, sound, 0),
        Lane("external_command", "External", Role.CONCEALER, sound, 2),
        Lane("late", "Late", Role.CONCEALER, None, 3),
    ]
    found = finding_in_lanes(clip, lanes, trace, 1, None, work, 20.0, shared=trace)
    assert [version.name for version in found.versions] == ["Reference", "External"]
    made = found.versions[1].made
    assert made == "made by external_command (command=plc -i {in} --model=m.bin, n=3)"
    files = bundle_of([found]).files
    # In what is packed (sound, pictures) three letters stand by chance; a whole place does not.
    packed = re.compile(rb"[A-Za-z0-9+/=]{80,}")
    texts = [packed.sub(b"", content) for name, content in files.items() if name.endswith((".md", ".html"))]
    assert len(texts) == 2
    assert not any(b"anna" in text or b"srv" in text for text in texts)
    assert not any(b"/home/anna" in content or b"/srv/x" in content for content in files.values())
    with pytest.raises(FindingError, match="choose a gap"):
        finding_in_lanes(clip, lanes, trace, 2, None, work, 20.0, shared=trace)


# -- whole or not at all -------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), ("--anonymous",), ("--as-folder",), ("--anonymous", "--as-folder")])
def test_a_disk_that_refuses_leaves_neither_half_a_bundle_nor_a_key(
    folder: Path, tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    write, written = bundles.write_whole, []

    def full(path: Path, content: bytes | str, *, sync: bool = True) -> None:
        written.append(path)
        if len(written) > (4 if "--as-folder" in words else 0):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, content, sync=sync)

    monkeypatch.setattr(bundles, "write_whole", full)
    assert run(folder, "--bundle", tmp_path / "out", *words) == 2
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(bundles, "write_whole", write)
    assert run(folder, "--bundle", tmp_path / "out", *words) == 0


@pytest.mark.parametrize("words", [(), ("--anonymous",)])
def test_what_is_there_already_is_not_replaced(
    folder: Path, tmp_path: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("out.zip", "other.key.json")[: 1 + len(words)]:
        (tmp_path / name).write_text("mine")
        assert run(folder, "--bundle", tmp_path / name.partition(".")[0], *words) == 2
        assert f"{name}: is there already; name another, or remove it" in capsys.readouterr().err
        assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize("words", [(), ("--anonymous",), ("--as-folder", "--anonymous")])
def test_of_two_that_write_one_bundle_at_once_the_first_is_whole_and_its_key_fits(
    folder: Path,
    tmp_path: Path,
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write, second = bundles.write_whole, []

    def meanwhile(path: Path, content: bytes | str, *, sync: bool = True) -> None:
        if not second:
            second.append(0)
            second[0] = run(folder, "--bundle", tmp_path / "out", "--gap", 1, "--clip", "one", *words)
        write(path, content, sync=sync)

    monkeypatch.setattr(bundles, "write_whole", meanwhile)
    assert run(folder, "--bundle", tmp_path / "out", *words) == 0
    assert second == [2]
    assert "is being written by another run" in capsys.readouterr().err
    made = bundle_of([finding(("a", "b"))], anonymous="--anonymous" in words)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(BundleError, match="is there already"):  # looked for before the work, it was not there
        write_bundle(tmp_path / "out", made, folder="--as-folder" in words, replace=False)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_names_that_are_no_text_are_written_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_set(tmp_path / "a")
    for path in [*root.rglob("one*")]:
        path.rename(os.fsdecode(os.fsencode(path.parent) + b"/cl\xe9p" + path.name[3:].encode()))
    (root / "build_A").rename(os.fsdecode(os.fsencode(root) + b"/net_\xff"))
    assert run(root, "--bundle", tmp_path / "out", "--worst", 5) == 0
    files = opened(tmp_path / "out.zip")
    name = "cl_udce9p_gap01_0.200s"
    assert f"{name}/2_build_B.wav" in files
    text = files[f"{name}/gap.md"].decode()
    assert "### cl\\\\udce9p: gap 1" in text  # Markdown writes a backslash so
    assert "net\\_\\\\udcff" in text
    assert "cl\\udce9p" in files[f"{name}/listen.html"].decode()
    assert files[f"{name}/gap.png"].startswith(b"\x89PNG")


def test_a_version_that_told_the_losses_stands_once_under_its_name(tmp_path: Path) -> None:
    root = write_set(tmp_path)
    clip = find_clips([root]).clips[0]
    assert clip.lossy is not None
    found = open_clip(replace(clip, conditions=(*clip.conditions, ConditionFile("coded", clip.lossy))))
    tables = measure_versions(found.reference, found.conditions, found.traces)
    finding = finding_of(found, tables, 1, place_of(found.clip), {})
    assert [each.name for each in finding.versions] == ["reference", "build_A", "build_B", "coded"]
