"""Draw what two patterns both match, by walking through both at random."""

from __future__ import annotations

import random
from collections.abc import Sequence


def of_both(one: str, other: str, fillings: Sequence[str], rng: random.Random) -> str | None:
    """A text that both patterns match, or None when none was found.

    What stands for a star of both is one of `fillings`. Stars go beyond everything, and a policy
    variable is its own text.
    """
    dead: set[tuple[int, int]] = set()
    path: list[tuple[tuple[int, int], str]] = []
    here = (0, 0)
    while here != (len(one), len(other)):
        ways = [
            (next_, text)
            for next_, text in _ways(one, other, *here, fillings, rng)
            if next_ not in dead
        ]
        if ways:
            next_, text = rng.choice(ways)
            path.append((here, text))
            here = next_
        elif path:
            dead.add(here)
            here, _ = path.pop()
        else:
            return None
    return "".join(text for _, text in path)


def _ways(
    one: str, other: str, i: int, j: int, fillings: Sequence[str], rng: random.Random
) -> list[tuple[tuple[int, int], str]]:
    """The places that can be next, and the text on the way there."""
    ours, theirs = one[i : i + 1], other[j : j + 1]
    ways = []
    if ours == "*":
        ways.append(((i + 1, j), rng.choice(fillings) if theirs == "*" else ""))
        ways += [((i, j + 1), _text(theirs))] * 3 if theirs not in ("", "*") else []
    if theirs == "*":
        ways.append(((i, j + 1), rng.choice(fillings) if ours == "*" else ""))
        ways += [((i + 1, j), _text(ours))] * 3 if ours not in ("", "*") else []
    if ours and theirs and "*" not in (ours, theirs) and (ours == theirs or "?" in (ours, theirs)):
        ways.append(((i + 1, j + 1), _text(theirs if ours == "?" else ours)))
    return ways


def _text(character: str) -> str:
    return "x" if character == "?" else character
