"""Gaps off the packets through the runner: plugins get whole packets, only the gaps are replaced."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gaplisten.concealers.cache import Cache
from gaplisten.concealers.runner import Runner
from gaplisten.loss.trace import Grid, LossTrace
from kit.plugin_folder import QUICK, noise, streaming
from kit.timing import PATIENCE

SOUND = noise()
ROWS = [(500, 620), (3333, 4100), (7990, 8000)]
FILL = "return np.full(self.size, 0.125, 'f4') if samples is None else samples"


@pytest.mark.parametrize("grid", [None, Grid(320), Grid(320, -100)])
def test_only_the_lost_frames_are_replaced(tmp_path: Path, grid: Grid | None) -> None:
    trace = LossTrace.of_spans(ROWS, SOUND.frames, SOUND.rate, grid=grid)
    lost = trace.mask(SOUND.frames)
    with Runner(workers=1, limits=QUICK) as runner:
        made = runner.submit(streaming(tmp_path, "fill", FILL), {}, SOUND, trace).result(PATIENCE)
    assert (made.signal.samples[lost] == 0.125).all()
    assert np.array_equal(made.signal.samples[~lost], SOUND.samples[~lost])
    assert made.altered_received == 0.0


def test_a_kept_result_serves_every_trace_with_the_same_packets_and_gives_each_its_own_gaps(
    tmp_path: Path,
) -> None:
    one = LossTrace.of_spans([(500, 620)], SOUND.frames, SOUND.rate, grid=Grid(320))
    other = LossTrace.of_spans([(510, 600)], SOUND.frames, SOUND.rate, grid=Grid(320))
    entry = streaming(tmp_path, "fill", FILL)
    with Runner(workers=1, limits=QUICK, cache=Cache(tmp_path / "cache")) as runner:
        runner.submit(entry, {}, SOUND, one).result(PATIENCE)
        made = runner.submit(entry, {}, SOUND, other).result(PATIENCE)
    assert made.cached
    assert np.flatnonzero(made.signal.samples[:, 0] == 0.125).tolist() == list(range(510, 600))
