"""Plugins that do the same thing do it by the same lines: each is a file to copy, so none imports another."""

from __future__ import annotations

import ast

import pytest

from gaplisten.folders import bundled_plugins

TWINS = {
    ("external_codec", "external_command"): (
        *("RefusedError", "arguments_of", "read_wav", "_prepare_program", "run", "_end_of"),
    ),
    ("opus", "opus_deep"): ("RefusedError", "opus_library", "_version", "_places", "_declared", "_at"),
}


def parts(name: str) -> dict[str, str]:
    """Return the functions and classes of a plugin, as text."""
    tree = ast.parse((bundled_plugins() / f"{name}.py").read_text(encoding="utf-8"))
    return {each.name: ast.unparse(each) for each in tree.body if hasattr(each, "name")}


@pytest.mark.parametrize("twins", TWINS, ids=" ".join)
def test_what_two_plugins_have_in_common_is_the_same_in_both(twins: tuple[str, str]) -> None:
    one, other = map(parts, twins)
    assert {name: one[name] for name in TWINS[twins]} == {name: other[name] for name in TWINS[twins]}
