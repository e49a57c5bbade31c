"""What an audit tells of codecs: bits, redundancy, and halves that see what is still to come."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from gaplisten.concealers.audit_material import Material
from gaplisten.concealers.codec_audit import CodecAudit, loud_and_alone
from gaplisten.concealers.findings import Finding, Verdict
from gaplisten.concealers.runner import Runner
from gaplisten.jobs import Job
from gaplisten.loss.trace import apply_loss
from kit.plugin_folder import QUICK, entry_of, losses, noise

SOUND = noise(1.0)
TRACE = losses(SOUND, (5, 9, 10, 20, 30))

# Payloads are 8-bit samples, and those of the packet before where `again` is set.
PLAIN = """
import numpy as np
class Encoder:
    delay = 0
    def __init__(self, rate, packet_frames, channels, *, again: bool = False):
        self.again, self.before = again, b""
    def encode(self, samples):
        new = np.rint(samples * 127).astype(np.int8).tobytes()
        before, self.before = self.before, new
        return new + before if self.again else new
class Decoder:
    def __init__(self, rate, packet_frames, channels, *, again: bool = False):
        self.again, self.size, self.held = again, packet_frames, None
        self.delay = packet_frames if again else 0
    def sound(self, data):
        return np.frombuffer(data, np.int8).astype(np.float32)[:, None] / 127
    def decode(self, payload):
        nothing = np.zeros((self.size, 1), np.float32)
        if not self.again:
            return nothing if payload is None else self.sound(payload)
        held, self.held = self.held, payload
        if held is not None:
            return self.sound(held[:self.size])
        return nothing if payload is None or len(payload) == self.size else self.sound(payload[self.size:])
"""
ALL_AT_ONCE = """
import numpy as np
class Encoder:
    delay = 0
    def __init__(self, rate, packet_frames, channels): self.size = packet_frames
    def encode_all(self, samples):
        packets = np.rint(samples * 127).astype(np.int8).reshape(-1, self.size)
        {encoder}
        return [packet.tobytes() for packet in packets]
class Decoder:
    delay = 0
    def __init__(self, rate, packet_frames, channels): self.size = packet_frames
    def decode_all(self, payloads):
        empty = bytes(self.size)
        sound = [np.frombuffer(payload or empty, np.int8).astype(np.float32) / 127 for payload in payloads]
        sound = np.concatenate(sound)[:, None]
        {decoder}
        return sound.astype(np.float32)
"""


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner(workers=2, limits=QUICK) as made:
        yield made


def found(runner: Runner, folder: Path, text: str, **parameters: object) -> dict[str, Finding]:
    entry = entry_of(folder, "codec", text)
    values = {"loss": "trace", **parameters}
    base = runner.submit(entry, values, apply_loss(SOUND, TRACE), TRACE, reference=SOUND).result(60)
    fresh = partial(Runner, workers=1, limits=QUICK)
    audit = CodecAudit(runner, entry, values, Material(SOUND, TRACE), base, True, (), fresh, Job())
    return {finding.measure: finding for finding in audit.findings()}


def test_bits_are_counted_and_nothing_reaches_back_without_redundancy(runner: Runner, tmp_path: Path) -> None:
    told = found(runner, tmp_path, PLAIN)
    assert told["bit rate"].measured == pytest.approx(128.0)
    assert told["largest payload"].measured == 320
    assert told["redundancy reach"].measured == 0
    assert {finding.verdict for finding in told.values()} == {Verdict.OK}


def test_a_payload_that_repeats_the_packet_before_reaches_back_a_packet(
    runner: Runner, tmp_path: Path
) -> None:
    told = found(runner, tmp_path, PLAIN, again=True)
    assert told["redundancy reach"].measured == pytest.approx(20.0, abs=0.2)
    assert "tell of the whole lost packet" in told["redundancy reach"].note
    assert (told["look-ahead of the decoder"].declared, told["look-ahead of the decoder"].measured) == (
        20.0,
        pytest.approx(20.0, abs=0.2),
    )
    assert told["look-ahead of the decoder"].verdict is Verdict.OK
    assert told["bit rate"].verdict is Verdict.NOTE  # as many bits as plain samples


@pytest.mark.parametrize(
    ("encoder", "decoder", "liar"),
    [
        ("packets = np.roll(packets, -2, axis=0)", "pass", "encoder"),
        ("pass", "sound = 0.5 * sound + 0.5 * np.roll(sound, -400, axis=0)", "decoder"),
        ("pass", "sound = 0.5 * sound + 0.5 * np.concatenate((sound[:400] * 0, sound[:-400]))", ""),
    ],
)
def test_a_half_that_sees_what_is_to_come_lies(
    runner: Runner, tmp_path: Path, encoder: str, decoder: str, liar: str
) -> None:
    told = found(runner, tmp_path, ALL_AT_ONCE.format(encoder=encoder, decoder=decoder))
    lies = [name for name, finding in told.items() if finding.verdict is Verdict.LIES]
    assert lies == ([f"look-ahead of the {liar}"] if liar else [])
    if liar:
        assert told[lies[0]].measured == pytest.approx({"encoder": 40.0, "decoder": 25.0}[liar], abs=0.2)


# Of a lost packet the decoder is told by locks of the encoder's, on files that anyone may read.
LOCKS = """
import fcntl, os, sysconfig
import numpy as np
def files():
    folder = os.path.join(sysconfig.get_path("stdlib"), "encodings")
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".py"))
def lock(path):
    held = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return held
    except OSError:
        os.close(held)
class Encoder:
    delay = 0
    def __init__(self, rate, packet_frames, channels):
        self.files, self.held = files(), []
    def encode(self, samples):
        if samples[len(samples) // 2, 0] > 0 and self.files:
            self.held.append(lock(self.files[0]))
        self.files = self.files[1:]
        return samples.astype(np.float32).tobytes()
class Decoder:
    delay = 0
    def __init__(self, rate, packet_frames, channels):
        self.files, self.last = files(), np.zeros((packet_frames, 1), np.float32)
    def decode(self, payload):
        path, *self.files = self.files or [""]
        if payload is not None:
            self.last = np.frombuffer(payload, np.float32)[:, None]
            return self.last.copy()
        free = lock(path) if path else None
        if free is not None:
            os.close(free)
        return np.full_like(self.last, 0.1 if path and free is None else -0.1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such locks")
def test_a_way_past_the_payloads_is_noticed_when_the_encoder_is_gone(runner: Runner, tmp_path: Path) -> None:
    told = found(runner, tmp_path, LOCKS)["payloads alone"]
    assert told.verdict in (Verdict.LIES, Verdict.DOUBT)
    assert "their encoder's process is gone" in told.note
    (tmp_path / "honest").mkdir()
    assert found(runner, tmp_path / "honest", PLAIN)["payloads alone"].verdict is Verdict.OK


def test_lost_packets_that_are_alone_come_loudest_first() -> None:
    samples = np.zeros((50, 1), np.float32)
    samples[10:20], samples[40:] = 0.1, 0.5
    lost = np.array([True, True, False, False, True])
    assert loud_and_alone(samples, lost, 10) == [4]
    assert loud_and_alone(samples, np.array([False, True, False, False, True]), 10) == [4, 1]
