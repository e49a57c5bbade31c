"""What lies in folders beside sounds, and what the program keeps for itself: examples, and how they are read."""

# ruff: noqa: E501 - examples stand in one line

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from unittest import mock

import numpy as np

from fuzz.reader import Reader
from gaplisten.batch.baseline import read_baseline
from gaplisten.batch.comparison import from_table
from gaplisten.batch.gap_values import CODE, COMPARED
from gaplisten.batch.heard import read_heard
from gaplisten.bench.autosave import Autosave, rescued
from gaplisten.bench.state import ClipWork, Loop, Note, Work
from gaplisten.clips.clip import Clip
from gaplisten.clips.clip_tables import read_clip_table
from gaplisten.clips.layout_file import read_layout
from gaplisten.clips.manifest_rows import read_rows
from gaplisten.clips.transcripts import read_transcripts
from gaplisten.concealers.consent import Wish, allow, is_allowed
from gaplisten.exchange.labels import read_labels, write_labels
from gaplisten.exchange.labels.contract import Label, Track
from gaplisten.loss.formats import read_trace
from gaplisten.panel.frozen import open_panel
from gaplisten.panel.talkers import by_table
from kit.panels import make_panel

_LAYOUT = """gaplisten = "layout"
version = 1
packet_ms = 20.0
raw = "16000,s16le,1"
[[parts]]
files = "clean/{clip}"
role = "reference"
[[parts]]
files = "net/{clip}"
role = "condition"
name = "Net"
[[parts]]
files = "lossy/{clip}_is_lost"
role = "trace"
format = "challenge"
inverted = false
shift = 1
"""
_TRACKS = (
    Track("lost", (Label(0.1, 0.16, "gap 1"), Label(0.5, 0.9, "gap 2"))),
    Track("net", (Label(0.16, 0.16, "click"), Label(0.5, 0.6, 'a "buzz"'))),
)
_CLIPS = (Clip("c1"), Clip("c2"))
_WISH = Wish("external_command", ("run the program: id",), "0" * 64)


def _text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content, encoding="utf-8", newline="")


def readers_of_folders() -> Iterator[Reader]:
    """Give readers of what lies beside sounds, and of what the program itself has kept."""
    for suffix in (".txt", ".TextGrid", ".svl", ".csv"):
        make = partial(write_labels, tracks=_TRACKS, seconds=1.0, rate=16_000)
        yield Reader(f"labels {suffix[1:]}", suffix, make, read_labels, False)
    tables = {
        "manifest csv": (".csv", "id,clean,net,lost\nc1,a.wav,b.wav,0 1 0\nc2,c.wav,d.wav,1 0 0\n", read_rows),
        "manifest json": (".json", '{"rate": 16000, "clips": [{"id": "a", "clean": "a.wav"}]}', read_rows),
        "manifest jsonl": (".jsonl", '{"id": "a", "clean": "a.wav"}\n{"id": "b", "clean": "b.wav"}\n', read_rows),
        "manifest scp": (".scp", "c1 a.wav\nc2 b.wav\n", read_rows),
        "transcripts": (".tsv", "id\ttext\nc1\tone two\nc2\tthree\n", lambda path: read_transcripts(path, _CLIPS)),
        "clip table": (".csv", "clip,device,room\nc1,phone,hall\nc2,head set,street\n", lambda path: read_clip_table(path, ["c1", "c2"])),
        "talkers": (".csv", "clip;talker;sex\nc1;kim;w\nc2;lee;m\n", lambda path: by_table(path, ["c1", "c2"])),
        "scores": (".csv", "clip,condition,metric,value\nc1,a,pesq,3.5\nc1,b,pesq,2.5\n", from_table),
        "ratings of others": (".csv", "clip,condition,mos,n,std\nc1,a,3.5,8,0.4\nc1,b,2.5,8,0.5\n", read_heard),
        "layout": (".toml", _LAYOUT, read_layout),
        "baseline": (".json", _baseline(), lambda path: read_baseline(path, {"pesq": "pesq 1"})),
    }  # fmt: skip
    for name, (suffix, content, read) in tables.items():
        yield Reader(name, suffix, _text(content), read, False)
    yield Reader("trace npz", ".npz", _archive, read_trace)
    yield Reader(
        "panel's manifest", ".json", partial(_of_panel, "panel.json"), partial(_panel, "panel.json"), False
    )
    yield Reader("panel's key", ".bin", partial(_of_panel, "key.bin"), partial(_panel, "key.bin"))
    yield Reader("rescued work", ".toml", _unsaved, _rescued, False)
    yield Reader("what was allowed", ".txt", _allowed, _is_allowed, False)


def _baseline() -> str:
    clip = {
        "rate": 16_000,
        "gaps": [[320, 960], [4000, 4320]],
        "strata": ["<=120 ms", "<=120 ms"],
        "values": {measure.key: [1.5, None] for measure in COMPARED},
        "reference": "a" * 64,
        "losses": "b" * 64,
    }
    metrics = {"pesq": {"identity": "pesq 1", "values": {"c1": 3.5}}}
    whole = {
        "gaplisten": "baseline 1",
        "name": "A",
        "measures": CODE,
        "clips": {"c1": clip},
        "metrics": metrics,
    }
    return json.dumps(whole)


def _archive(path: Path) -> None:
    np.savez_compressed(path, lost=np.arange(120) % 7 == 0)


@cache
def _folder() -> Path:
    """Return a folder with a panel and a home, which goes with the process."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    make_panel(folder, clips=1, secret="s" * 32)
    return folder


def _of_panel(name: str, path: Path) -> None:
    shutil.copy(_folder() / "panel" / name, path)


def _panel(name: str, path: Path) -> object:
    kept = (_folder() / "panel" / name).read_bytes()
    try:
        shutil.copy(path, _folder() / "panel" / name)
        return open_panel(_folder() / "panel")
    finally:
        (_folder() / "panel" / name).write_bytes(kept)


def _unsaved(path: Path) -> None:
    clip = ClipWork(loop=Loop(1, 9), notes=(Note(4, "click", "soft", "net"),))
    save = Autosave(path.parent / "keeping")
    save.keep(Work(current="a").with_clip("a", clip), Path("/there/w.toml"))
    save.path.replace(path)


def _rescued(path: Path) -> object:
    folder = path.parent / "unsaved"
    folder.mkdir(exist_ok=True)
    shutil.copy(path, folder / f"{2**22 + 1}.toml")  # no process has that number
    return rescued(folder)


def _allowed(path: Path) -> None:
    with mock.patch.dict(os.environ, GAPLISTEN_HOME=str(_folder() / "home")):
        allow("d" * 64, [_WISH])
    shutil.copy(_folder() / "home" / "state" / "allowed.txt", path)


def _is_allowed(path: Path) -> object:
    with mock.patch.dict(os.environ, GAPLISTEN_HOME=str(_folder() / "home")):
        shutil.copy(path, _folder() / "home" / "state" / "allowed.txt")
        assert not is_allowed("e" * 64, _WISH)
        return is_allowed("d" * 64, _WISH)
