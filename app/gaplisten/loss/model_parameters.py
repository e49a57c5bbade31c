"""Parameters of loss models, described so that a form can show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gaplisten.errors import GaplistenError

Value = float | int | str


class LossModelError(GaplistenError):
    """A loss model or parameter that cannot be used."""


@dataclass(frozen=True)
class ModelParameter:
    """One parameter of a model: what a form needs to show it.

    Parameters
    ----------
    minimum, maximum
        Inclusive range of numbers; None for choices.
    choices
        Allowed words, when it is no number.
    """

    name: str
    default: Value
    help: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    whole: bool = False

    @property
    def kind(self) -> str:
        """Which widget fits: ``choice``, ``text``, ``integer`` or ``number``."""
        if self.choices:
            return "choice"
        if isinstance(self.default, str):
            return "text"
        return "integer" if self.whole else "number"

    def checked(self, value: Any) -> Value:
        """Return a value of the right type within the range.

        Raises
        ------
        LossModelError
            If it is not.
        """
        if self.kind == "choice":
            return self._choice(str(value))
        if self.kind == "text":
            return str(value)
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            raise LossModelError(self.name, f"{value!r} is no number", self._range()) from error
        low, high = self.minimum, self.maximum
        inside = (low is None or number >= low) and (high is None or number <= high)
        if not np.isfinite(number) or not inside or (self.whole and number != int(number)):
            raise LossModelError(self.name, f"{number:g} is out of range", self._range())
        return int(number) if self.whole else number

    def _choice(self, word: str) -> str:
        if word not in self.choices:
            raise LossModelError(self.name, f"{word!r} is not known", "choose " + ", ".join(self.choices))
        return word

    def _range(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"give {kind} from {self.minimum:g} to {self.maximum:g} {self.unit}".rstrip()
