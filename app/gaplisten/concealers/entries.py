"""What is known of a plugin without running it: plain values, made in a worker process and kept as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from gaplisten.concealers.form import forms

ParameterType = Literal["float", "int", "bool", "str", "path", "choice"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One keyword parameter of a plugin.

    Parameters
    ----------
    name
        The keyword.
    type
        What it takes; ``choice`` means one of `choices`.
    default
        Used when nothing is given; `None` with `required` means that something must be given.
    minimum, maximum
        Range of a number, `None` where it is open; the ends belong to it unless `above` or `below` is set.
    above, below
        Whether `minimum` (`maximum`) itself is out of range.
    optional
        Whether `None` is a value of its own.
    """

    name: str
    type: ParameterType
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    above: bool = False
    below: bool = False
    unit: str = ""
    help: str = ""
    choices: tuple[Any, ...] = ()
    required: bool = False
    optional: bool = False

    @property
    def range(self) -> str:
        """The range in words, empty when everything goes."""
        if self.type == "choice":
            return ", ".join(map(str, self.choices))
        low = "" if self.minimum is None else f"{'>' if self.above else '>='} {self.minimum:g}"
        high = "" if self.maximum is None else f"{'<' if self.below else '<='} {self.maximum:g}"
        return ", ".join(filter(None, (low, high)))


@dataclass(frozen=True, slots=True)
class Entry:
    """A plugin that keeps the contract.

    Parameters
    ----------
    name
        The file's stem, or the entry point's name: what the command line and manifests call it.
    title
        What people read.
    form
        Name of the form in which it is written, e.g. ``streaming``; see `gaplisten.concealers.form`.
    rates
        Rates in Hz that it can work at; empty means any.
    channels
        1 when it is called once per channel, else `None`.
    causal
        What the author says; `None` when nothing is said.
    delay_ms
        Declared algorithmic delay with default parameters, `None` when it cannot be told without them.
    source
        Standard or paper.
    path
        The file.
    digest
        SHA-256 of the file when it was described.
    deterministic
        Whether results may be kept and shown again.
    target
        Name of the class or function in the file when an entry point says which; else empty.
    origin
        ``bundled``, ``user``, ``named`` (a folder the user named) or ``entry point``.
    lacks
        What it said that it lacked when it was described (a library, a model), and how to get it.
    """

    name: str
    title: str
    form: str
    parameters: tuple[Parameter, ...]
    rates: tuple[int, ...]
    channels: int | None
    causal: bool | None
    delay_ms: float | None
    source: str
    path: Path
    digest: str
    help: str = ""
    deterministic: bool = True
    target: str = ""
    origin: str = "named"
    lacks: str = ""

    @property
    def needs_reference(self) -> bool:
        """Whether it works on the undamaged speech; then it must be given with the lossy one."""
        return forms()[self.form].needs_reference

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter of that name, if there is one."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)


@dataclass(frozen=True, slots=True)
class BrokenEntry:
    """A file in a plugin folder that cannot be used, and why."""

    name: str
    path: Path
    message: str
    details: str = ""
    digest: str = ""
    origin: str = "named"

    @property
    def title(self) -> str:
        """What people read."""
        return self.name


def to_json(entry: Entry) -> dict[str, Any]:
    """Return the entry as plain values."""
    return {**asdict(entry), "path": str(entry.path)}


def from_json(values: dict[str, Any]) -> Entry:
    """Make the entry from what `to_json` or a worker's description gave."""
    parameters = tuple(_parameter(value) for value in values["parameters"])
    return Entry(
        **{
            **values,
            "path": Path(values["path"]),
            "parameters": parameters,
            "rates": tuple(int(rate) for rate in values["rates"]),
        }
    )


def _parameter(values: dict[str, Any]) -> Parameter:
    return Parameter(**{**values, "choices": tuple(values["choices"])})


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one run.

    Parameters
    ----------
    times_real_time
        A run may take this many times the signal's length ...
    least_seconds
        ... but at least this long.
    memory_bytes
        How much a plugin may allocate beyond what its process holds after import; 0 means no limit.
        Enforced on Linux.
    import_seconds
        How long importing and describing a plugin may take.
    """

    times_real_time: float = 10.0
    least_seconds: float = 10.0
    memory_bytes: int = 2 * 2**30
    import_seconds: float = 10.0

    def seconds(self, length_seconds: float) -> float:
        """Return the time limit for a signal of that length."""
        return max(self.least_seconds, self.times_real_time * length_seconds)
