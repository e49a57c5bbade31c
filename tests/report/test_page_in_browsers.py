"""The page of a bundle in real browsers: what reaches the sound card is what the files hold."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import LossTrace
from gaplisten.report.finding import Finding, Kind, Place, Version, web_copy
from gaplisten.report.layout import lay_out
from gaplisten.report.page import page, player
from gaplisten.report.pictures import figure_of
from gaplisten.report.png import draw
from kit import pulse, xserver
from kit.browser import page_in
from kit.chrome import chrome
from kit.pulse import SoundServer, sound_server, wait_for

RATE = 48_000
pytestmark = [
    pytest.mark.sound,
    pytest.mark.display,
    pytest.mark.skipif(bool(pulse.missing()), reason=pulse.missing() or "-"),
    pytest.mark.skipif(bool(xserver.missing()), reason=xserver.missing() or "-"),
]


def finding(rate: int, seconds: float = 0.9, whole: bool = True) -> Finding:
    """Three versions of noise, 16 bit or float, with a gap in the middle."""
    rng = np.random.default_rng(5)
    frames = round(seconds * rate)
    noise = rng.uniform(-0.3, 0.3, (3, frames))
    sounds = [Signal.of(np.round(row * 32768) / 32768 if whole else row, rate) for row in noise]
    start = frames // 2 // (rate // 50) * (rate // 50)
    trace = LossTrace.of_spans([(start, start + rate // 50)], frames, rate)
    versions = (
        Version("reference", sounds[0], Kind.REFERENCE),
        Version("lossy", sounds[1], Kind.LOSSY),
        Version("build A", sounds[2]),
    )
    return Finding("noise", 1, 1, trace.gaps()[0], trace, versions, Place(("noise",)), context_ms=5000)


def written(found: Finding, folder: Path) -> Path:
    path = folder / "listen.html"
    path.write_text(
        page("noise page", [player(found, draw(lay_out(figure_of(found, waves_only=True)), 110))]),
        encoding="utf-8",
    )
    return path


def positions(captured: np.ndarray, rows: list[np.ndarray], length: int = 24) -> list[tuple[int, int, int]]:
    """Return for places of the capture which version stands there, and where in it: by exact samples."""
    index = {
        row[at : at + length].tobytes(): (number, at)
        for number, row in enumerate(rows)
        for at in range(0, len(row) - length)
    }
    found, at = [], 0
    while at < len(captured) - length:
        here = index.get(captured[at : at + length].tobytes())
        if here is None:
            at += 1
            continue
        number, begin = here
        same = (
            captured[at : at + len(rows[number]) - begin] == rows[number][begin : begin + len(captured) - at]
        )
        run = len(same) if same.all() else int(same.argmin())
        found.append((number, begin, run))
        at += run
    return _joined(found)


def _joined(found: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Join what follows on: a browser that is late on a busy machine leaves silence, then goes on."""
    runs: list[tuple[int, int, int]] = []
    for number, begin, run in found:
        if runs and runs[-1][0] == number and sum(runs[-1][1:]) == begin:
            runs[-1] = (number, runs[-1][1], runs[-1][2] + run)
        else:
            runs.append((number, begin, run))
    return runs


def played(
    browser: str, found: Finding, tmp_path: Path, server: SoundServer, environment: dict[str, str]
) -> np.ndarray:
    """Play once round without loop, switching on the way; return what came out of the left channel."""
    with page_in(browser, written(found, tmp_path), "noise page", tmp_path, environment) as shown:
        time.sleep(0.5)
        server.forget()
        shown.press("l", "space")
        wait_for(lambda: bool(np.any(server.captured())), what="sound")
        shown.press("1")
        wait_for(lambda: not np.any(server.captured()[-RATE // 2 :]), what="the end of the sound")
        captured = server.captured()
    assert np.array_equal(captured[:, 0], captured[:, 1])
    sounding = captured[:, 0].nonzero()[0]
    return captured[sounding[0] : sounding[-1] + 1, 0]


def check(browser: str, found: Finding, rows: list[np.ndarray], tmp_path: Path) -> None:
    with xserver.x_server() as environment, sound_server(RATE) as server:
        captured = played(browser, found, tmp_path, server, {**environment, **server.environment})
    fade = round(0.005 * RATE)
    runs = positions(captured, rows)
    assert next(number for number, _, _ in runs) == 2, (
        "the first of the versions under test is heard at first"
    )
    kept = sum(run for _, _, run in runs)
    switches = len({number for number, _, _ in runs}) - 1
    # Faded are both ends, and each switch (out, then in); a sample or two beside them may be equal by chance.
    assert len(rows[0]) - kept <= 2 * fade + switches * (2 * fade + 4) + 4
    # All run at the same position: what is heard after a switch is where the other one would have been.
    ends = [begin + run for _, begin, run in runs]
    for end, (_, begin, _) in zip(ends, runs[1:], strict=False):
        assert abs(begin - end - 2 * fade) <= 4


def test_a_page_plays_the_files_samples(tmp_path: Path) -> None:
    found = finding(RATE, seconds=0.3)
    check("chromium", found, [version.signal.samples[:, 0] for version in found.versions], tmp_path)


def test_a_page_says_what_it_plays_only_while_it_plays(tmp_path: Path) -> None:
    place = written(finding(16_000, seconds=0.3), tmp_path)
    with chrome(tmp_path / "profile") as shown:
        shown.go(place.as_uri())
        assert "To be played: " in shown.text
        shown.press("SPACE")
        shown.wait_for_text("Playing: ")
        shown.press("SPACE")
        shown.wait_for_text("To be played: ")
        shown.press("1")
        assert "To be played: " in shown.text


@pytest.mark.long
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_page_plays_the_files_samples_in_both_browsers(browser: str, whole: bool, tmp_path: Path) -> None:
    found = finding(RATE, seconds=2.0, whole=whole)
    check(browser, found, [version.signal.samples[:, 0] for version in found.versions], tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_of_another_rate_a_page_plays_its_copy(browser: str, rate: int, tmp_path: Path) -> None:
    found = finding(rate, seconds=2.0)
    rows = [web_copy(version.signal).samples[:, 0] for version in found.versions]
    check(browser, found, rows, tmp_path)
    shutil.rmtree(tmp_path / f"profile-{browser}")
