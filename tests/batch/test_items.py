"""What is known of files before they are scored: what does not fit is said of that which it touches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.batch.items import Version, survey, versions_from_paths
from gaplisten.clips.layouts import demo_clips
from gaplisten.clips.opening import open_clip


@pytest.fixture(scope="module")
def set_of(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with two conditions made of its speech and one that is something else."""
    root = tmp_path_factory.mktemp("set")
    one, other = (open_clip(clip).reference for clip in demo_clips().clips[:2])
    assert one is not None
    assert other is not None
    frames = min(one.frames, other.frames)
    noise = np.random.default_rng(1).normal(0, 1e-3, (frames, 1)).astype(np.float32)
    for folder, samples in {
        "clean": one.samples[:frames],
        "soft": 0.5 * one.samples[:frames],
        "hiss": one.samples[:frames] + noise,
        "odd": other.samples[:frames],
    }.items():
        (root / folder).mkdir()
        write_signal(root / folder / "a.wav", Signal(samples.astype(np.float32), one.rate))
    return root


def doubts_of(versions: list[Version], **wanted: bool) -> dict[str, tuple[str, ...]]:
    found = survey(versions, **wanted)
    return {version.condition: each.doubts for version, each in zip(versions, found, strict=True)}


def test_what_does_not_fit_is_said_of_the_version_that_it_touches(set_of: Path) -> None:
    versions = list(versions_from_paths([set_of]))
    found = doubts_of(versions, references=True, traces=False)
    assert {"soft", "hiss", "odd"} <= set(found)
    assert {name for name, doubts in found.items() if doubts} == {"odd"}
    (doubt,) = found["odd"]
    assert "odd" in doubt


def test_nothing_is_doubted_where_neither_reference_nor_trace_is_listened_to(set_of: Path) -> None:
    versions = list(versions_from_paths([set_of]))
    assert not any(doubts_of(versions, references=False, traces=False).values())
