"""How many listeners and clips: what is promised before is what planted panels then find."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import stdtr
from typer.testing import CliRunner

from gaplisten.commands.panel import app
from gaplisten.errors import GaplistenError
from gaplisten.panel.statistics.crossed import two_way
from gaplisten.panel.statistics.planning import Plan, Spreads, listeners_needed
from kit.panels import NO_STEPS, make_clips, toml
from kit.planted import Planted


@pytest.mark.parametrize(
    ("size", "by_clip"), [((16, 6), 0.1), ((16, 12), 0.3), ((40, 8), 0.3), ((12, 24), 0.2)]
)
def test_the_power_is_that_of_planted_panels(size: tuple[int, int], by_clip: float) -> None:
    planted = Planted(0.3, by_clip, vote=0.7, rounded=False)
    votes = planted.votes(np.random.default_rng(1), 1500, *size)
    found = two_way(votes[..., 1] - votes[..., 0])
    measured = float((2 * stdtr(found.df, -np.abs(found.mean) / np.sqrt(found.variance)) < 0.05).mean())
    said = Plan(*size, size[1], 0.3, 1, Spreads(0.7, by_clip, 0.15)).power
    assert said == pytest.approx(measured, abs=0.06)


def test_beyond_some_listeners_only_more_clips_help() -> None:
    spreads = Spreads()
    few = Plan(100, 6, 6, 0.3, 1, spreads)
    assert few.power_of_many < 0.6
    assert few.power_of_many - few.power < 0.05
    assert Plan(24, 48, 48, 0.3, 1, spreads).power > 0.9
    assert listeners_needed(0.8, 6, 6, 0.3, 1, spreads) is None


def test_the_number_of_listeners_is_the_least_that_is_enough() -> None:
    spreads = Spreads()
    needed = listeners_needed(0.8, 24, 24, 0.3, 1, spreads)
    assert needed is not None
    assert (
        Plan(needed, 24, 24, 0.3, 1, spreads).power >= 0.8 > Plan(needed - 1, 24, 24, 0.3, 1, spreads).power
    )
    more = listeners_needed(0.8, 24, 24, 0.3, 6, spreads)
    assert more is None or more > needed


def test_the_command_says_what_it_takes(tmp_path: Path) -> None:
    make_clips(tmp_path / "clips", 6, ("one", "two"))
    file = tmp_path / "panel.toml"
    file.write_text(toml("acr", NO_STEPS))
    done = CliRunner().invoke(app, ["plan", str(file), "--difference", "0.3"])
    assert done.exit_code == 0, done.output
    assert "with these 6 clips no number of listeners reaches a power of 0.8" in done.output
    assert "only more clips help" in done.output
    alike = CliRunner().invoke(app, ["plan", str(file), "--difference", "0.3", "--clip-sd", "0"])
    assert "listeners reach a power of 0.8" in alike.output
    file.write_text(toml("ab", NO_STEPS))
    refused = CliRunner().invoke(app, ["plan", str(file), "--difference", "0.3"])
    assert isinstance(refused.exception, GaplistenError)
    assert "ab has none" in str(refused.exception)
