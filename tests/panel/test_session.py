"""Taking a panel: every method from first to last trial, and what the CSV then says."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.session import Session
from panel_bench import NO_STEPS, make_panel, take

METHODS = ["acr", "acr_effort", "dcr", "ccr", "ab", "abx", "mushra", "abc_hr"]
EXTRA = {"mushra": '[mushra]\nanchors = ["anchor35", "lossy"]\n', "abx": "[abx]\ntrials = 6\n"}


def panel_of(method: str, base: Path) -> FrozenPanel:
    return make_panel(base, method, NO_STEPS + EXTRA.get(method, ""))


def table(panel: FrozenPanel) -> pd.DataFrame:
    (path,) = panel.ratings.glob("*.csv")
    return pd.read_csv(path)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_can_be_taken_and_its_csv_is_complete(method: str, tmp_path: Path) -> None:
    panel = panel_of(method, tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        taken = take(session)
        assert session.finished
    rows = table(panel)
    per_trial = {"mushra": 5, "abc_hr": 2}.get(method, 1)
    expected = {"mushra": 4, "abx": 6, "ab": 4}.get(method, 8)
    assert (taken, len(rows)) == (expected, expected * per_trial)
    assert list(rows["order"]) == list(range(1, len(rows) + 1))
    assert set(rows["listener"]) == {"Ann"}
    assert set(rows["clip"]) == {"c0", "c1", "c2", "c3"}
    assert {"one", "two"} <= set(rows["condition"]) | set(rows["compared_with"])
    assert rows["score"].notna().all()
    assert rows["seconds_heard"].min() >= 0.39
    hashes = {one.sha256 for one in panel.key.stimuli}
    assert set(rows["stimulus_sha256"]) <= hashes
