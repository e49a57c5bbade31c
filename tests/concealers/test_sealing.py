"""A sealed process reads, writes and reaches nothing but what it may, by whatever means; audits seal plugins."""

# ruff: noqa: E501 - plugin sources stand in one line

from __future__ import annotations

from pathlib import Path

import pytest

from gaplisten.concealers.audit import audit
from gaplisten.concealers.audit_sealing import NAME
from gaplisten.concealers.errors import ConcealerFailed
from gaplisten.concealers.findings import Verdict
from gaplisten.concealers.runner import Runner
from gaplisten.concealers.sealing import Seal, version
from kit.plugin_folder import QUICK, bundled, entry_of, noise, whole_file
from kit.timing import PATIENCE

pytestmark = pytest.mark.skipif(not version(), reason="this system has no Landlock")

MEANS = {
    "Python": "open({path!r}).read()",
    "a C library": "import ctypes\nc = ctypes.CDLL(None)\nassert c.open({path!r}.encode(), 0) >= 0",
    "a child": "import subprocess\nsubprocess.run(['cat', {path!r}], check=True, capture_output=True)",
    "a map": "np.memmap({path!r}, 'u1', 'r')",
    "writing": "open({path!r} + '.new', 'w')",
    "a hard link": "import os, tempfile\nos.link({path!r}, tempfile.gettempdir() + '/link')\nopen(tempfile.gettempdir() + '/link').read()",
    "shared memory": "from multiprocessing.shared_memory import SharedMemory\nSharedMemory('gaplisten-test', create=True, size=100).unlink()",
}
READS = """
import numpy as np
causal = True
def conceal(lossy, lost, rate, packet_frames):
{body}
    return lossy
"""


def runs(tmp_path: Path, body: str, seal: Seal) -> str:
    """Return what a sealed plugin failed with, or nothing."""
    entry = whole_file(tmp_path, "tries", f"{body}\nreturn lossy")
    with Runner(workers=1, limits=QUICK, sealed=seal) as runner:
        try:
            runner.submit(entry, {}, noise(0.1), None).result(PATIENCE)
        except ConcealerFailed as error:
            return error.fact
    return ""


def test_what_is_sealed_off_is_refused_by_whatever_means(tmp_path: Path) -> None:
    secret = tmp_path / "speech.wav"
    secret.write_bytes(b"RIFF" + bytes(100))
    tries = [
        f"try:\n    exec({how.format(path=str(secret))!r})\n    print('BROKEN BY {name}')\nexcept (OSError, AssertionError, subprocess.SubprocessError): pass"
        for name, how in MEANS.items()
    ]
    entry = whole_file(tmp_path, "tries", "\n".join(["import subprocess", *tries, "return lossy"]))
    with Runner(workers=1, limits=QUICK, sealed=Seal((str(secret),))) as runner:
        made = runner.submit(entry, {}, noise(0.1), None).result(PATIENCE)
    assert not [line for line in made.messages if "BROKEN" in line]
    assert not (tmp_path / "speech.wav.new").exists()


def test_a_seal_leaves_alone_what_a_plugin_may_use(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"w")
    body = f"import tempfile, cmath\nopen({str(tmp_path / 'weights.bin')!r}).read()\nwith tempfile.TemporaryFile() as f: f.write(b'x')\nopen('/dev/null', 'w').write('x')"
    assert runs(tmp_path, body, Seal((str(tmp_path / "speech.wav"),))) == ""
    assert "weights.bin" in runs(tmp_path, body, Seal((), (str(tmp_path / "tries.py"),)))


def reading(tmp_path: Path, how: str, path: Path) -> str:
    body = "\n".join("    " + line for line in how.format(path=str(path)).splitlines())
    return READS.format(body=body)


@pytest.mark.parametrize("quiet", [False, True])
def test_an_audit_keeps_a_plugin_from_what_it_does_not_tell_of(tmp_path: Path, quiet: bool) -> None:
    """A file that Python opens is told of and may be read; one that C opens is not there for it."""
    weights = tmp_path / "weights.bin"
    weights.write_bytes(bytes(100))
    how = MEANS["a C library"] if quiet else MEANS["Python"]
    entry = entry_of(tmp_path, "reads", reading(tmp_path, how, weights))
    finding = audit(entry, {}, noise(1.0), seconds=0.5, disturbances=2, limits=QUICK).finding(NAME)
    assert finding.verdict is (Verdict.DOUBT if quiet else Verdict.OK), finding
    assert ("reads more than it tells of" if quiet else "1 that it tells of") in finding.note


def test_an_audit_keeps_a_plugin_from_the_speech_that_it_is_made_from(tmp_path: Path) -> None:
    speech = tmp_path / "speech.bin"
    speech.write_bytes(bytes(100))
    entry = entry_of(tmp_path, "reads", reading(tmp_path, MEANS["Python"], speech))
    found = audit(entry, {}, noise(1.0), seconds=0.5, disturbances=2, limits=QUICK, made_from=[speech])
    assert found.finding(NAME).verdict is Verdict.DOUBT
    assert "PermissionError" in found.finding(NAME).note
    assert not found.certified


def test_where_the_system_seals_nothing_the_audit_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gaplisten.concealers.audit_sealing.version", lambda: 0)
    found = audit(bundled(tmp_path, "zero_fill"), {}, noise(1.0), seconds=0.5, disturbances=2, limits=QUICK)
    assert found.finding(NAME).verdict is Verdict.UNKNOWN
    assert "by Python's word alone" in found.finding(NAME).note
