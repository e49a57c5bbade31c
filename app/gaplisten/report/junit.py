"""Verdicts as JUnit XML, which build servers show."""

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
    head = f'<testsuites name="gaplisten compare" tests="{tests}" failures="{failed}">'
    return "\n".join(
        ('<?xml version="1.0" encoding="UTF-8"?>', head, *(suite[0] for suite in suites), "</testsuites>\n")
    )


def _suite(verdict: Verdict, limits: Sequence[Limit], allow_missing: bool) -> tuple[str, int]:
    broken = {breach.limit.text: breach for breach in verdict.breaches}
    unknown = {text.partition(": there is")[0]: text for text in verdict.unknown}
    cases, failed = [], 0
    for limit in limits:
        message, lines = "", list[str]()
        if limit.text in broken:
            message, lines = str(broken[limit.text]), list(broken[limit.text].figure.about)
        elif limit.text in unknown:
            message = unknown[limit.text]
        cases.append(_case(verdict.build, limit.text, message, lines))
        failed += bool(message)
    count = len(verdict.missing)
    message = f"{count} clips cannot be compared" if count and not allow_missing else ""
    cases.append(_case(verdict.build, "clips of both builds", message, list(verdict.missing)))
    failed += bool(message)
    head = f'<testsuite name="{escaped(verdict.build)}" tests="{len(limits) + 1}" failures="{failed}">'
    return "\n".join((head, *cases, "</testsuite>")), failed


def _case(build: str, name: str, message: str, lines: list[str]) -> str:
    head = f'<testcase classname="{escaped(build)}" name="{escaped(name)}"'
    if not message:
        return f"{head}/>"
    more = [f"and {len(lines) - MOST_NAMED} more"] if len(lines) > MOST_NAMED else []
    told = "\n".join([*lines[:MOST_NAMED], *more])
    return f'{head}><failure message="{escaped(message)}">{escaped(told)}</failure></testcase>'
