"""Digests of bytes, texts and files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from gaplisten.durable.digests import sha256_of


def test_the_same_content_has_the_same_digest_as_bytes_text_and_file(tmp_path: Path) -> None:
    content = "ä" * 3_000_000
    (tmp_path / "f").write_text(content, encoding="utf-8")
    expected = hashlib.sha256(content.encode()).hexdigest()
    assert {sha256_of(content), sha256_of(content.encode()), sha256_of(tmp_path / "f")} == {expected}


def test_a_pipe_has_no_digest_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        sha256_of(tmp_path / "pipe")
    with pytest.raises(FileNotFoundError):
        sha256_of(tmp_path / "missing")
