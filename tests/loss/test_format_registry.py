"""Trace formats as a registry: one file each, known everywhere by being there, documented as they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gaplisten
from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.loss import formats
from gaplisten.loss.formats import FORMATS, text
from gaplisten.loss.formats.contract import BadTrace, Content

MADE_UP = '''
"""Letters: L lost, R received."""

from gaplisten.loss.formats.contract import Decoded, End, Kind, TraceFormat
from gaplisten.loss.formats.text import text_of
import numpy as np


def letters(content):
    return content.once(text_of).strip()


def recognises(content):
    if content.kind is not Kind.TEXT or set(content.once(letters)) - set("LR"):
        return None
    return ""


FORMATS = (
    TraceFormat(
        name="letters",
        help="L and R in one line",
        suffixes=(".lr",),
        polarity="L = lost",
        end=End.EXACT,
        recognises=recognises,
        decode=lambda content: Decoded(np.array([letter == "L" for letter in content.once(letters)])),
        encode=lambda trace: "".join("RL"[lost] for lost in trace.lost.tolist()).encode(),
        suffix_tells=True,
    ),
)
'''
OPEN = """
import sys
from pathlib import Path
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.opening import open_clip
(clip,) = find_clips([Path(sys.argv[1])]).clips
opened = open_clip(clip)
print(opened.problems, opened.trace.reading.format, opened.trace.gaps()[0].packets)
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the program with one more file in it."""
    root = tmp_path_factory.mktemp("copy")
    package = Path(gaplisten.__file__).parent
    shutil.copytree(package, root / "gaplisten", ignore=shutil.ignore_patterns("__pycache__", "ui"))
    (root / "gaplisten/loss/formats/letters.py").write_text(MADE_UP)
    return root


def run(copy: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    done = subprocess.run(
        [sys.executable, "-P", *words], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_format_is_added_by_one_file(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "x.lr").write_text("RRLLR\n")
    words = ("trace", tmp_path / "x.lr", "--to", "letters", tmp_path / "y")
    said = run(copy, "-m", "gaplisten", *map(str, words))
    assert "letters" in said
    assert "L = lost" in said
    assert (tmp_path / "y").read_text() == "RRLLR"
    assert "L and R in one line" in run(copy, "-m", "gaplisten", "trace", "--formats")


def test_a_clip_is_opened_with_a_trace_of_that_format(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "lossy_signals").mkdir()
    write_signal(tmp_path / "lossy_signals/1.wav", Signal.of(np.full(1600, 0.1), 16000))
    (tmp_path / "lossy_signals/1.lr").write_text("RRLLR\n")
    assert run(copy, "-c", OPEN, str(tmp_path)) == "() letters 2\n"


def test_the_manual_lists_every_format_as_it_is() -> None:
    manual = (Path(__file__).parents[2] / "docs/formats.md").read_text(encoding="utf-8")
    rows = [f"| `{form.name}` | {form.help} | {form.polarity} | {form.end.value} |" for form in FORMATS]
    begin = manual.index("| name | what it is | values | after the end |")
    assert manual[begin : manual.index("\n\n", begin)].splitlines()[2:] == rows


def test_names_and_places_are_unique() -> None:
    assert len({form.name for form in FORMATS}) == len({form.place for form in FORMATS}) == len(FORMATS)


def test_a_content_is_read_by_each_function_once_whether_it_can_be_or_not() -> None:
    calls = []

    def fine(content: Content) -> int:
        calls.append("fine")
        return len(content.data)

    def broken(content: Content) -> int:
        calls.append("broken")
        raise BadTrace("is broken")

    content = Content(b"abc")
    for _ in range(2):
        assert content.once(fine) == 3
        with pytest.raises(BadTrace, match="is broken"):
            content.once(broken)
    assert calls == ["fine", "broken"]


def test_a_file_of_digits_is_parsed_once_though_three_formats_look_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decodings = []
    monkeypatch.setattr(
        text, "decoded_but_remarks", lambda data, marks: decodings.append(data) or data.decode()
    )
    (tmp_path / "x.txt").write_text("1\n1\n0\n")
    with pytest.raises(formats.AmbiguousTrace, match=r"challenge .*, frn "):
        formats.read_trace(tmp_path / "x.txt")
    assert decodings == [b"1\n1\n0\n"]
