"""A workbench on four short clips, with one concealer, and a PLC-MOS service that the test runs itself."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from gaplisten.audio.files import read_signal
from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.batch.run import ThreadWorkers
from gaplisten.concealers.catalogue import Catalogue
from kit.challenge import PACKET, RATE, challenge_set
from kit.workbench import made_of

PLUGIN = """
import os
import time
def first(hold):
    try:
        os.mkdir(hold + "-first")  # no file: what it reads would belong to its result
        return True
    except FileExistsError:
        return False
def conceal(lossy, lost, rate, packet_frames, *, value: float = 0.25, hold: str = ""):
    # All but the first wait while that file is there.
    while os.path.exists(hold) and not first(hold):
        time.sleep(0.02)
    if value < 0:
        raise ValueError("negative")
    if value > 1:
        print("a large value")
    out = lossy.copy()
    for packet in lost.nonzero()[0]:
        out[packet * packet_frames : (packet + 1) * packet_frames] = value
    return out
"""
CLIPS = 4


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Return the concealers there are: ``constant``."""
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "constant.py").write_text(PLUGIN)
    return Catalogue.scan([folder], others=False)


@pytest.fixture
def clips_folder(tmp_path: Path) -> Path:
    """Return four clips with two conditions; the packets 20 and on are lost, and packet 5.

    ``mild`` is the reference a little quieter; ``rough`` is the reference but for hard clicks in packet 5.
    """
    root = challenge_set(tmp_path / "set", CLIPS, seconds=1.1, longest=(2, 10))
    for name in ("mild", "rough"):
        (root / name).mkdir()
    for index in range(CLIPS):
        clean = read_signal(root / "clean" / f"{index}.wav").samples
        write_signal(root / "mild" / f"{index}.wav", Signal(clean * np.float32(0.9 - 0.1 * index), RATE))
        rough = clean.copy()
        rough[5 * PACKET : 6 * PACKET : 40] = 0.9
        write_signal(root / "rough" / f"{index}.wav", Signal(rough, RATE))
    return root


class PromptRunner:
    """Renders the workbench's own lanes at once; batches bring their own runner."""

    def submit(
        self, entry: Any, parameters: Any, lossy: Signal, trace: Any, job: Any = None, reference: Any = None
    ) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(made_of(lossy))
        return future

    def close(self) -> None:
        pass


@pytest.fixture
def window(
    qtbot: QtBot, clips_folder: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """Return a workbench with the clips open; scores are computed in threads: processes start slowly."""
    from gaplisten.batch import score_work
    from gaplisten.bench.hearing import Hearing
    from gaplisten.playback.player import Player
    from gaplisten.ui.panes import scores as scores_pane
    from gaplisten.ui.shell.window import WorkbenchWindow

    monkeypatch.setattr(score_work, "ProcessWorkers", ThreadWorkers)
    monkeypatch.setattr(scores_pane, "_FIRST", [])
    made = WorkbenchWindow(Hearing(Player(silent="a test")))
    made.controller.use_catalogue(catalogue, PromptRunner())
    made.open_paths([clips_folder])
    made.showNormal()
    made.resize(1280, 720)
    qtbot.waitUntil(lambda: made.controller.clip_name == "0")
    yield made
    for each in list(made.panes["batch"].windows):
        each.close()
    made.controller.document.mark_saved()
    made.close()
    made.deleteLater()
    qtbot.wait(1)


class TeamService(ThreadingHTTPServer):
    """A PLC-MOS service: counts requests, keeps the accounts that asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.accounts: list[str | None] = []
        self.address = f"http://127.0.0.1:{self.server_address[1]}/"


class _Answers(BaseHTTPRequestHandler):
    server: TeamService

    def do_GET(self) -> None:
        self._send(b"OK")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.accounts.append(self.headers.get("Authorization"))
        self._send(json.dumps({"plc_mos": 3.25, "model_version": "7"}).encode())

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def service() -> Iterator[TeamService]:
    server = TeamService()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
