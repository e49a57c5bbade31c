"""Recognisers of speech, one file each: a module of this folder with a `RECOGNISER` is one more.

Those that bring no model have the folder of one named in the user's settings, ``recognisers.toml``.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import tomllib
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from gaplisten import folders
from gaplisten.durable.digests import sha256_of
from gaplisten.installed import is_installed
from gaplisten.metrics.recognisers.contract import Hear, Recogniser
from gaplisten.untrusted import MOST_SETTINGS, read_regular

_CONTRACT = "contract"
_FIRST = "pocketsphinx"  # needs nothing but its package


@lru_cache(maxsize=1)
def recognisers() -> dict[str, Recogniser]:
    """Return all recognisers by name, the one that needs no model first."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__) if found.name != _CONTRACT)
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    known = {each.name: each for module in modules if (each := getattr(module, "RECOGNISER", None))}
    return dict(sorted(known.items(), key=lambda item: item[0] != _FIRST))


def settings_path() -> Path:
    """Return the file in which the user names folders of models, such as ``vosk = "/models/vosk-en"``."""
    return folders.user_config() / "recognisers.toml"


def model_of(recogniser: Recogniser) -> Path | None:
    """Return the folder of the model that the user named; None where the recogniser brings its own.

    Raises
    ------
    LookupError
        If none is named, or it is not there: with the way out.
    """
    if recogniser.own_model:
        return None
    path = settings_path()
    try:
        named = tomllib.loads(read_regular(path, MOST_SETTINGS).decode()).get(recogniser.name)
    except FileNotFoundError:
        named = None
    except (OSError, ValueError, RecursionError) as error:
        raise LookupError(f"{path} cannot be read ({error})") from error
    if named is None:
        raise LookupError(f'needs a model: write {recogniser.name} = "its folder" into {path}')
    if not isinstance(named, str) or not Path(named).is_absolute():
        raise LookupError(f"{path}: {recogniser.name} is not the whole path of a folder in quotes")
    if not Path(named).is_dir():
        raise LookupError(f"its model's folder {named} is not there (named in {path})")
    return Path(named)


def trouble_of(recogniser: Recogniser) -> str:
    """Return why a recogniser cannot be used on this machine; empty when it can."""
    if not is_installed(recogniser.module):
        return f"needs the package {recogniser.package}"
    try:
        model_of(recogniser)
    except LookupError as reason:
        return str(reason)
    return ""


def version_of(recogniser: Recogniser) -> str:
    """Return the version of the recogniser's package; empty when it is not there."""
    try:
        return version(recogniser.package)
    except PackageNotFoundError:
        return ""


def described(recogniser: Recogniser) -> str:
    """Return what hears, for people: program, version and model (its name, not where it lies)."""
    try:
        model = model_of(recogniser)
        called = recogniser.own_model if model is None else f"model {model.name}"
    except LookupError:
        called = "no model"
    return f"{recogniser.title} {version_of(recogniser)}, {called}"


def model_hash(recogniser: Recogniser) -> str:
    """Return a hash of all files of the model that the user named; empty where there is none."""
    try:
        model = model_of(recogniser)
    except LookupError:
        return ""
    if model is None:
        return ""
    files = sorted(path for path in model.rglob("*") if path.is_file())
    stamps = tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    return _hash_of(model, stamps)


@lru_cache(maxsize=8)
def _hash_of(model: Path, stamps: tuple[tuple[Path, int, int], ...]) -> str:
    total = hashlib.sha256()
    for path, *_ in stamps:
        total.update(f"{path.relative_to(model).as_posix()} {sha256_of(path)}\n".encode(errors="replace"))
    return total.hexdigest()[:16]


@lru_cache(maxsize=2)
def _loaded(name: str, model: Path | None) -> Hear:
    return recognisers()[name].load(model)


def ears_of(recogniser: Recogniser) -> Hear:
    """Return what hears, loaded once for a process: to be called in a worker.

    Raises
    ------
    LookupError
        If it needs a model that is not there.
    """
    return _loaded(recogniser.name, model_of(recogniser))
