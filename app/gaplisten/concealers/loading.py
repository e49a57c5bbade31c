"""Reading a plugin file: runs its code, so only ever called inside a worker process."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from unicodedata import category

from gaplisten.concealers.checked import verified
from gaplisten.concealers.errors import NotAPlugin
from gaplisten.concealers.form import Form, Plugin, forms
from gaplisten.durable.digests import sha256_of

_TEXT_LIMIT = 20_000


def load(path: Path, target: str = "") -> Plugin:
    """Run the file and find the one class or function that it defines.

    Raises
    ------
    NotAPlugin
        If the file keeps no form of the contract.
    NotAsAllowed
        If it holds other code than its reader allowed.
    BaseException
        Whatever the file raises.
    """
    source = verified(path, path.read_bytes())
    digest = sha256_of(source)
    module = ModuleType(f"gaplisten_plugin_{path.stem}_{digest[:12]}")
    module.__file__ = str(path)
    # dataclasses and pickle inside the plugin look their module up by name.
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)
    except BaseException:
        sys.modules.pop(module.__name__, None)
        raise
    return _plugin(module, path, digest, target)


def load_entry_point(value: str) -> Plugin:
    """Import what an entry point names (``package.module`` or ``package.module:Class``)."""
    name, _, target = value.partition(":")
    module = importlib.import_module(name)
    path = Path(module.__file__ or "")
    digest = sha256_of(path)
    return _plugin(module, path, digest, target)


def _plugin(module: ModuleType, path: Path, digest: str, target: str) -> Plugin:
    if not target:
        return Plugin(*_only(module), module, path, digest)
    found = getattr(module, target)
    form = next((each for each in forms().values() if each.fits(found)), None)
    if form is None:
        raise NotAPlugin(f"'{target}' is of no form of the contract")
    return Plugin(form, found, module, path, digest)


def _only(module: ModuleType) -> tuple[Form, Callable[..., Any]]:
    found = [(form, target) for form in forms().values() for target in form.targets(module)]
    if not found:
        known = " nor ".join(form.lacks for form in forms().values())
        raise NotAPlugin(f"defines neither {known}")
    if len(found) > 1:
        names = ", ".join(getattr(target, "__name__", "conceal") for _, target in found)
        raise NotAPlugin(f"defines several concealers ({names}); begin the names of helpers with _")
    return found[0]


def own_traceback(error: BaseException, path: Path) -> str:
    """Return the error as Python prints it, beginning at the plugin's own first frame."""
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename != str(path):
        frame = frame.tb_next
    try:
        text = "".join(traceback.format_exception(type(error), error, frame, chain=frame is not None))
    except BaseException:  # noqa: BLE001 - an exception's own __str__ may raise anything
        text = type(error).__name__
    return readable(text[-_TEXT_LIMIT:].strip())


def readable(text: str) -> str:
    """Return a plugin's words so that every screen and file takes them: the rest is escaped."""
    return "".join(
        sign
        if sign in "\n\t" or category(sign) not in ("Cc", "Cs")
        else sign.encode("unicode_escape").decode()
        for sign in text
    )


def sentence(error: BaseException) -> str:
    """Return what an error meant for people says, in one line."""
    try:
        return readable(" ".join(str(error).split())[:1000])
    except BaseException:  # noqa: BLE001 - an exception's own __str__ may raise anything
        return type(error).__name__


def one_line(error: BaseException) -> str:
    """Return type and message of an error in one line."""
    try:
        # A syntax error's own text ends with the file and line, which the host says itself.
        text = " ".join(str(getattr(error, "msg", "") if isinstance(error, SyntaxError) else error).split())
    except BaseException:  # noqa: BLE001 - an exception's own __str__ may raise anything
        text = ""
    name = type(error).__name__
    return readable(f"{name}: {text[:300]}" if text else name)


def line_of(error: BaseException, path: Path) -> int | None:
    """Return the line of the plugin in which the error arose, if it did there."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    line = None
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == str(path):
            line = number
    return line
