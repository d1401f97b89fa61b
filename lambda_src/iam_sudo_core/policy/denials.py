"""What a permissions boundary does not allow, as Deny statements beside a role's policies.

For a boundary's `Allow A on R if C`: deny all but the A's; deny A on all but R; deny A where C does
not hold, a statement for each of its tests, since any of them may fail. It is exact when no action
is in two such statements, and each test has an exact opposite, see `_OPPOSITES` and `_BEYOND`. What
has a resource of which it is not sure what it matches is left alone: a policy variable, a wildcard
where AWS allows none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from ipaddress import ip_network
from itertools import combinations
from typing import Any

from . import shared_actions
from .compaction import compact
from .comparisons import comparisons
from .elements import EVERYTHING, Element
from .intersection import NotExact, check_cost
from .patterns import fold, has_variable
from .statements import ALLOW, ALWAYS, DENY, Condition, Statement

# Operators and what is true exactly when they are not, for keys with one value. "Not" operators
# are true when the key is absent, the others are false (IAM User Guide, "AWS JSON policy elements:
# Condition operators"). IfExists, ForAllValues and ForAnyValue are left out; those of numbers and
# dates are in `_BEYOND`.
_OPPOSITES = {
    one: other
    for pair in (
        ("StringEquals", "StringNotEquals"),
        ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
        ("StringLike", "StringNotLike"),
        ("ArnEquals", "ArnNotEquals"),
        ("ArnLike", "ArnNotLike"),
        ("IpAddress", "NotIpAddress"),
    )
    for one, other in (pair, pair[::-1])
}
# What is true of a number, or of a date, exactly when the other is not.
_BEYOND = {
    "Equals": "NotEquals",
    "NotEquals": "Equals",
    "LessThan": "GreaterThanEquals",
    "LessThanEquals": "GreaterThan",
    "GreaterThan": "LessThanEquals",
    "GreaterThanEquals": "LessThan",
}
_COMPARISON = re.compile("(Numeric|Date)([A-Za-z]+?)(IfExists)?")
# Of a value that is neither a number nor a date both sides of a comparison are false. So these are
# the keys that have a number or a date whenever they are there at all: the first two always are,
# MultiFactorAuthAge where somebody has signed in with MFA, TokenIssueTime with temporary
# credentials (IAM User Guide, "AWS global condition context keys"). `tests/fidelity` compares.
ALWAYS_HAVE = {
    "Numeric": frozenset({"aws:epochtime", "aws:multifactorauthage"}),
    "Date": frozenset({"aws:currenttime", "aws:epochtime", "aws:tokenissuetime"}),
}
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
# Midnight is 00:00: whether 24:00 is one depends on who reads it, newer Pythons for one.
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?!24)[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})"
)
_SECONDS = re.compile("[0-9]{10}")
_FALSE_OF = {"true": "false", "false": "true"}
# Keys that have one value or none: IAM User Guide, "AWS global condition context keys". Of what is
# no ARN, no address or no truth value an operator of that type and its opposite are both false, so
# for those only the keys count whose values AWS makes.
_ARNS = {"aws:principalarn", "aws:sourcearn", "iam:permissionsboundary"}
_ADDRESSES = {"aws:sourceip", "aws:vpcsourceip"}
_TRUTH_VALUES = {
    "aws:multifactorauthpresent",
    "aws:principalisawsservice",
    "aws:securetransport",
    "aws:viaawsservice",
}
_SINGLE_VALUED = _ARNS | _ADDRESSES | _TRUTH_VALUES | {
    "aws:currenttime", "aws:ec2instancesourceprivateipv4", "aws:ec2instancesourcevpc",
    "aws:epochtime", "aws:federatedprovider", "aws:principalaccount", "aws:principalorgid",
    "aws:principalservicename", "aws:principaltype", "aws:referer", "aws:requestedregion",
    "aws:resourceaccount", "aws:resourceorgid", "aws:sourceaccount", "aws:sourceidentity",
    "aws:sourcevpc", "aws:sourcevpce", "aws:useragent", "aws:userid", "aws:username",
    "iam:passedtoservice", "s3:prefix",
}  # fmt: skip
_SINGLE_VALUED_FAMILIES = (
    "aws:principaltag/",
    "aws:requesttag/",
    "aws:resourcetag/",
    "iam:resourcetag/",
)


def complement(boundary: Sequence[Statement]) -> list[Statement]:
    """Deny statements for all that the boundary does not allow.

    Raises:
        NotExact: the boundary has a statement without an exact complement.
    """
    # United and rid of what says nothing, statements overlap less.
    statements = compact(boundary)
    denials = [each for each in statements if each.effect == DENY]
    allows = [each for each in statements if each.effect == ALLOW]
    if len(allows) > 1:
        actions = [each.action for each in allows]
        check_cost(comparisons(actions, actions) + len(allows) ** 2, allows[0], "itself")
    if _share_actions(allows):
        return [*shared_actions.denied_outside(allows, _left_out), *denials]
    return [
        *_denied_outside(allows),
        *(Statement(DENY, allow.action, *part) for allow in allows for part in _left_out(allow)),
        *denials,
    ]


def _share_actions(allows: Sequence[Statement]) -> bool:
    """Whether an action may be in two of the statements."""
    return len(allows) > 1 and (
        any(each.action.negated for each in allows)
        or any(not one.action.apart(other.action) for one, other in combinations(allows, 2))
    )


def _denied_outside(allows: Sequence[Statement]) -> Iterator[Statement]:
    """Deny every action that no statement allows."""
    if not allows:
        yield Statement(DENY, EVERYTHING, EVERYTHING)
        return
    actions = Element(
        tuple(dict.fromkeys(pattern for each in allows for pattern in each.action.patterns)),
        allows[0].action.negated,
    )
    if not actions.is_everything:
        yield Statement(DENY, _all_but(actions), EVERYTHING)


def _left_out(allow: Statement) -> Iterator[tuple[Element, Condition]]:
    """What is denied of a statement's actions: other resources, and all without its condition."""
    if unsure := allow.resource.unsure:
        raise NotExact(allow, f"what {min(unsure)} in its resources matches is not sure")
    if not allow.resource.is_everything:
        yield _all_but(allow.resource), ALWAYS
    for operator, keys in (allow.condition.value or {}).items():
        for key, values in keys.items():
            opposite = _opposite(allow, operator, key, values)
            yield EVERYTHING, Condition.parse(opposite)


def _all_but(element: Element) -> Element:
    return Element(element.patterns, not element.negated)


def _opposite(allow: Statement, operator: str, key: str, values: Any) -> Mapping[str, Any]:
    texts = [str(value) for value in (values if isinstance(values, list) else [values])]
    name = fold(key)
    if any(map(has_variable, texts)):
        raise NotExact(allow, f"its condition has a policy variable for {key}")
    if beyond := _beyond(operator, name, texts):
        return {beyond: {key: values}}
    one_truth_value = _FALSE_OF.get(texts[0].lower()) if len(texts) == 1 else None
    if operator == "Null" and one_truth_value:
        return {"Null": {key: one_truth_value}}
    if name not in _SINGLE_VALUED and not name.startswith(_SINGLE_VALUED_FAMILIES):
        raise NotExact(allow, f"{key} in its condition is not known to have one value only")
    if operator == "Bool" and name in _TRUTH_VALUES and one_truth_value:
        return {"BoolIfExists": {key: one_truth_value}}
    if not texts or operator not in _OPPOSITES or not _is_of_its_type(operator, name, texts):
        raise NotExact(allow, f"{operator} of {key} in its condition has no exact opposite")
    return {_OPPOSITES[operator]: {key: values}}


def _beyond(operator: str, name: str, texts: Sequence[str]) -> str | None:
    """The operator that holds where a comparison of numbers or dates does not.

    A comparison is false without the key, but for `…IfExists` and `…NotEquals`; so its opposite is
    true without it, or just those.
    """
    found = _COMPARISON.fullmatch(operator)
    if not found:
        return None
    kind, comparison, if_exists = found.groups()
    is_equality = comparison.endswith("Equals") and not comparison.endswith("ThanEquals")
    if (
        comparison not in _BEYOND
        or name not in ALWAYS_HAVE[kind]
        or not texts
        # Less than one of several is not the opposite of not less than one of them.
        or (not is_equality and len(texts) > 1)
        or (is_equality and if_exists)
        or not all(_is_number(text) if kind == "Numeric" else _is_date(text) for text in texts)
    ):
        return None
    # `NotEquals` says itself what is without the key.
    suffix = "" if is_equality or if_exists else "IfExists"
    return f"{kind}{_BEYOND[comparison]}{suffix}"


def _is_number(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text))


def _is_date(text: str) -> bool:
    """Whether it surely is one: a whole date with a time zone, or seconds since 1970."""
    if _SECONDS.fullmatch(text):
        return True
    if not _MOMENT.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_of_its_type(operator: str, name: str, texts: Sequence[str]) -> bool:
    """Whether key and values are surely what the operator compares."""
    if operator.startswith("Arn"):
        return name in _ARNS and all(
            re.match("arn:[^:]+:[^:]+:[^:]*:[^:]*:.", text) for text in texts
        )
    if operator.endswith("IpAddress"):
        return name in _ADDRESSES and all(map(_is_address, texts))
    return True


def _is_address(text: str) -> bool:
    if not re.fullmatch(r"[0-9A-Fa-f.:]+(/[0-9]+)?", text):
        return False
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
