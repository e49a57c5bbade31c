"""What reads files of strangers: whole examples of each kind, how it is read, and who else can read it.

A reader ends with a value or with an error that is meant for people; anything else is a finding. An oracle
is an independent reader or count: what it calls damaged must not be accepted without a note.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import wave
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
from pydantic import ValidationError

from fuzz.folders import readers_of_folders
from fuzz.reader import Reader
from gaplisten.audio.files import probe, read_signal
from gaplisten.audio.opening import open_source
from gaplisten.bench.settings import read_settings
from gaplisten.bench.state import Choice, ClipWork, Loop, Work
from gaplisten.bench.store import read_work, write_work
from gaplisten.captures.buffer import buffered
from gaplisten.captures.formats import is_capture, read_capture
from gaplisten.captures.laying_out import timeline_of, timeline_of_delays
from gaplisten.captures.sound import sound_of
from gaplisten.clips.trace_table import read_trace_table
from gaplisten.errors import GaplistenError
from gaplisten.exchange.plcmos_service import PlcmosClient
from gaplisten.exchange.service_settings import WORDS, Service
from gaplisten.exchange.votes import import_votes, load
from gaplisten.exchange.votes.contract import Options, read_key
from gaplisten.exchange.words_service import WordsClient
from gaplisten.loss.formats import FORMATS, read_trace, write_trace
from gaplisten.loss.trace import LossTrace
from gaplisten.panel.columns import columns_for, names_of, needed_of
from gaplisten.panel.definition import read_definition
from gaplisten.panel.journal import read as read_journal
from gaplisten.panel.methods import method
from gaplisten.panel.starter import starter
from gaplisten.tables import csv_row
from gaplisten.web.links import read_links
from gaplisten.web.received import SentStep, SentTrial
from kit import calls

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
RATE = 16_000
COLUMNS = columns_for([""])


def _noise(frames: int = 4000) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.1, frames).astype(np.float32)


def _sound(path: Path) -> None:
    with suppress(GaplistenError):  # drawing may refuse other files than playing, but says so
        source = open_source(path)
        source.raw(0, min(source.frames, 1000))
    read_signal(path)


def _sounds() -> Iterator[Reader]:
    kinds = {
        "wav": {}, "flac": {}, "aiff": {}, "au": {}, "w64": {}, "caf": {}, "ogg": {}, "mp3": {},
        "rf64": {"format": "RF64"}, "gsm.wav": {"subtype": "GSM610"}, "adpcm.wav": {"subtype": "IMA_ADPCM"},
        "opus.ogg": {"format": "OGG", "subtype": "OPUS"}, "alac.caf": {"subtype": "ALAC_16"},
    }  # fmt: skip
    for kind, how in kinds.items():

        def make(path: Path, how: dict[str, str] = how) -> None:
            soundfile.write(path, _noise(), RATE, **how)

        oracle = {"wav": _wave_cut, "flac": _flac_damaged}.get(kind)
        yield Reader(f"sound {kind}", f".{kind}", make, _sound, damaged=oracle)


def _flac_damaged(path: Path) -> bool:
    if not shutil.which("flac"):
        return False
    said = subprocess.run(["flac", "-t", "-s", path], capture_output=True, check=False)
    if said.returncode == 0:
        return False
    # It also minds what somebody put behind the sound, a tag say.
    found = read_signal(path).samples[:, 0]
    return found.shape != (4000,) or float(np.abs(found - _noise()).max()) > 2**-15


def _wave_cut(path: Path) -> bool:
    try:
        with wave.open(str(path), "rb") as file:
            promised = file.getnframes() * file.getnchannels() * file.getsampwidth()
            return 0 < promised < 2**31 and len(file.readframes(file.getnframes())) < promised
    except (wave.Error, EOFError):
        return False


def _traces() -> Iterator[Reader]:
    trace = LossTrace.of_packets(np.random.default_rng(2).random(120) < 0.2, 320, RATE)
    for name in (form.name for form in FORMATS if form.encode is not None):

        def make(path: Path, name: str = name) -> None:
            write_trace(path, trace, name)

        suffix = ".npy" if "npy" in name or "array" in name else ".txt"
        yield Reader(f"trace {name}", suffix, make, partial(_trace, name), binary=False)


def _trace(name: str, path: Path) -> object:
    with suppress(GaplistenError):  # it may have to be asked what is meant
        read_trace(path)
    return read_trace(path, format=name)


_CALL = calls.sent(60, never=(10, 11), late={30: 90.0}, twice=(20,), silent=range(40, 45))


def _captures() -> Iterator[Reader]:
    """Give captures of one call; whatever was damaged, each tells of a call or in words why not."""
    forms: dict[str, Callable[[], bytes]] = {
        "pcap": lambda: calls.pcap(_CALL),
        "pcap big-endian": lambda: calls.pcap(_CALL, order=">", nano=True, number=276),
        "pcapng": lambda: calls.pcapng(_CALL, resolution=9, offset=5),
        "rtpdump": lambda: calls.rtpdump(_CALL),
        "gzip": lambda: gzip.compress(calls.pcap(_CALL), mtime=0),
        "tshark": lambda: calls.tshark(_CALL),
        "analysis": lambda: calls.analysis(_CALL),
        "packet list": lambda: calls.packet_list(_CALL),
        "neteq": lambda: calls.neteq(_CALL, concealed=(3,), pieces=30),
        "delays": lambda: b"".join(b"%d\n" % (40 + each * 7 % 23 if each % 9 else -1) for each in range(80)),
        "internals": lambda: _INTERNALS,
        "rtcp": lambda: b"lp=12;rxjitter=0.001;rxcount=388\n" * 3,
        "janus": lambda: b"Lost a packet here? (got seq 12 after 9, time ~3s)\n" * 3,
        "events": lambda: (
            b"ConcealmentEvent duration_ms:20 event_number:2 time_from_previous_event_end_ms:100\n" * 3
        ),
    }
    binary = ("pcap", "pcap big-endian", "pcapng", "rtpdump", "gzip")
    for name, content in forms.items():

        def make(path: Path, content: Callable[[], bytes] = content) -> None:
            path.write_bytes(content())

        yield Reader(f"capture {name}", ".call", make, _capture, binary=name in binary)


_INTERNALS = (
    b'{"getUserMedia": [], "PeerConnections": {"1-1": {"stats": {'
    b'"A-kind": {"statsType": "inbound-rtp", "values": "[\\"audio\\"]"}, '
    b'"A-totalSamplesReceived": {"statsType": "inbound-rtp", "values": "[0, 48000]"}, '
    b'"A-concealedSamples": {"statsType": "inbound-rtp", "values": "[0, 960]"}, '
    b'"A-concealmentEvents": {"statsType": "inbound-rtp", "values": "[0, 1]"}}}}}'
)


def _capture(path: Path) -> object:
    is_capture(path)
    found = read_capture(path)
    if found.delays is not None:
        return buffered(timeline_of_delays(found.delays, 20), 60).summary
    for stream in found.streams:
        with suppress(GaplistenError):  # it may not be known how long its packets are
            timeline = timeline_of(stream)
            lost = buffered(timeline, 60) if timeline.has_delays else buffered(timeline)
            sound_of(timeline, lost.lost)
    return found


def _text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content, encoding="utf-8")


def _work(path: Path) -> None:
    choice = Choice("external_command", (("command", "x {out_wav}"), ("strip", 3)))
    work = Work(choices=(choice,), current="a").with_clip("a", ClipWork(loop=Loop(1, 9)))
    write_work(path, work)


def _ratings(path: Path) -> None:
    row = dict.fromkeys(names_of(COLUMNS), "1")
    path.write_text(csv_row(names_of(COLUMNS)) + csv_row(row.values()) * 3, encoding="utf-8", newline="")


def _read_ratings(path: Path) -> object:
    return read_journal(path, names_of(COLUMNS), needed_of(COLUMNS))


def _words(path: Path) -> object:
    return WordsClient(Service("http://localhost/", "", "t", kind=WORDS))._understood(path.read_bytes())


def _answer(path: Path) -> object:
    return PlcmosClient(Service("http://localhost/", "u", "t"))._understood(path.read_bytes())


def _description(path: Path) -> object:
    namespace: dict[str, object] = {}
    source = PLUGINS / "onnx_frames.py"
    exec(compile(source.read_text(encoding="utf-8"), str(source), "exec"), namespace)
    try:
        return namespace["read_description"](path)  # type: ignore[operator]
    except namespace["RefusedError"] as error:  # type: ignore[misc]
        raise GaplistenError(str(path), str(error)) from error


DESCRIPTION = """model = "m.onnx"
rate = 16000
domain = "packet"
[input]
name = "x"
shape = [1, 640]
context = 1
[output]
name = "y"
start = 0
stop = 320
"""


# As other tools write them; scores and names are made up.
_VOTES = {
    "webmushra.csv": "session_test_id,listener,age,session_uuid,trial_id,rating_stimulus,rating_score,"
    "rating_time,rating_comment\nt,L1,31,u-1,c0,reference,100,599,\nt,L1,31,u-1,c0,sysA,55,599,so so\n"
    "t,L2,31,L2,31,u-2,c0,sysA,61,812,\n",
    "pymushra.csv": "wm_testId;responses_stimulus;wm_id;responses_time;wm_type;questionaire_uuid;"
    "responses_score;questionaire_listener\nt;sysA;c0;812;mushra;u-1;61;7\nt;reference;c0;812;mushra;u-1;100;7\n",
    "p808.csv": "HITId,workerid,assignment_id,assignmentstatus,file,short_file_name,vote,question_type,"
    "condition_num\nh,w1,a1,Approved,https://x.example/c1_c01_ab.wav,c1_c01_ab.wav,4,MOS,01\n",
    "rate.json": '[{"session_id": "p1", "test_type": "mos", "item": "c1", "system": "a", "rating": 4}]',
    "table.csv": "listener;clip;condition;score\nAnn;c1;a;3,5\nBen;c1;b;2,0\n",
}

_KEY = "name,clip,condition,role\nx1,c1,a,\nx2,c1,b,reference\n"


def _exchanged() -> Iterator[Reader]:
    for name, text in _VOTES.items():
        yield Reader(f"votes {name}", f".{name.rpartition('.')[2]}", _text(text), _votes, False)
    yield Reader("key of an export", ".csv", _text(_KEY), _key, False)
    link = f'{{"listener": "Ann", "token": "{"A" * 22}", "section": 1, "parameters": {{"hitId": "h"}}}}'
    yield Reader(
        "links",
        ".json",
        _text(
            f'{{"format": 1, "panel_sha256": "{"0" * 64}", "study": "{"B" * 22}", '
            f'"supervisor": "{"C" * 22}", '
            f'"sections": 2, "links": [{link}]}}'
        ),
        read_links,
        False,
    )
    for name, kind, sent in (("a trial", SentTrial, _TRIAL), ("a step", SentStep, _STEP)):
        yield Reader(f"message of {name}", ".json", _text(sent), partial(_message, kind), False)


_TRIAL = (
    '{"trial": 3, "ticket": "0123456789abcdef0123456789abcdef", "events": [["started", 0], '
    '["heard", 0, 0, 48000], ["stopped"], ["rate", 4, -1, ""], ["undo"], ["rate", 3.5, 1, "sig"]], '
    '"seconds": 12.5, "late": 0.25, "comment": "soft", "tags": ["click"], '
    '"played": {"device_rate": 48000, "base_ms": 10.7, "output_ms": null, "underruns": 0, "agent": "x"}}'
)
_STEP = (
    '{"step": "headphones", "number": 1, "attempt": 2, "heard": [[0, 0, 48000], [1, 0, 24000]], '
    '"answers": {"headphones": "2"}, "late": 1.5}'
)


def _votes(path: Path) -> object:
    """Read votes as `panel import` does, with and without a word about what was asked."""
    files = load([path])
    with suppress(GaplistenError):
        return import_votes(files, Options())
    return import_votes(files, Options(method="acr"))


def _key(path: Path) -> object:
    return read_key(path.name, path.read_bytes())


def _message(kind: type[SentTrial] | type[SentStep], path: Path) -> object:
    """Take a message as the server does: what is none is refused, and all of one is of use."""
    try:
        sent = kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise GaplistenError(str(path), "it is no message", "send it anew") from error
    return sent.submission(16_000, ["click"]) if isinstance(sent, SentTrial) else sent


def all_readers() -> tuple[Reader, ...]:
    """Return every reader."""
    texts = (
        Reader("workbench file", ".toml", _work, read_work, False),
        Reader("settings", ".toml", _text('theme = "dark"\nlevel_dbov = -30.0\n'), read_settings, False),
        Reader("panel definition", ".toml", _text(starter(method("mushra"))), read_definition, False),
        Reader(
            "ratings",
            ".csv",
            _ratings,
            lambda path: read_journal(path, names_of(COLUMNS), needed_of(COLUMNS)),
            False,
        ),
        Reader("trace table", ".csv", _text("f,t\na.wav,0 1 0\nb.wav,0 0 1\n"), read_trace_table, False),
        Reader("service answer", ".json", _text('{"plc_mos": 3.25, "model_version": 1}'), _answer, False),
        Reader("words answer", ".json", _text('{"text": "good morning, \\u0041ll"}'), _words, False),
        Reader("ONNX description", ".toml", _text(DESCRIPTION), _description, False),
    )
    return (*_sounds(), *_traces(), *_captures(), *texts, *_exchanged(), *readers_of_folders())


def has_note(path: Path) -> bool:
    """Whether a sound file is read with a note, and so not without a word."""
    return bool(probe(path).notes)
