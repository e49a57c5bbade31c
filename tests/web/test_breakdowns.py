"""Server, browser and network go down at any moment, again and again: no vote is lost, none counts twice."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from gaplisten.panel.frozen import FrozenPanel
from gaplisten.web.links import Links
from kit.broken_line import Line, line_to
from kit.chrome import Browser, chrome
from kit.panels import make_panel, saved_rows
from kit.pulse import wait_for
from kit.served import serving_elsewhere

pytestmark = pytest.mark.xdist_group("browsers")

KEPT = "return [...outbox.memory.values()].some(entry => entry.kept)"


def vote_of(number: int) -> int:
    return 1 + (7 * number + 3) % 5


class Desk:
    """A listener's browser, a line and a server, each of which may go down."""

    def __init__(self, folder: Path, panel: FrozenPanel, token: str, line: Line) -> None:
        self._folder, self._panel, self._token, self.line = folder, panel, token, line
        self._browsers = contextlib.ExitStack()
        self._servers = contextlib.ExitStack()
        self.browser: Browser

    def start_server(self) -> None:
        process, port, _ = self._servers.enter_context(serving_elsewhere(self._panel))
        self.process, self.line.to = process, port

    def start_browser(self) -> None:
        self.browser = self._browsers.enter_context(chrome(self._folder / "profile"))
        self.browser.go(f"http://127.0.0.1:{self.line.port}/s/{self._token}/")
        self.begin()

    def begin(self) -> None:
        browser = self.browser
        browser.wait(lambda: browser.run("return !!page.querySelector('button.on')"), "the first page")
        browser.press("ENTER")
        self.to_a_trial()

    def to_a_trial(self, other_than: int = 0) -> int:
        """Wait until a trial is shown; return its number, 0 when all is over."""
        browser = self.browser

        def shown() -> bool:
            if browser.run("return !view && !!page.querySelector('button.on.ready')"):
                browser.press("ENTER")  # a message
            over = browser.run("return page.textContent.includes(words.finished)")
            number = browser.run("return view ? view.trial.number : 0")
            return bool(over) or (number not in (0, other_than))

        browser.wait(shown, "a trial is shown")
        return int(browser.run("return view ? view.trial.number : 0"))

    def kill_server(self) -> None:
        self.process.kill()
        self.process.wait()
        self._servers.close()

    def kill_browser(self) -> None:
        self.browser.kill()
        self._browsers.close()

    def close(self) -> None:
        self._browsers.close()
        self._servers.close()


@pytest.mark.long
@pytest.mark.parametrize("breakdowns", [10, 200])
def test_no_breakdown_loses_or_doubles_a_vote(breakdowns: int, tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=10, frames=800, top=f"repeats = {breakdowns // 20 + 1}")
    (link,) = Links(panel, panel.ratings).add(["Ann"])
    chance, seen, lost = random.Random(17), Counter[str](), list[int]()
    with line_to(0) as line:
        desk = Desk(tmp_path, panel, link.token, line)
        try:
            desk.start_server()
            desk.start_browser()
            for _ in range(breakdowns):
                number = desk.to_a_trial()
                browser = desk.browser
                browser.press(" ")
                browser.wait(lambda b=browser: b.run("return view.player.heardWhole(0)"), "it is heard")
                browser.press(str(vote_of(number)))
                kind = chance.choices(["server", "network", "browser"], [5, 4, 1])[0]
                # Half of the time it is down before the vote is sent, half of the time a moment after.
                before = chance.random() < 0.5
                if before and kind != "browser":
                    desk.kill_server() if kind == "server" else line.cut()
                browser.press("ENTER")
                kept = False
                if before and kind == "browser":
                    kept = (
                        bool(browser.run(KEPT)) or browser.run("return !view || view.trial.number") != number
                    )
                else:
                    time.sleep(chance.uniform(0, 0.08))
                if kind == "browser":
                    desk.kill_browser()
                    desk.start_browser()
                    again = desk.to_a_trial()
                    if kept and again == number:
                        lost.append(number)
                elif kind == "server":
                    if not before:
                        desk.kill_server()
                    desk.start_server()
                else:
                    line.cut()
                    time.sleep(chance.uniform(0, 0.1))
                    line.mend()
                if kind != "browser":
                    desk.to_a_trial(number)
                seen[kind] += 1
        finally:
            desk.close()
    print(dict(seen))
    assert lost == []
    wait_for(lambda: saved_rows(panel), what="votes")
    rows = saved_rows(panel)
    numbers = [int(row["trial"]) for row in rows]
    assert numbers == list(range(1, len(rows) + 1))
    assert len(rows) >= breakdowns - seen["browser"]
    assert [int(row["vote"]) for row in rows] == [vote_of(number) for number in numbers]
    assert not (panel.ratings / "other").exists()
