"""Forms of plugins: concealers of samples never meet the reference; another form is one more file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import gaplisten
from gaplisten.audio.files import read_signal
from gaplisten.audio.signal import Signal
from gaplisten.concealers.cache import Cache
from gaplisten.concealers.form import forms
from gaplisten.concealers.runner import Runner
from kit.challenge import challenge_set
from kit.plugin_folder import QUICK, entry_of, losses, noise
from kit.timing import PATIENCE

SOUND = noise()
TRACE = losses(SOUND)
REFERENCE = Signal(noise(seed=91).samples, SOUND.rate)

# Looks through all memory of its process. The pattern is told with all bits turned: the search must not put
# it there itself.
SEARCH = """
import numpy as np
def found(turned):
    pattern = bytes.fromhex(turned)
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            places, rights = line.split()[:2]
            start, stop = (int(place, 16) for place in places.split("-"))
            if not rights.startswith("rw") or stop - start > 1 << 30:
                continue
            try:
                memory.seek(start)
                seen = np.frombuffer(memory.read(stop - start), np.uint8)
            except (OSError, ValueError):
                continue
            if (seen ^ 255).tobytes().find(pattern) >= 0:
                return True
    return False
"""
IN_PACKETS = """
class Packets:
    def __init__(self, rate, packet_frames, channels, *, turned: str = ""):
        self.turned = turned
    def packet(self, samples):
        if samples is None and self.turned:
            print("found" if found(self.turned) else "not found")
            self.turned = ""
        return np.zeros((320, 1), np.float32)
"""
AT_ONCE = """
def conceal(lossy, lost, rate, packet_frames, *, turned: str = ""):
    print("found" if found(turned) else "not found")
    return lossy
"""


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    with Runner(workers=1, limits=QUICK, cache=Cache(tmp_path / "kept")) as made:
        yield made


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="looks through /proc")
@pytest.mark.parametrize("source", [IN_PACKETS, AT_ONCE])
def test_the_reference_is_nowhere_in_the_process_of_a_plugin_that_needs_none(
    runner: Runner, tmp_path: Path, source: str
) -> None:
    entry = entry_of(tmp_path, "spy", SEARCH + source)
    assert not entry.needs_reference
    lost = np.flatnonzero(TRACE.mask(SOUND.frames))[:64]

    def looked_for(samples: np.ndarray) -> set[str]:
        turned = bytes(byte ^ 255 for byte in samples.tobytes()).hex()
        values = {"turned": turned}
        made = runner.submit(entry, values, SOUND, TRACE, reference=REFERENCE).result(PATIENCE)
        return set(made.messages)

    received = np.flatnonzero(~TRACE.mask(SOUND.frames))[:64]
    assert looked_for(SOUND.samples[received]) == {"found"}  # it does see what it was given
    assert looked_for(REFERENCE.samples[lost]) == {"not found"}
    assert looked_for(REFERENCE.samples[received]) == {"not found"}


def test_a_reference_that_is_not_needed_changes_neither_result_nor_name_of_what_is_kept(
    runner: Runner, tmp_path: Path
) -> None:
    entry = entry_of(tmp_path, "hold", "def conceal(lossy, lost, rate, packet_frames): return lossy * 0.5")
    plain = runner.submit(entry, {}, SOUND, TRACE).result(PATIENCE)
    told = runner.submit(entry, {}, SOUND, TRACE, reference=REFERENCE).result(PATIENCE)
    assert (plain.cached, told.cached) == (False, True)
    assert np.array_equal(plain.signal.samples, told.signal.samples)


def test_forms_are_offered_in_their_order() -> None:
    assert [(form.name, form.choice) for form in forms().values()] == [
        ("streaming", "streaming"),
        ("whole_file", "file"),
        ("codec", "codec"),
    ]


# Two halves in two processes with the host between them, as codecs have it.
IN_THE_LOOP = """
import os

import numpy as np

from gaplisten.concealers.form import Answered, Form, Step


class InTheLoop(Form):
    name, title, place = "in_the_loop", "in the loop", 3
    fixed = ("rate",)
    choice, starter, lacks = "loop", "", "classes 'Sender' and 'Receiver'"
    needs_reference = True

    def targets(self, module):
        return [module.Sender] if hasattr(module, "Sender") and hasattr(module, "Receiver") else []

    def fits(self, target):
        return target.__name__ == "Sender"

    def annotated(self, target):
        return target.__init__

    def declared_delay(self, plugin, parameters, rate, packet_frames):
        return 0

    def steps(self, given, parameters):
        sent = yield Step("send", (given.reference,), "sender")
        (coded,) = sent.arrays
        size = -(-len(coded) // len(given.lost))
        arrived = np.where(np.repeat(given.lost, size)[: len(coded), None], np.float32(0), coded)
        return (yield Step("receive", (arrived, given.lost), "receiver"))

    def answer(self, plugin, parameters, header, arrays, progress):
        print(header["do"], os.getpid())
        if header["do"] == "send":
            return Answered({}, (plugin.module.Sender(header["rate"], **parameters).send(arrays[0]),))
        got = plugin.module.Receiver(header["rate"], **parameters).receive(arrays[0])
        facts = {"delay_frames": 0, "work_rate": header["rate"], "seconds": 0.0}
        return Answered(facts, (got, np.zeros(1)))


FORM = InTheLoop()
"""
RADIO = """
import os
class Sender:
    def __init__(self, rate, *, gain: float = 0.5):
        self.gain = gain
    def send(self, samples):
        open(os.path.join(os.path.dirname(__file__), "sender"), "w").write(str(os.getpid()))
        return samples * samples.dtype.type(self.gain)
class Receiver:
    def __init__(self, rate, *, gain: float = 0.5):
        self.gain = gain
    def receive(self, samples):
        open(os.path.join(os.path.dirname(__file__), "receiver"), "w").write(str(os.getpid()))
        return samples / samples.dtype.type(self.gain)
"""


def test_another_form_is_one_more_file_and_gets_the_reference_in_two_processes(tmp_path: Path) -> None:
    package = tmp_path / "app" / "gaplisten"
    own = Path(gaplisten.__file__).parent
    shutil.copytree(own, package, ignore=shutil.ignore_patterns("ui", "__pycache__"))
    (package / "concealers" / "forms" / "in_the_loop.py").write_text(IN_THE_LOOP)
    (tmp_path / "plugins").mkdir()
    plugin = tmp_path / "plugins" / "radio.py"
    plugin.write_text(RADIO)
    root = challenge_set(tmp_path / "set", 1)

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(tmp_path / "app")}
        command = [sys.executable, "-m", "gaplisten", "conceal", *map(str, words)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)

    done = run(root, "--concealer", plugin, "--out", tmp_path / "out", "--jobs", 1)
    assert done.returncode == 0, done.stderr
    (made,) = (tmp_path / "out").rglob("*.wav")
    lossy = read_signal(root / "lossy_signals" / "0.wav").samples
    clean = read_signal(root / "clean" / "0.wav").samples
    heard = read_signal(made).samples
    lost = (lossy == 0) & (clean != 0)
    assert lost.any()
    assert not heard[lost].any()
    np.testing.assert_allclose(heard[~lost], clean[~lost], atol=1e-4)
    halves = [(plugin.parent / half).read_text() for half in ("sender", "receiver")]
    assert halves[0] != halves[1]

    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(root / "lossy_signals" / "0.wav", alone)
    refused = run(alone / "0.wav", "--concealer", plugin, "--out", tmp_path / "out2")
    assert refused.returncode == 2
    assert "has no undamaged speech, which radio codes" in refused.stderr
