"""`gaplisten conceal` with a codec: where the undamaged speech comes from, and what is said without it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.files import read_signal
from kit.challenge import challenge_set
from kit.command import run

CODEC = """
import numpy as np
class Encoder:
    delay = 0
    def __init__(self, rate, packet_frames, channels): pass
    def encode(self, samples): return np.rint(samples * 32767).astype("<i2").tobytes()
class Decoder:
    delay = 0
    def __init__(self, rate, packet_frames, channels): self.shape = (packet_frames, channels)
    def decode(self, payload):
        if payload is None:
            return np.full(self.shape, 0.5, np.float32)
        return np.frombuffer(payload, "<i2").astype(np.float32).reshape(self.shape) / 32767
"""


@pytest.fixture
def plugin(tmp_path: Path) -> str:
    path = tmp_path / "plain.py"
    path.write_text(CODEC)
    return str(path)


@pytest.fixture
def apart(tmp_path: Path) -> tuple[Path, Path]:
    """Return lossy files and their references, each in a place that tells nothing of the other."""
    root = challenge_set(tmp_path / "set", 2)
    lossy, clean = tmp_path / "here" / "received", tmp_path / "there" / "spoken"
    for folder in (lossy, clean):
        folder.parent.mkdir()
    shutil.move(root / "lossy_signals", lossy)
    shutil.move(root / "clean", clean)
    return lossy, clean


def coded(out: Path, clean: Path, lossy: Path) -> bool:
    """Tell whether received sound is the speech and lost sound is what this codec puts there."""
    heard, spoken, given = (read_signal(path).samples for path in (out, clean, lossy))
    lost = (given == 0).all(axis=1) & (spoken != 0).any(axis=1)
    return bool(lost.any() and np.allclose(heard[lost], 0.5, atol=1e-3)) and bool(
        np.allclose(
            heard[~lost & (given != 0).any(axis=1)], spoken[~lost & (given != 0).any(axis=1)], atol=1e-3
        )
    )


def test_one_file_is_coded_from_the_reference_that_is_named(
    tmp_path: Path, plugin: str, apart: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    lossy, clean = apart[0] / "0.wav", apart[1] / "0.wav"
    out = tmp_path / "out.wav"
    words = ["conceal", str(lossy), "--concealer", plugin, "--out", str(out)]
    assert run(*words) == 2
    assert "has no undamaged speech, which plain codes" in (said := capsys.readouterr().err)
    assert "name it with --reference FILE" in said
    assert run(*words, "--reference", str(clean)) == 0
    assert "256" in capsys.readouterr().out
    assert coded(out, clean, lossy)


def test_a_folder_is_coded_from_the_folder_of_references_that_is_named(
    tmp_path: Path, plugin: str, apart: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    lossy, clean = apart
    words = ["conceal", str(lossy), "--concealer", plugin, "--out", str(tmp_path / "out"), "--jobs", "1"]
    assert run(*words) == 2
    assert "name it with --reference-folder DIR" in capsys.readouterr().err
    assert run(*words, "--reference-folder", str(clean)) == 0
    for name in ("0.wav", "1.wav"):
        assert coded(tmp_path / "out" / name, clean / name, lossy / name)


@pytest.mark.parametrize(
    ("place", "option", "words"),
    [
        ("folder", "--reference", "belongs to one file, and IN is a folder; use --reference-folder DIR"),
        ("file", "--reference-folder", "is for a folder, and IN is a file; use --reference FILE"),
    ],
)
def test_the_option_of_the_other_kind_is_refused(
    tmp_path: Path,
    apart: tuple[Path, Path],
    capsys: pytest.CaptureFixture[str],
    place: str,
    option: str,
    words: str,
) -> None:
    source = apart[0] if place == "folder" else apart[0] / "0.wav"
    given = ["conceal", str(source), "--concealer", "zero_fill", "--out", str(tmp_path / "out")]
    assert run(*given, option, str(apart[1])) == 2
    assert words in capsys.readouterr().err
