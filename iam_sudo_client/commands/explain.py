"""An explanation of a session as lines for a person; `--json` is the explanation as it is.

A line may hold whatever is in a policy or a name, new lines too: `report.show` makes it printable.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# What no policy of the role tells, and every session has.
_ALWAYS = (
    "Resource policies that name the role do not apply to the session, and those that name the "
    "base role do."
)


def as_lines(explanation: Mapping[str, Any], *, diff: bool = False) -> list[str]:
    """The explanation, and with `diff` the session policy beside the policies of the role."""
    lines = [*_found(explanation), "", *_plan(explanation["plan"])]
    if boundary := explanation["permissions_boundary"]:
        lines += ["", f"The permissions boundary {boundary}"]
        lines += list(_statements(explanation["cut_by_boundary"], "  cuts nothing"))
    lines += ["", "Differences from the role"]
    lines += list(_statements(explanation["differences"], "  none that its policies tell"))
    lines += ["", _ALWAYS]
    if diff:
        lines += ["", *_diff(explanation)]
    return lines


def _found(explanation: Mapping[str, Any]) -> Iterator[str]:
    role = explanation["role"]
    yield f"Role       {role['name']} ({role['arn']})"
    yield f"Allowed by {explanation['rule']}"
    yield f"Base role  {explanation['base_role']}"
    yield f"Session    {explanation['session_name']}"


def _plan(plan: Mapping[str, Any]) -> Iterator[str]:
    limits = plan["limits"]
    yield (
        f"Session policies, {', '.join(plan['how']) or 'as they are'}: "
        f"{plan['characters']:,} of {limits['characters']:,} characters, "
        f"{len(plan['policy_arns'])} of {limits['policy_arns']} managed policies"
    )
    yield f"  {plan['policy_characters']:,} characters inline"
    for arn in plan["policy_arns"]:
        yield f"  {arn}"
    tags = ", ".join(f"{key}={value}" for key, value in plan["tags"].items())
    yield f"Session tags: {tags or 'none'}"
    if plan["tags_not_passed"]:
        yield f"  cannot be passed: {', '.join(plan['tags_not_passed'])}"


def _statements(differences: Iterable[Mapping[str, Any]], nothing: str) -> Iterator[str]:
    found = False
    for each in differences:
        found = True
        yield f"  {each['kind']} {each['detail']}"
        yield f"    in {each['policy']}: {json.dumps(each['statement'])}"
    if not found:
        yield nothing


def _diff(explanation: Mapping[str, Any]) -> Iterator[str]:
    before = [
        line
        for policy, document in explanation["policies"].items()
        for line in (f"# {policy}", *_pretty(document))
    ]
    after = _pretty(explanation["plan"]["policy"])
    yield from difflib.unified_diff(
        before, after, "policies of the role", "session policy", lineterm="", n=1_000
    )


def _pretty(document: object) -> list[str]:
    return json.dumps(document, indent=2).splitlines()
