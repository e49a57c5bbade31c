"""Verdicts as JUnit XML, which build servers show.

There is no one schema; what is written is valid by the one that Jenkins holds files against (`junit-10.xsd`).
"""

from __future__ import annotations

from collections.abc import Sequence

from gaplisten.batch.gate import MOST_NAMED, Verdict
from gaplisten.batch.limits import Limit
from gaplisten.report.svg import escaped


def junit_of(verdicts: Sequence[Verdict], limits: Sequence[Limit], *, allow_missing: bool) -> str:
    """Return a test suite for each build: a case for each limit, and one for the clips."""
    suites = [_suite(verdict, limits, allow_missing) for verdict in verdicts]
    failed = sum(suite[1] for suite in suites)
    tests = len(suites) * (len(limits) + 1)
    head = f'<testsuites name="gaplisten compare" tests="{tests}" failures="{failed}" errors="0">'
    return "\n".join(
        ('<?xml version="1.0" encoding="UTF-8"?>', head, *(suite[0] for suite in suites), "</testsuites>\n")
    )


def _suite(verdict: Verdict, limits: Sequence[Limit], allow_missing: bool) -> tuple[str, int]:
    broken = {breach.limit: breach for breach in verdict.breaches}
    cases, failed = [], 0
    for limit in limits:
        message, lines = "", list[str]()
        if limit in broken:
            message, lines = str(broken[limit]), list(broken[limit].figure.about)
        elif limit in verdict.unknown:
            message = limit.no_value
        cases.append(_case(verdict.build, limit.text, message, lines))
        failed += bool(message)
    message = "not all clips can be compared" if verdict.missing and not allow_missing else ""
    cases.append(_case(verdict.build, "clips of both builds", message, list(verdict.missing)))
    failed += bool(message)
    counts = f'tests="{len(limits) + 1}" failures="{failed}" errors="0"'
    head = f'<testsuite name="{escaped(verdict.build)}" {counts}>'
    return "\n".join((head, *cases, "</testsuite>")), failed


def _case(build: str, name: str, message: str, lines: list[str]) -> str:
    head = f'<testcase classname="{escaped(build)}" name="{escaped(name)}"'
    if not message:
        return f"{head}/>"
    more = [f"and {len(lines) - MOST_NAMED} more"] if len(lines) > MOST_NAMED else []
    told = "\n".join([*lines[:MOST_NAMED], *more])
    return f'{head}><failure type="limit" message="{escaped(message)}">{escaped(told)}</failure></testcase>'
