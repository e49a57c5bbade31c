"""A sealed process reads, writes and reaches nothing but what it may, by whatever means; audits seal plugins."""

# ruff: noqa: E501 - plugin sources stand in one line

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from gaplisten.concealers import children
from gaplisten.concealers.audit import audit
from gaplisten.concealers.audit_sealing import NAME, Tried, sealed_for
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
WITHOUT_NAMESPACES = """
import ctypes, os, socket
from pathlib import Path
user = os.getuid()
assert ctypes.CDLL(None).unshare(0x1000_0000) == 0, "no namespaces at all"
Path("/proc/self/uid_map").write_text(f"0 {user} 1")
Path("/proc/sys/user/max_net_namespaces").write_text("0")
from gaplisten.concealers.sealing import Seal, seal, version
there = socket.create_server(("127.0.0.1", 0))
print(seal(Seal(("/nowhere",)).told("/tmp")))
try:
    socket.create_connection(there.getsockname())
    print("connected")
except PermissionError:
    print("refused")
"""
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


def test_temporary_files_with_and_without_a_name_are_no_deeds(tmp_path: Path) -> None:
    body = "import tempfile\nfor kind in tempfile.TemporaryFile, tempfile.NamedTemporaryFile:\n    with kind() as f: f.write(b'x')\nreturn lossy"
    entry = whole_file(tmp_path, "tries", body)
    with Runner(workers=1, limits=QUICK, sealed=Seal()) as runner:
        made = runner.submit(entry, {}, noise(0.1), None).result(PATIENCE)
    assert not made.deeds


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


@pytest.mark.skipif(version() < 4, reason="this system's Landlock knows nothing of connections")
def test_where_no_process_may_have_its_own_network_connections_are_refused_all_the_same() -> None:
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_NAMESPACES], capture_output=True, text=True, timeout=PATIENCE
    )
    if "no namespaces" in run.stderr:
        pytest.skip("this system gives nobody namespaces")
    assert run.stdout.split() == ["False", "refused"], run.stderr


@pytest.mark.parametrize("offline", [True, False])
def test_the_audit_says_that_it_kept_a_plugin_from_the_network_only_where_it_did(
    tmp_path: Path, offline: bool
) -> None:
    entry = bundled(tmp_path, "zero_fill")

    def once(runner: Runner) -> Tried:
        made = runner.submit(entry, {}, noise(0.1), None).result(PATIENCE)
        return Tried(made if offline else replace(made, offline=False))

    sealed = sealed_for(entry, {}, (), once, QUICK)
    sealed.runner.close()
    finding = sealed.finding
    assert (finding.verdict is Verdict.OK) == ("and from the network" in finding.note)
    assert ("but not from the network" in finding.note) != (finding.verdict is Verdict.OK)
    if not offline:
        assert finding.verdict is Verdict.UNKNOWN, finding


def test_a_process_that_cannot_be_forked_leaves_neither_folder_nor_pipes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptors: list[int]) -> None:
        raise OSError("the process that forks others is gone")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="is gone"):
        children._Forked(SimpleNamespace(fork=refuse), Seal())  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
    assert len(os.listdir("/proc/self/fd")) == before
