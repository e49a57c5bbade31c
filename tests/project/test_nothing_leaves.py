"""No process of ours sends anything: every address that one connects or sends to is recorded by strace."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from kit.timing import PATIENCE

ADDRESS = re.compile(r'sa_family=AF_INET6?, .*?inet_(?:addr|pton)\((?:AF_INET6, )?"([^"]+)"')
OWN = re.compile(r"127\.|::1$|0\.0\.0\.0$|::$")

SCORE = """
    import time
    import numpy as np
    from gaplisten.audio.signal import Signal
    from gaplisten.metrics.pool import ScorePool

    if __name__ == "__main__":
        noise = Signal(np.random.default_rng(1).normal(0, 0.1, (48_000, 1)).astype(np.float32), 16_000)
        pool = ScorePool(1, seconds=1000)  # strace and a busy machine take theirs
        score = pool.submit("plcmos", noise).result()
        assert score.value is not None, score.reason
        time.sleep(SECONDS)
        pool.close()
"""
WORDS = """
    import numpy as np
    from gaplisten.audio.signal import Signal
    from gaplisten.metrics.pool import ScorePool

    if __name__ == "__main__":
        noise = Signal(np.random.default_rng(1).normal(0, 0.1, (4_800, 1)).astype(np.float32), 16_000)
        pool = ScorePool(1, seconds=1000)  # strace and a busy machine take theirs
        score = pool.submit("wacc_pocketsphinx", noise, noise).result()
        assert score.value is not None or "no words" in score.reason, score.reason
        pool.close()
"""
LOUD = """
    import os, time
    from pathlib import Path
    import numpy as np
    from gaplisten.audio.signal import Signal
    from gaplisten.metrics.catalogue import score

    del os.environ["ORT_DISABLE_TELEMETRY"]  # as if we had never set it
    noise = Signal(np.random.default_rng(1).normal(0, 0.1, (48_000, 1)).astype(np.float32), 16_000)
    assert score("plcmos", noise).value is not None
    end = time.monotonic() + 30  # its files are written by a thread of their own
    while time.monotonic() < end and not [
        path for path in Path.home().rglob("*") if "onnxruntime" in str(path).lower() and path.is_file()
    ]:
        time.sleep(0.1)
    time.sleep(SECONDS)
"""
CONCEAL = """
    import os
    import numpy as np
    import onnx
    from onnx import helper
    from gaplisten.audio.signal import Signal
    from gaplisten.concealers.catalogue import Catalogue
    from gaplisten.concealers.runner import Runner
    from gaplisten.loss.trace import LossTrace

    if __name__ == "__main__":
        value = lambda name: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 640])
        node = helper.make_node("Identity", ["x"], ["y"])
        graph = helper.make_graph([node], "unreleased", [value("x")], [value("y")])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.save(model, "unreleased.onnx")
        with open("unreleased.toml", "w") as file:
            file.write('model = "unreleased.onnx"\\nrate = 16000\\ndomain = "packet"\\n')
            file.write('[input]\\nname = "x"\\nshape = [1, 640]\\ncontext = 1\\n')
            file.write('[output]\\nname = "y"\\nstart = 0\\nstop = 320\\n')
        noise = Signal(np.random.default_rng(1).normal(0, 0.1, (16_000, 1)).astype(np.float32), 16_000)
        trace = LossTrace.of_packets(np.arange(50) % 5 == 3, 320, 16_000)
        runner = Runner(workers=1)
        entry = Catalogue.scan().get("onnx_frames")
        runner.submit(entry, {"description": os.path.abspath("unreleased.toml")}, noise, trace).result()
        runner.close()
"""

WINDOW = """
    import os, sys
    from pathlib import Path
    os.environ.update(QT_QPA_PLATFORM="offscreen", GAPLISTEN_SOUND="off")
    from PySide6.QtCore import QTimer
    import gaplisten.ui.start as start
    from gaplisten import folders

    if __name__ == "__main__":
        begin = start.begin

        def then(window, *rest):
            begin(window, *rest)
            document = window.controller.document
            for name in ("repeat_fade", "gaplisten_hybrid"):
                document.switch_on(name)
            timer = QTimer(window, interval=200)

            def scored():  # the model is prepared there once the first score is wanted
                if list(folders.user_cache().rglob("plcmos-*.onnx")):
                    timer.stop()
                    end = lambda: (document.mark_saved(), window.close())
                    QTimer.singleShot(round(SECONDS * 1000), end)

            timer.timeout.connect(scored)
            timer.start()

        start.begin = then
        sys.exit(start.start([folders.resources() / "demo"], False))
"""


@dataclass(frozen=True)
class Recorded:
    """Addresses beyond this machine to which something was sent, and the files that a library left."""

    addresses: set[str]
    left: list[str]


def record(tmp_path: Path, code: str, **words: str) -> Recorded:
    """Run Python code, with all that it starts, in a home of its own."""
    if not shutil.which("strace"):
        pytest.skip("strace is not there")
    home, log = tmp_path / "home", tmp_path / "log"
    home.mkdir()
    for word, value in words.items():
        code = code.replace(word, value)
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(code))
    own = ("ORT_DISABLE_TELEMETRY", "GAPLISTEN_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    own += ("CI",)  # where it is set, onnxruntime sends nothing of its own accord
    environment = {name: value for name, value in os.environ.items() if name not in own}
    tracer = ["strace", "-f", "-qq", "-o", str(log), "-e", "trace=connect,sendto,sendmsg,sendmmsg"]
    done = subprocess.run(
        [*tracer, sys.executable, str(script)],
        cwd=tmp_path,
        env={**environment, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if "ptrace" in done.stderr:
        pytest.skip("strace may not be used here")
    assert done.returncode == 0, done.stderr
    found = set(ADDRESS.findall(log.read_text(errors="replace")))
    files = [path.name for path in home.rglob("*") if "onnxruntime" in str(path).lower() and path.is_file()]
    return Recorded({each for each in found if not OWN.match(each)}, files)


def test_the_recorder_sees_what_a_process_and_its_children_send(tmp_path: Path) -> None:
    code = """
        import socket, subprocess, sys
        if len(sys.argv) == 1:
            subprocess.run([sys.executable, __file__, "child"], check=True)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sent:
            sent.setblocking(False)
            try:
                sent.sendto(b"", ("192.0.2.1" if len(sys.argv) == 1 else "192.0.2.2", 9))
            except OSError:
                pass
        with socket.socket(socket.AF_INET6) as asked:
            asked.setblocking(False)
            try:
                asked.connect(("2001:db8::1", 443))
            except OSError:
                pass
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
            pass
    """
    assert record(tmp_path, code).addresses == {"192.0.2.1", "192.0.2.2", "2001:db8::1"}


def test_without_our_switch_onnxruntime_prepares_to_send(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    assert record(tmp_path, LOUD, SECONDS="0").left != []


@pytest.mark.parametrize("code", [SCORE, CONCEAL], ids=["a score", "a model of the user's"])
def test_models_run_and_nothing_is_sent_or_prepared(tmp_path: Path, code: str) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    assert record(tmp_path, code, SECONDS="0") == Recorded(set(), [])


@pytest.mark.long
def test_without_our_switch_onnxruntime_asks_for_its_makers_address(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    found = record(tmp_path, LOUD, SECONDS="20")
    assert found.left != []
    assert found.addresses != set()


@pytest.mark.long
def test_a_recogniser_sends_nothing(tmp_path: Path) -> None:
    pytest.importorskip("pocketsphinx")
    assert record(tmp_path, WORDS) == Recorded(set(), [])


@pytest.mark.long
@pytest.mark.parametrize("code", [SCORE, WINDOW], ids=["scores", "the window"])
def test_for_twenty_seconds_nothing_is_sent_or_prepared(tmp_path: Path, code: str) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("PySide6")
    assert record(tmp_path, code, SECONDS="25") == Recorded(set(), [])
