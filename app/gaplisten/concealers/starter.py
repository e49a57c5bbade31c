"""A commented plugin file to begin with."""

from __future__ import annotations

import keyword
import os
from pathlib import Path

from gaplisten.concealers.form import forms
from gaplisten.durable.files import write_whole
from gaplisten.errors import GaplistenError
from gaplisten.folders import bundled_plugins, user_plugins


class StarterRefused(GaplistenError):  # noqa: N818 - named after what happened
    """A starter file that cannot be written."""


def write_starter(name: str, form: str = "streaming", folder: Path | None = None) -> Path:
    """Write a plugin file that works as it is, into the user's plugin folder.

    Parameters
    ----------
    name
        A Python identifier; becomes the file's name. Not a bundled concealer's, which it would hide.
    form
        ``streaming``, ``file`` or ``codec``: what a form calls its `choice`.

    Raises
    ------
    StarterRefused
        If the name cannot be used or the file exists: nothing is ever overwritten.
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise StarterRefused(
            name, "cannot be a plugin's name", "use letters, digits and _, such as my_concealer"
        )
    if (bundled_plugins() / f"{name}.py").exists():
        raise StarterRefused(
            name, "is a bundled concealer, which your file would hide", "choose another name"
        )
    starters = {each.choice: each.starter for each in forms().values()}
    if form not in starters:
        raise StarterRefused(f"--form {form}", "is no form of plugin", f"use {' or '.join(starters)}")
    path = (folder or user_plugins()) / f"{name}.py"
    title = name.replace("_", " ").capitalize()
    classname = "".join(part.capitalize() for part in name.split("_"))
    text = starters[form].format(title=title, classname=classname)
    if os.path.lexists(path):
        raise StarterRefused(str(path), "is there already", "choose another name, or edit that file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise StarterRefused(
            str(path), f"cannot be written ({error.strerror})", "check the folder"
        ) from error
    return path
