"""The window's language: `tr` around each text that is shown, `tr_said` around what engines say.

The English text is the key: it stands in the code, where it is read, and is shown where a language lacks it.
Texts that data hold (commands, panes, drawers, measures) are translated where they are shown.
"""

from __future__ import annotations

import os
from functools import cache

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QObject, QTranslator

from gaplisten import languages
from gaplisten.bench.settings import read_settings
from gaplisten.errors import GaplistenError
from gaplisten.languages import WindowWords

VARIABLE = "GAPLISTEN_LANGUAGE"
_OWN_NAMES = ("Reference", "Lossy")


def tr(text: str, /, *, context: str = "", **values: object) -> str:
    """Return a text of the window in its language, with values in its places.

    Parameters
    ----------
    text
        The English text, whole; ``{name:.1f}`` is a place for a value as `str.format` has it.
    context
        What tells it from the same English text with another meaning: "Rate" of a sound, and of an opinion.
    values
        What stands in the places; errors are translated.

    >>> tr("{count} of {all} clips", count=2, all=3)
    '2 of 3 clips'
    """
    said = words().text(text, context)
    return said.format(**{name: _value(value) for name, value in values.items()}) if values else said


def tr_n(one: str, many: str, n: int, /, **values: object) -> str:
    """Return a text for a number of things, which stands in the place ``{n}``.

    >>> tr_n("{n} gap", "{n} gaps", 1)
    '1 gap'
    """
    said = words().counted(one, many, n)
    return said.format(n=n, **{name: _value(value) for name, value in values.items()})


def tr_said(said: object) -> str:
    """Return in the window's language what an engine says in English: an error, a measure's name, a fact."""
    if isinstance(said, GaplistenError):
        return words().error(said)
    return words().told(str(said))


def tr_state(state: str) -> str:
    """Return what is said of a version: one sentence, or remarks in a row, each by itself."""
    whole = tr_said(state)
    return whole if whole != state else ", ".join(map(tr_said, state.split(", ")))


def tr_parameter(of: str, name: str) -> str:
    """Return what the window calls a parameter of a bundled plugin or loss model; any other keeps its name.

    Parameters
    ----------
    of
        The plugin's name, or ``loss/`` and the model's; empty for what did not come with the program.

    >>> tr_parameter("", "mute_after")
    'mute after'
    """
    return words().parameters.get(f"{of}.{name}" if of else "", name.replace("_", " "))


def tr_lane(name: str) -> str:
    """Return a version's name: the program's own are translated, a condition called "low" is not."""
    return tr_said(name) if name in _OWN_NAMES else name


def _value(value: object) -> object:
    return tr_said(value) if isinstance(value, Exception) else value


@cache
def words() -> WindowWords:
    """Return what the window says; read once: who chooses another language sees it at the next start."""
    return languages.window_words(language())


def language() -> str:
    """Return the language's code: that of the environment, of the settings, or of the system."""
    there = languages.window_codes()
    for wish in (os.environ.get(VARIABLE, ""), read_settings().language):
        if wish in there:
            return wish
    return next((code for code in _system_codes() if code in there), languages.ENGLISH)


def _system_codes() -> list[str]:
    return [name.split("-")[0] for name in QLocale.system().uiLanguages()]


def qt_words(code: str, parent: QObject) -> QTranslator | None:
    """Have Qt say its own words (dialogs, buttons, menus of fields) in a language; return what does it."""
    translator = QTranslator(parent)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if not translator.load(f"qtbase_{code}", folder):
        return None
    QCoreApplication.installTranslator(translator)
    return translator
