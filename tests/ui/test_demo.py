import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtGui import QImage

from gaplisten.audio.files import read_signal
from gaplisten.clips.layouts import demo_clips
from gaplisten.clips.opening import open_clip
from gaplisten.commands.open import NoWindows, run_workbench
from gaplisten.display import has_display
from kit.pulse import wait_for
from kit.tables import rows_of
from kit.timing import PATIENCE, that_ends

pytestmark = pytest.mark.xdist_group("demo")


CLIPS = 2
FEW_CLIPS = f"""
import sys
from dataclasses import replace
from gaplisten import cli
from gaplisten.commands import demo
found = demo.demo_clips()
demo.demo_clips = lambda: replace(found, clips=found.clips[:{CLIPS}])
sys.exit(cli.main(sys.argv[1:]))
"""


def run(*words, start=("-m", "gaplisten"), **variables):
    environment = {**os.environ, "DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": "", **variables}
    return subprocess.run(
        [sys.executable, *start, *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory, scanned):
    """Run the demo once with no display, on some of its clips; return its folder and what it printed."""
    home, out = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("demo") / "out"
    (home / "cache").mkdir()
    shutil.copy(scanned, home / "cache")
    done = run("demo", "--out", str(out), start=("-c", FEW_CLIPS), GAPLISTEN_HOME=str(home))
    assert done.returncode == 0, done.stderr
    assert "there is no display: the demo goes into files" in done.stderr
    assert not (home / "config").exists(), "its pictures neither use nor change the user's own window"
    return out, done.stdout


def test_with_no_display_the_demo_says_where_everything_is(demo):
    out, said = demo
    for word in (
        "zero_fill",
        "repeat_fade",
        "g711_appendix1",
        "share altered",
        "real-time factor",
        "PLC-MOS",
    ):
        assert word in said
    for path in (out / "workbench.png", out / "sounds", out / "scores.csv"):
        assert str(path) in said
        assert path.exists()


def test_the_demo_writes_every_concealed_sound(demo):
    out, _ = demo
    for clip in demo_clips().clips[:CLIPS]:
        opened = open_clip(clip)
        mask = opened.trace.mask(opened.frames)
        zero = read_signal(out / "sounds" / f"{clip.name}_zero_fill.wav")
        assert np.array_equal(zero.samples, opened.lossy.samples)
        for name in ("repeat_fade", "g711_appendix1"):
            made = read_signal(out / "sounds" / f"{clip.name}_{name}.wav")
            assert made.frames == opened.frames
            assert np.abs(made.samples[mask]).max() > 0.01


def test_the_demo_writes_a_score_for_every_clip_and_condition(demo):
    out, _ = demo
    rows = rows_of(out / "scores.csv")
    assert len(rows) == 5 * CLIPS
    zero = [row for row in rows if row["condition"] == "zero_fill"]
    assert {row["share_altered"] for row in zero} == {"0.0"}
    assert all(float(row["realtime_factor"]) >= 0 for row in zero)


def lightness(image):
    points = [
        image.pixelColor(x, y) for x in range(5, image.width(), 23) for y in range(5, image.height(), 23)
    ]
    return np.mean([colour.lightness() for colour in points])


def test_the_demos_pictures_are_of_the_window_in_light_and_dark(demo):
    out, _ = demo
    light, dark = QImage(str(out / "workbench.png")), QImage(str(out / "workbench-gap.png"))
    assert light.width() >= 1280
    assert lightness(light) > 200 > 100 > lightness(dark)
    colours = {light.pixel(x, y) for x in range(600, 1000, 3) for y in range(150, 560, 3)}
    assert len(colours) > 8


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    done = run("demo", "--out", str(file / "out"))
    assert done.returncode == 2
    assert f"{file / 'out'}: cannot be written: its folder is a file" in done.stderr


def test_the_workbench_needs_a_display_and_says_so(monkeypatch, tmp_path):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux can be without a display")
    assert not has_display()
    with pytest.raises(NoWindows, match="no display"):
        run_workbench([tmp_path])
    done = run(str(tmp_path))
    assert done.returncode == 2
    assert "there is no display" in done.stderr


def test_a_path_that_is_not_there_or_a_mistyped_command_is_told():
    done = run("concael")
    assert done.returncode == 2
    assert "concael: is not there" in done.stderr


START = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
import gaplisten.ui.start as start
begin = start.begin
def then(window, *rest):
    begin(window, *rest)
    def note():
        if window.controller.opened is None:
            return
        timer.stop()
        window.panes["notes"].add_note("click", "before the end")
        print("noted", flush=True)
    timer = QTimer(window, interval=20)
    timer.timeout.connect(note)
    timer.start()
start.begin = then
sys.exit(start.start([Path(sys.argv[1])], False))
"""


@pytest.mark.usefixtures("plugins_known")
@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_notes_survive_an_end_from_outside(clips_folder, home, end):
    environment = {**os.environ, "GAPLISTEN_SOUND": "off"}
    process = subprocess.Popen(
        [sys.executable, "-c", START, str(clips_folder)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert that_ends(process.stdout.readline) == "noted\n"
        unsaved = home / "state" / "unsaved"
        if end == "kill":
            wait_for(lambda: [*unsaved.glob("*.toml")])
        getattr(process, end)()
        assert process.wait(PATIENCE) == (130 if end == "terminate" else -9)
    finally:
        process.kill()
    process.stdout.close()
    (kept,) = unsaved.glob("*.toml")
    assert "before the end" in kept.read_text(encoding="utf-8")
