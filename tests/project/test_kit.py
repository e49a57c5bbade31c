"""The stand-ins that tests share stand in for all of what they replace."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from gaplisten.playback.player import Player
from kit.player import FakePlayer

TESTS = Path(__file__).resolve().parents[1]
OF_ITS_HOST = {"sound_stopped", "sound_began"}


def test_no_call_to_the_fake_player_reaches_the_real_one() -> None:
    calls = {name for name in vars(Player) if not name.startswith("_")}
    assert calls - OF_ITS_HOST <= set(vars(FakePlayer))


def test_tests_share_nothing_but_the_kit() -> None:
    """A helper that a test of another folder needs belongs into the kit."""
    folders = {path.name for path in TESTS.iterdir() if path.is_dir()} - {"kit"}
    found = set()
    for path in TESTS.rglob("*.py"):
        others = folders - {path.relative_to(TESTS).parts[0]}
        text = path.read_text(encoding="utf-8")
        if not re.search(rf"\bfrom[\s\\]+({'|'.join(others)})\b", text):
            continue  # few hold even the words, and a look into the others' trees takes long
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in others:
                found.add(f"{path.relative_to(TESTS)}: {node.module}")
    assert sorted(found) == []
