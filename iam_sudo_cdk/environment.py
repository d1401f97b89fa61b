"""The broker's environment: what it is told, within Lambda's 4 KB.

All variables are made by one function, and what is measured is what it makes. What an application
adds to the function itself (`add_environment`) is not known here; the deployment says if it is too
much.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from iam_sudo_core import Settings
from iam_sudo_core.broker.selection import POLICY_VARIABLE
from iam_sudo_core.broker.settings import BASE_ROLE_VARIABLE, LARGE_ROLES_VARIABLE

# AWS Lambda Developer Guide, "Lambda quotas": environment variables, in aggregate.
ENVIRONMENT_BYTES = 4096

# The longest that a role's ARN gets: no partition's name is longer than this one's.
_LONGEST_ROLE_ARN = "arn:aws-us-gov:iam::000000000000:role/{}"


def broker_variables(
    who: Mapping[str, object],
    *,
    base_role: str,
    large_roles: bool,
    to_json: Callable[[object], str],
) -> dict[str, str]:
    """Every variable of the broker: `who` of the role-selection policy, the base role's ARN."""
    return {
        POLICY_VARIABLE: to_json({**who, "allowed-base-roles": [base_role]}),
        BASE_ROLE_VARIABLE: base_role,
        # The global endpoint is one region's: slower from the others, and down with it.
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        **({} if large_roles else {LARGE_ROLES_VARIABLE: "false"}),
    }


def environment_bytes(who: Mapping[str, object], *, name: str, large_roles: bool) -> int:
    """How many of `ENVIRONMENT_BYTES` they need at most; `name` is that of the base role.

    Raises:
        iam_sudo_core.errors.InvalidSettings: the broker would not start with them.
    """
    longest = broker_variables(
        who,
        base_role=_LONGEST_ROLE_ARN.format(name),
        large_roles=large_roles,
        to_json=compact,
    )
    Settings.parse(longest)
    # Lambda measures the JSON text of the whole map, where each quote of our JSON is two bytes.
    return len(compact(longest).encode())


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
