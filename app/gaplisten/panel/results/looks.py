"""Who looks at results while others are still to listen: kept, and told.

Whether to go on after a look is a decision by what was seen; a test that is stopped when it pleases is wrong
more often than it says (an ABX test looked at after every trial up to 20: in 10 % instead of 5 %).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gaplisten.durable.files import write_whole
from gaplisten.errors import GaplistenError
from gaplisten.panel.imported import ImportedVotes, Source
from gaplisten.panel.results.evaluation import Results
from gaplisten.panel.results.verdict import words_of
from gaplisten.panel.safety import read_limited

LOOKS = "results-looked-at.jsonl"
_LARGEST = 1 << 20


def looked(panel: Source, results: Results, ratings: Path | None = None) -> list[str]:
    """Keep that these results were looked at; return what must be said of earlier looks.

    A look counts where there were fewer listeners than now. One that changes nothing is not kept again.
    """
    if not results.listeners or isinstance(panel, ImportedVotes):  # what was imported is over
        return []
    path = (ratings or panel.ratings) / LOOKS
    now = len(results.listeners)
    words = words_of(results.language)
    try:
        text = read_limited(path, _LARGEST, "record of looks").decode("utf-8") if path.exists() else ""
        before = [found for line in text.splitlines() if (found := _listeners(line)) is not None]
        if not before or before[-1] != now:
            at = datetime.now(UTC).isoformat(timespec="seconds")
            write_whole(path, f"{text}{json.dumps({'at': at, 'listeners': now})}\n".encode())
    except (GaplistenError, OSError, UnicodeDecodeError) as error:
        return [words["look_not_kept"].format(why=error)]
    earlier = [count for count in before if count < now]
    return [words["looked"].format(times=len(earlier), listeners=earlier[-1])] if earlier else []


def _listeners(line: str) -> int | None:
    try:
        said: Any = json.loads(line)
    except ValueError:
        return None
    count = said.get("listeners") if isinstance(said, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) else None
