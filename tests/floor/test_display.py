"""Whether windows can be shown, asked of the display itself."""

import os
import socket
import subprocess
import sys

import pytest

from gaplisten import display
from gaplisten.display import can_be_seen
from kit.timing import PATIENCE

NOBODY = ":4077"


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("variables", "seen"),
    [
        ({}, False),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"DISPLAY": NOBODY, "WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"DISPLAY": NOBODY}, False),
        ({"DISPLAY": NOBODY, "QT_QPA_PLATFORM": "xcb"}, False),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, False),
        ({"QT_QPA_PLATFORM": "offscreen"}, False),
    ],
)
def test_the_demo_opens_a_window_only_where_somebody_can_see_it(monkeypatch, variables, seen):
    monkeypatch.setattr(display, "x_answers", lambda name: name == ":0")
    monkeypatch.setattr(display, "wayland_answers", lambda name: name == "wayland-0")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert can_be_seen() is seen


def test_displays_where_nobody_answers_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("DISPLAY", NOBODY)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-3")
    assert display.lacking() == f"the display {NOBODY} or wayland-3 does not answer"


def test_a_compositor_is_found_by_its_socket(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert not display.wayland_answers("wayland-3")
    with socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind(str(tmp_path / "wayland-3"))
        compositor.listen()
        assert display.wayland_answers("wayland-3")


def test_a_display_that_does_not_answer_is_told_and_does_not_end_the_process(tmp_path):
    environment = {**os.environ, "DISPLAY": NOBODY, "GAPLISTEN_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "gaplisten", str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"the display {NOBODY} does not answer" in done.stderr
