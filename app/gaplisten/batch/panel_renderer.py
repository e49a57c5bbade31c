"""What runs concealers while a panel is built."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

from gaplisten.audio.signal import Signal
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.consent import PROGRAMS, wanted
from gaplisten.concealers.entries import Entry
from gaplisten.concealers.parameters import validate
from gaplisten.concealers.runner import Runner
from gaplisten.errors import GaplistenError
from gaplisten.loss.trace import LossTrace
from gaplisten.panel.key import ConditionKey
from gaplisten.panel.stimuli import Value


class NotForPanels(GaplistenError):  # noqa: N818 - reads as the fact it is
    """A concealer that a panel's file may not ask for by itself."""


class CatalogueRenderer:
    """Runs the catalogue's concealers in processes of their own; close it when the panel is built.

    Parameters
    ----------
    catalogue
        Scanned on first use when not given.
    programs
        Whether the panel may run other programs and name paths in parameters. A panel's file may come from a
        stranger, so this is the decision of the person who builds it.
    """

    def __init__(self, catalogue: Catalogue | None = None, *, programs: bool = False) -> None:
        self._catalogue, self._programs = catalogue, programs
        self._runner: Runner | None = None

    def __enter__(self) -> CatalogueRenderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the worker processes."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def _entry(self, concealer: str) -> Entry:
        # The catalogue would read any .py file named by its path: code comes from plugin folders only.
        if any(mark in concealer for mark in ("/", "\\", ":")) or concealer.endswith(".py"):
            fact = "a panel names concealers of the plugin folders, no files"
            raise NotForPanels(f"concealer {concealer[:80]}", fact, "put the file into your plugin folder")
        if self._catalogue is None:
            self._catalogue = Catalogue.scan()
        return self._catalogue.get(concealer)

    def _check(self, entry: Entry, parameters: Mapping[str, Value]) -> None:
        if self._programs:
            return
        for name, value in parameters.items():
            parameter = entry.parameter(name)
            if name in PROGRAMS or (parameter is not None and parameter.type == "path"):
                fact = f"its parameter {name!r} starts a program or names a file"
            elif isinstance(value, str) and (use := wanted(entry, name, value)):
                fact = f"its plugin is to {use}"  # who knows what for
            else:
                continue
            way_out = "look at the panel's file, then build with --allow-programs"
            raise NotForPanels(f"concealer {entry.name}", fact, way_out)

    def describe(self, concealer: str, parameters: Mapping[str, Value]) -> ConditionKey:
        """Check name and parameters; say what will be run."""
        entry = self._entry(concealer)
        self._check(entry, parameters)
        checked = validate(entry, parameters)
        plain = {
            name: value if isinstance(value, str | int | float | bool) else str(value)
            for name, value in checked.items()
        }
        return ConditionKey(
            name=entry.name, source=f"concealer {entry.name}", parameters=plain, digest=entry.digest
        )

    def conceal(
        self,
        concealer: str,
        parameters: Mapping[str, Value],
        lossy: Signal,
        trace: LossTrace,
        reference: Signal | None,
    ) -> Signal:
        """Return the concealed signal, its declared delay removed."""
        entry = self._entry(concealer)
        if self._runner is None:
            self._runner = Runner(workers=1)
        return self._runner.submit(entry, parameters, lossy, trace, reference=reference).result().signal
