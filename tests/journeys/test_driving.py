"""What a journey that came to nothing says of itself."""

from __future__ import annotations

from kit.driving import Scenario, place


def test_a_wait_in_vain_is_named_down_to_the_scenario_that_waits() -> None:
    def inner() -> Scenario:
        yield lambda: False

    def outer() -> Scenario:
        yield from inner()

    waiting = outer()
    next(waiting)
    first = outer.__code__.co_firstlineno
    assert place(waiting) == f"line {first + 1} in outer, line {first - 2} in inner"
    assert place(iter([lambda: True])) == "the end"
