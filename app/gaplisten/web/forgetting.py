"""Forgetting a listener: votes, answers and link."""

from __future__ import annotations

import time
from pathlib import Path

from gaplisten.durable.locks import Locked
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.withdrawing import NoSuchSession, withdraw
from gaplisten.web.links import LINKS, Links

LETS_GO_SECONDS = 2.0  # so soon a server closes a session whose link is gone
_WAIT_SECONDS = 5 * LETS_GO_SECONDS
_LOOK_SECONDS = 0.1


def forget(panel: FrozenPanel, listener: str, why: str = "asked to", ratings: Path | None = None) -> str:
    """Erase one listener's votes, answers and link for good; return what was done as sentences.

    The link goes first, so that nobody votes behind it meanwhile; a server that has the session open lets it
    go then, and is waited for. That somebody was erased, and how many votes, is kept.

    Raises
    ------
    NoSuchSession
        If there is neither a session nor a link of that name.
    CannotWithdraw, LinksLost
        If something cannot be written.
    Locked
        If the session stays open.
    """
    place = ratings or panel.ratings
    had_link = (place / LINKS).exists() and Links(panel, place).remove(listener)
    until = time.monotonic() + (_WAIT_SECONDS if had_link else 0)
    while True:
        try:
            said = [withdraw(panel, listener, why, ratings, erase=True).said()]
        except NoSuchSession:
            if not had_link:
                raise
            said = []
        except Locked:
            if time.monotonic() >= until:
                raise
            time.sleep(_LOOK_SECONDS)
            continue
        return "\n".join([*said, *(["the link leads nowhere now"] if had_link else [])])
