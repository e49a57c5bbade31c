"""Scoring the clips that are open: what was asked for stays as it was when the work began."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gaplisten.batch.score import ScoreBatch
from gaplisten.batch.score_work import ScoreWish, score_clips
from gaplisten.clips.clip_tables import ClipTableError
from gaplisten.clips.layouts import find_clips
from gaplisten.jobs import Job
from kit.challenge import challenge_set


def test_the_table_of_clips_is_read_once_before_the_work(tmp_path: Path) -> None:
    clips = find_clips([challenge_set(tmp_path / "set", 2, seconds=0.5, longest=(2, 10))])
    table = tmp_path / "rooms.csv"
    table.write_text("clip,room\n" + "".join(f"{clip.name},hall\n" for clip in clips.clips))
    wish = ScoreWish(
        clips, ("lossy",), (), ("wacc_service",), tmp_path / "s.csv", metadata=table, strata="room"
    )
    strata: list[str] = []

    def by_service(versions: Any, *_: Any, **__: Any) -> ScoreBatch:
        strata.extend(version.stratum for version in versions)
        table.write_text("somebody is editing it")
        return ScoreBatch((), 0)

    score_clips(wish, None, Job(), by_service)
    assert strata == ["room hall"] * 2
    with pytest.raises(ClipTableError, match=r"no rows|is no table|no column"):  # told before any work
        score_clips(wish, None, Job(), by_service)
    assert len(strata) == 2
