"""Starts the window again and again on a busy machine: is a device called lost that is not?

    .venv/bin/python tests/soak/starts.py [--starts N] [--at-once N] [--busy N]

Each start opens clips and plays, rests for longer than a sound server without a card takes to stop, plays
again, and ends. Half of them have a sink that renders ahead and stops (`module-null-sink`), half a card that
takes sound by the clock. What the window tells then is printed; nothing should be.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "resources" / "demo"
REST = 5.0
LONGEST = 600.0  # seconds of one start; it waits for whatever else goes on
BUSY = "import os, sys\nwhile os.getppid() == int(sys.argv[1]):\n    sum(range(100_000))"


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep so many processes busy beside the block; they end with it, and with this process."""
    words = [sys.executable, "-S", "-c", BUSY, str(os.getpid())]
    running = [subprocess.Popen(words) for _ in range(processes)]
    try:
        yield
    finally:
        for each in running:
            each.kill()
            each.wait()


def one_start(number: int, out: Path, more: Mapping[str, str] = {}) -> list[str]:
    """Start the window once; return what it told about its device, or how it failed.

    Parameters
    ----------
    more
        Of the window's environment, before all else.
    """
    from kit.pulse import SoundServer, null_environment
    from kit.xserver import x_server

    with ExitStack() as stack:
        if number % 2:
            server = SoundServer()
            stack.callback(server.close)
            sound = server.environment
        else:
            sound = stack.enter_context(null_environment())
        display = stack.enter_context(x_server())
        told = out / f"{number}.json"
        home = {"GAPLISTEN_HOME": str(out / f"home{number}"), "PYTHONPATH": str(ROOT / "tests")}
        words = [sys.executable, "-P", __file__, "--window", str(told)]
        environment = {**os.environ, **display, **sound, **home, **more}
        subprocess.run(words, env=environment, check=False, timeout=LONGEST, stdout=subprocess.DEVNULL)
        return list(json.loads(told.read_text())) if told.exists() else ["the window told nothing"]


def starts(count: int, at_once: int, burden: int) -> dict[int, list[str]]:
    """Start the window so many times; return what the starts told that were not as they should be."""
    with tempfile.TemporaryDirectory() as name, busy(burden), ThreadPoolExecutor(at_once) as pool:
        told = dict(enumerate(pool.map(lambda number: one_start(number, Path(name)), range(count))))
    return {number: said for number, said in told.items() if said}


def window(out: Path) -> int:
    """Be the window of one start."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from gaplisten.ui.shell.window import WorkbenchWindow
    from gaplisten.ui.start import application, begin
    from kit import driving

    driving.PATIENCE = LONGEST
    app = application()
    shown = WorkbenchWindow()
    shown.show()
    begin(shown, [DEMO], demo=False)
    controller, hearing = shown.controller, shown.controller.hearing
    told: list[str] = []

    def rest_and_play() -> driving.Scenario:
        yield driving.pause(REST)
        told.append(hearing.state.reason)
        before = hearing.state.position
        QTest.keyClick(shown.lanes_view, Qt.Key.Key_Space)
        yield lambda: hearing.state.position > before or bool(hearing.state.reason)
        yield driving.pause(1.5)
        told.append(hearing.state.reason)
        QTest.keyClick(shown.lanes_view, Qt.Key.Key_Space)
        yield lambda: not hearing.state.playing or bool(hearing.state.reason)

    def scenario() -> driving.Scenario:
        yield lambda: controller.opened is not None
        yield from rest_and_play()
        yield from rest_and_play()

    def finish() -> None:
        told.append(driver.failed)
        out.write_text(json.dumps([each for each in told if each]))
        controller.close()
        shown.panes["clips"].dock.close_threads()
        app.exit()

    driver = driving.Driver(scenario(), finish)
    return app.exec()


def main(arguments: Sequence[str] | None = None) -> int:
    """Start, and print what was told; return 1 if anything was."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--starts", type=int, default=100)
    words.add_argument("--at-once", type=int, default=2)
    words.add_argument("--busy", type=int, default=4, help="processes that keep cores busy meanwhile")
    words.add_argument("--window", type=Path, help=argparse.SUPPRESS)
    given = words.parse_args(arguments)
    if given.window is not None:
        return window(given.window)
    told = starts(given.starts, given.at_once, given.busy)
    for number, said in told.items():
        print(f"start {number}: {'; '.join(said)}")
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{len(told)} of {given.starts} starts told of something; load {load}")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
