"""A hundred listeners at once: nobody waits in vain, and every answered trial is on the disk once."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.session_files import read_session
from gaplisten.panel.web_sounds import with_web_sounds
from gaplisten.web.links import Links
from kit.panels import make_panel
from kit.served import Remote, serving_elsewhere
from kit.timing import PATIENCE


class Crowd:
    """Listeners who take trials side by side.

    Attributes
    ----------
    waits
        How long each answer to a trial took, in seconds.
    answered
        By listener, the numbers of the trials that were answered.
    """

    def __init__(self, panel: FrozenPanel, port: int, listeners: int) -> None:
        links = Links(panel, panel.ratings).numbered(listeners)
        self.remotes = {link.listener: Remote(port, link.token) for link in links}
        self.waits: list[float] = []
        self.answered: dict[str, list[int]] = {link.listener: [] for link in links}
        self.errors: list[object] = []
        self._begin = threading.Barrier(listeners)

    def _take(self, listener: str, seconds: float, pause: float, *, sounds: bool) -> None:
        remote = self.remotes[listener]
        chance = np.random.default_rng(sum(map(ord, listener)))
        try:
            if not remote.tab:
                remote.open()
            self._begin.wait(PATIENCE)
            until = time.monotonic() + seconds
            while remote.screen["kind"] == "trial":
                time.sleep(chance.uniform(0, 2 * pause))
                if sounds:
                    for slot in remote.screen["slots"]:
                        assert remote.sound(slot["name"]).status == 200
                number = remote.screen["number"]
                before = time.monotonic()
                answer = remote.send()
                self.waits.append(time.monotonic() - before)
                assert answer.status == 200, (answer.status, answer.body)
                self.answered[listener].append(number)
                if time.monotonic() >= until:
                    break
        except Exception as error:  # noqa: BLE001 - whatever it was is told
            self.errors.append(error)

    def take(self, seconds: float, pause: float, *, sounds: bool = True) -> list[float]:
        """Take trials for so long, at least one each, with pauses of so many seconds on average."""
        self.waits = []
        threads = [
            threading.Thread(target=self._take, args=(one, seconds, pause), kwargs={"sounds": sounds})
            for one in self.remotes
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(self.waits)


@pytest.mark.parametrize(
    ("listeners", "seconds"), [(8, 1.0), pytest.param(100, 120.0, marks=pytest.mark.long)]
)
def test_every_answered_trial_of_a_crowd_is_on_the_disk_once(
    listeners: int, seconds: float, tmp_path: Path
) -> None:
    panel = make_panel(tmp_path, "acr", clips=20, frames=8000 if listeners > 10 else 1600, top="repeats = 2")
    with_web_sounds(panel)
    with serving_elsewhere(panel) as (_, port, _):
        crowd = Crowd(panel, port, listeners)
        waits = crowd.take(seconds, pause=listeners / 20)
        at_once = crowd.take(0, pause=0, sounds=False)
    assert crowd.errors == []
    median, late = (1000 * float(np.quantile(waits, share)) for share in (0.5, 0.99))
    print(f"{len(waits)} trials in {seconds:g} s: median {median:.0f} ms, p99 {late:.0f} ms")
    print(f"{len(at_once)} at once: the last after {1000 * at_once[-1]:.0f} ms")
    saved: dict[str, list[int]] = {}
    for path in panel.ratings.glob("*.csv"):
        read = read_session(panel, path)
        assert read.problems == ()
        saved[read.listener] = [int(row["trial"]) for row in read.rows]
    assert saved == {name: numbers for name, numbers in crowd.answered.items() if numbers}
    assert sum(map(len, saved.values())) == len(waits) + len(at_once)
