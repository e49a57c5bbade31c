"""Settings: what makes no sense falls back, and never keeps the window from starting."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gaplisten.bench.settings import Settings, read_settings, write_settings


@pytest.mark.parametrize(
    "text",
    [
        "level_dbov = -" + "9" * 400,
        "level_dbov = " + "1" * 5000,
        "x = " + "[" * 100_000,
        "x = " + "{a=" * 50_000,
        "level_dbov = nan",
        "level_dbov = true",
        "theme = []",
        "\x00",
        "#" * 2_000_000,
    ],
    ids=["400 digits", "5000 digits", "lists", "tables", "nan", "a truth", "a list", "no text", "2 MB"],
)
def test_whatever_stands_there_the_defaults_are_used(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    assert read_settings(path) == Settings()


def test_one_value_that_makes_no_sense_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('theme = "dark"\nlevel_dbov = -' + "9" * 400, encoding="utf-8")
    assert read_settings(path) == Settings(theme="dark")
    write_settings(Settings(theme="light"), path)
    assert read_settings(path) == Settings(theme="light")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_in_their_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "settings.toml")
    assert read_settings(tmp_path / "settings.toml") == Settings()


@pytest.mark.parametrize("value", ['"/opt"', "[3]", '["here"]', "[[]]"])
def test_folders_of_plugins_are_whole_paths_or_none(tmp_path: Path, value: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f'theme = "dark"\nplugin_folders = {value}\n', encoding="utf-8")
    assert read_settings(path) == Settings(theme="dark")
    kept = Settings(plugin_folders=(str(tmp_path), "/opt/plc"))
    write_settings(kept, path)
    assert read_settings(path) == kept


@pytest.mark.parametrize(("size", "read"), [(1_000_000, True), (1_000_001, False)])
def test_a_file_of_more_than_a_megabyte_is_none_of_settings(tmp_path: Path, size: int, read: bool) -> None:
    path, text = tmp_path / "settings.toml", 'theme = "dark"\n#'
    path.write_text(text.ljust(size, "#"), encoding="utf-8")
    assert read_settings(path).theme == ("dark" if read else Settings().theme)
