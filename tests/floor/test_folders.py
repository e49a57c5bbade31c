"""Where bundled files lie: in the checkout, or inside an installed wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from gaplisten import folders


def test_in_a_checkout_what_is_bundled_lies_at_its_top() -> None:
    top = Path(__file__).resolve().parents[2]
    assert (folders.resources(), folders.bundled_plugins()) == (top / "resources", top / "plugins")


def test_a_wheel_carries_what_is_bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_PACKAGE", tmp_path)
    (tmp_path / "_bundled" / "resources").mkdir(parents=True)
    assert folders.resources() == tmp_path / "_bundled" / "resources"
