"""The sounds that browsers get: resampled once, all or none, and nothing else of the panel touched."""

from __future__ import annotations

import hashlib
import io
import weakref
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job, JobCancelled
from gaplisten.panel.build import wave_bytes
from gaplisten.panel.safety import UntrustedPanel
from gaplisten.panel.session import Session
from gaplisten.panel.web_sounds import WEB, WEB_RATE, NoWebSounds, web_sounds, with_web_sounds
from kit.disk import full
from kit.panels import make_panel, take


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and WEB not in path.relative_to(folder).parts
    }


def decoded(data: bytes) -> tuple[np.ndarray, int]:
    return soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)


def test_each_stimulus_is_resampled_once_and_the_panel_stays_as_it_was(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "mushra", '[checks]\nlevel = true\n[mushra]\nanchors = ["lossy"]\n', clips=2)
    with Session.open(panel.folder, "Ann") as session:
        assert session.step is not None  # the level is asked first
        before = digests(panel.folder)
        assert web_sounds(panel) is None
        made = with_web_sounds(panel)
        assert digests(panel.folder) == before
    assert "soxr VHQ" in made.resampler
    for one in panel.key.stimuli:
        samples, rate = decoded(made.read(one.code))
        assert rate == WEB_RATE
        assert np.array_equal(samples, resample(panel.read(one.code), WEB_RATE).samples)
    assert panel.key.stimuli
    for clip in panel.key.clips:
        sizes = {len(made.read(one.code)) for one in panel.key.stimuli if one.clip == clip.name}
        assert len(sizes) == 1  # sizes tell nothing
    assert web_sounds(panel) == made


def test_sounds_that_have_the_rate_already_keep_every_sample() -> None:
    noise = Signal(np.random.default_rng(1).normal(0, 0.1, (500, 1)).astype(np.float32), WEB_RATE)
    samples, _ = decoded(wave_bytes(resample(noise, WEB_RATE), bytes(32)))
    assert np.array_equal(samples, noise.samples)


def test_what_is_sent_is_never_the_same_twice_and_sounds_the_same_with_its_gain(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, clips=1)
    sounds, code = with_web_sounds(panel), panel.key.stimuli[0].code
    data = sounds.read(code)
    first, second = (b"".join(sounds.to_send(code).as_sent(0.3)) for _ in range(2))
    assert len({first, second, data}) == 3
    assert len(first) == len(data)
    assert np.array_equal(decoded(first)[0], decoded(data)[0] * np.float32(0.3))


def test_a_sound_that_several_take_is_in_memory_once_and_let_go_after_the_last(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, clips=1, frames=160_000)
    sounds, code = with_web_sounds(panel), panel.key.stimuli[0].code
    taking = [sounds.to_send(code).as_sent(0.3) for _ in range(2)]
    sizes = [len(next(one)) + len(next(one)) for one in taking]
    assert max(sizes) < len(sounds.read(code)) / 4  # and nobody has a whole one of their own
    assert sounds.to_send(code) is sounds.to_send(code)
    held = weakref.ref(sounds.to_send(code))
    assert held() is not None
    for one in taking:
        one.close()
    del taking, one
    assert held() is None


def test_making_them_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = make_panel(tmp_path, clips=2)
    before = sorted(path.name for path in panel.folder.iterdir())
    job = Job()
    job.cancel()
    with pytest.raises(JobCancelled):
        with_web_sounds(panel, job)
    assert sorted(path.name for path in panel.folder.iterdir()) == before

    monkeypatch.setattr("gaplisten.panel.web_sounds.write_whole", full)
    with pytest.raises(NoWebSounds, match="the disk is full"):
        with_web_sounds(panel)
    assert sorted(path.name for path in panel.folder.iterdir()) == before


def test_what_was_changed_afterwards_is_refused(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, clips=1)
    made = with_web_sounds(panel)
    code = panel.key.stimuli[0].code
    path = panel.folder / WEB / f"{code}.wav"
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    with pytest.raises(UntrustedPanel, match="not the one that was made"):
        made.read(code)
    other = make_panel(tmp_path, clips=1, out="other")
    (panel.folder / WEB).rename(other.folder / WEB)
    with pytest.raises(UntrustedPanel, match="another panel"):
        with_web_sounds(other)


def test_a_session_goes_on_over_a_panel_that_got_them_meanwhile(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, clips=2)
    with Session.open(panel.folder, "Ann") as session:
        take(session, 1)
        with_web_sounds(panel)
        take(session)
        assert session.finished
    with Session.open(panel.folder, "Ann") as session:
        assert session.finished
