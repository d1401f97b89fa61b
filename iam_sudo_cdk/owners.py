"""One owner in an account of each name that is fixed: what is made twice is refused at synth.

The second deployment would fail at the account, or take away what the first has made. Only what one
application makes is seen, in stacks that know their account.
"""

from __future__ import annotations

from collections import defaultdict

import aws_cdk as cdk
from constructs import Construct

from .application import identity
from .errors import InvalidConfiguration

# By application, who has made what: by kind, name and account (and region, of what is a region's).
_OWNERS: defaultdict[object, dict[tuple[str, ...], str]] = defaultdict(dict)


def own(scope: Construct, kind: str, name: str, *, way_out: str, of_region: bool = False) -> None:
    """Let `scope` make the one thing of this `kind` and `name`.

    Raises:
        InvalidConfiguration: another construct of the application makes it, in the same account.
    """
    stack = cdk.Stack.of(scope)
    if cdk.Token.is_unresolved(stack.account):
        return
    key = (kind, name, stack.account, *([stack.region] if of_region else []))
    owners, path = _OWNERS[identity(scope.node.root)], scope.node.path
    owner = owners.setdefault(key, path)
    if owner != path:
        where = "account and region" if of_region else "account"
        raise InvalidConfiguration(
            f"{kind} {name}: {owner} makes it, and {path} would make another one of this name in "
            f"the same {where}; {way_out}",
            owners=(owner, path),
        )
