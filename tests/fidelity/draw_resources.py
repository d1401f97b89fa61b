"""Draw resources: what a pattern means, and what only just misses it."""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Callable, Mapping, Sequence

from tests.fidelity.catalogue import glob
from tests.fidelity.draw_overlaps import of_both

ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
REGION, OTHER_REGION = "eu-west-1", "us-east-1"
TRIES = 8

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_ACCOUNT = re.compile(r"\b[0-9]{12}\b")
_REGION = re.compile(r"\b[a-z]{2}(-gov)?-[a-z]+-[0-9]\b")


def resource(
    pattern: str, formats: Sequence[str], variables: Mapping[str, str], rng: random.Random
) -> str:
    """A resource that an action with these ARN formats may have, in or near a pattern."""
    if not formats:
        return "*"
    for _ in range(TRIES):
        format_ = rng.choice(formats)
        found = instance(pattern, variables, rng, like=format_)
        if rng.random() < 0.5:
            found = rng.choice(MISSES)(found, rng)
        if glob(format_.replace("*", "?*")).fullmatch(found):
            return found
    return instance(rng.choice(formats), {}, rng)


def resource_of_both(
    one: str,
    other: str,
    formats: Sequence[str],
    variables: Mapping[str, str],
    rng: random.Random,
) -> str | None:
    """A resource that lies in two patterns, and that an action with these ARN formats may have."""
    if one == other or not formats:
        return None
    for _ in range(TRIES):
        format_ = rng.choice(formats)
        fillings = _fillings("".join(format_.split(":", 5)[5:]))
        ours, theirs = (_in_one_place(each, variables) for each in (one, other))
        found = of_both(ours, theirs, fillings, rng)
        if found and glob(format_.replace("*", "?*")).fullmatch(found):
            return found
    return None


def instance(
    pattern: str, variables: Mapping[str, str], rng: random.Random, *, like: str = ""
) -> str:
    """A text that a pattern matches, when its variables have these values.

    What stands for `*` is made of the separators and words of the ARN format `like`.
    """
    text = _in_one_place(pattern, variables)
    fillings = _fillings("".join(like.split(":", 5)[5:]))
    return re.sub(r"[*?]", lambda found: "x" if found[0] == "?" else rng.choice(fillings), text)


def _in_one_place(pattern: str, variables: Mapping[str, str]) -> str:
    """The pattern with the values of its variables, in one region and account."""
    text = _VARIABLE.sub(lambda found: _value(found[1], variables), pattern)
    match text.split(":", 5):
        case ["arn", partition, service, region, account, name]:
            region = REGION if region == "*" else region
            account = ACCOUNT if account == "*" else account
            text = ":".join(["arn", partition.replace("*", "aws"), service, region, account, name])
    return text


def variables_in(text: str) -> set[str]:
    """The names of the policy variables in a text; `${*}`, `${?}` and `${$}` are none."""
    return {_name(found) for found in _VARIABLE.findall(text)} - {"*", "?", "$"}


def _name(variable: str) -> str:
    return variable.split(",", maxsplit=1)[0].strip()


def _value(variable: str, variables: Mapping[str, str]) -> str:
    if variable in ("*", "?", "$"):
        return variable
    # What has no value may be asked for by its very text.
    return variables.get(_name(variable).lower(), f"${{{variable}}}")


@functools.cache
def _fillings(name: str) -> list[str]:
    """What may stand for `*` in an ARN whose name has this format, of which `*` is no part."""
    if not name:
        return ["any", "Any-1"]
    words = [word for word in name.split("*") if word]
    return [
        "any",
        "Any-1",
        "",
        *(form for w in words for form in (f"any{w}any", f"{w.lstrip(':/')}any", w.strip(":/"))),
    ]


def _one_character_less(text: str, rng: random.Random) -> str:
    return text[:-1]


def _one_character_more(text: str, rng: random.Random) -> str:
    return f"{text}x"


def _one_character_between(text: str, rng: random.Random) -> str:
    at = rng.randrange(text.rfind(":") + 1, len(text) + 1)
    return f"{text[:at]}x{text[at:]}"


def _one_level_more(text: str, rng: random.Random) -> str:
    return f"{text}/level"


def _one_level_less(text: str, rng: random.Random) -> str:
    return text.rpartition("/")[0]


def _other_case(text: str, rng: random.Random) -> str:
    head, colon, name = text.rpartition(":")
    return head + colon + rng.choice([str.swapcase, str.lower, str.upper])(name)


def _other_account(text: str, rng: random.Random) -> str:
    return _ACCOUNT.sub(OTHER_ACCOUNT, text)


def _other_region(text: str, rng: random.Random) -> str:
    return _REGION.sub(OTHER_REGION, text)


MISSES: list[Callable[[str, random.Random], str]] = [
    _one_character_less,
    _one_character_more,
    _one_character_between,
    _one_level_more,
    _one_level_less,
    _other_case,
    _other_account,
    _other_region,
]
