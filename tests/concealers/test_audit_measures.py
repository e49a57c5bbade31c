"""What an audit measures: how much of a channel is heard in another one."""

from __future__ import annotations

import numpy as np
import pytest

from gaplisten.concealers.audit_measures import crossed

RATE = 8000


def stereo(seconds: int = 3, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, (seconds * RATE, 2)).astype(np.float32)


def none_lost(clean: np.ndarray) -> np.ndarray:
    return np.zeros(len(clean), np.bool_)


@pytest.mark.parametrize("share", [0.5, 0.1, 0.01])
def test_the_share_of_the_other_channel_is_told_in_decibels(share: float) -> None:
    clean = stereo()
    output = clean.copy()
    output[:, 1] += np.float32(share) * clean[:, 0]
    most, seconds = crossed(output, clean, none_lost(clean), RATE)
    assert most == pytest.approx(20 * np.log10(share), abs=0.1)
    assert seconds == 0


def test_channels_that_are_exchanged_are_counted_in_seconds() -> None:
    clean = stereo(4)
    output = clean.copy()
    output[RATE : 3 * RATE] = clean[RATE : 3 * RATE, ::-1]
    assert crossed(output, clean, none_lost(clean), RATE)[1] == 2


@pytest.mark.parametrize(("quieter_db", "counts"), [(28, True), (32, False)])
def test_a_second_counts_only_where_no_channel_is_30_db_quieter_than_another(
    quieter_db: int, counts: bool
) -> None:
    clean = stereo(2)
    clean[RATE:, 1] *= np.float32(10 ** (-quieter_db / 20))
    output = clean.copy()
    output[RATE:] = clean[RATE:, ::-1]
    assert crossed(output, clean, none_lost(clean), RATE)[1] == int(counts)


@pytest.mark.parametrize(("received", "counts"), [(RATE // 4, True), (RATE // 4 - 1, False)])
def test_a_second_counts_only_where_a_quarter_of_it_was_received(received: int, counts: bool) -> None:
    clean = stereo(1)
    lost = np.arange(RATE) >= received
    assert crossed(clean[:, ::-1], clean, lost, RATE)[1] == int(counts)
    assert (crossed(clean, clean, lost, RATE)[0] > -np.inf) == counts
