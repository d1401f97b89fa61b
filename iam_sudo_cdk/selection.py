"""Which roles the broker may simulate, from Python to the broker's environment.

What deploys is what the broker accepts: the environment goes through the core's own parser at
synth, with stand-ins for the account and partition that only the deployment knows, and it has to
fit Lambda's quota. Beyond the core, a pattern that no role name can match is refused: it is a slip.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aws_cdk as cdk

from iam_sudo_core import Principal, Settings
from iam_sudo_core.broker.selection import POLICY_VARIABLE, RoleSelectionPolicy
from iam_sudo_core.broker.settings import BASE_ROLE_VARIABLE
from iam_sudo_core.errors import InvalidSettings
from iam_sudo_core.policy.patterns import matching
from iam_sudo_core.policy.principals import TYPES

from .errors import InvalidChoice, InvalidConfiguration

# AWS Lambda Developer Guide, "Lambda quotas": environment variables, in aggregate.
ENVIRONMENT_BYTES = 4096

# The longest that a role's ARN gets: no partition's name is longer than this one's.
_LONGEST_ROLE_ARN = "arn:aws-us-gov:iam::000000000000:role/{}"

# Characters of names (IAM User Guide, "IAM and AWS STS quotas"), and the two wildcards.
_NAME_PATTERN = re.compile(r"[A-Za-z0-9_+=,.@*?-]+")


@dataclass(frozen=True, kw_only=True)
class RoleSelection:
    """Roles whose name matches one of `role_names` *and* that one of `principals` may assume.

    `role_names` are patterns of whole names, case-sensitive, with `*` and `?`; default: the roles
    of the blog, `iam-sudo-demo-*`. `principals` are `TYPE:ID`, split at the first colon, and may
    have wildcards too; default: `Service:ecs-tasks.amazonaws.com`. Both are known at synth: a
    token (a name that CloudFormation makes up) cannot be checked and is refused.

    `paths` are patterns of construct paths, for the tag-based strategy alone: they select roles of
    the application whose names CloudFormation will make up; default: none.

    Raises:
        InvalidChoice: naming the key, the value and what is allowed.
    """

    role_names: Sequence[str] = ("iam-sudo-demo-*",)
    principals: Sequence[str] = ("Service:ecs-tasks.amazonaws.com",)
    paths: Sequence[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "role_names", _role_names(self.role_names))
        object.__setattr__(self, "principals", _principals(self.principals))
        object.__setattr__(self, "paths", _paths(self.paths))

    def names(self, *, name: str | None, path: str) -> bool:
        """Whether a role is meant by its name, or, when that is not known, by its path."""
        if name is None:
            return matching(self.paths, path) is not None
        return matching(self.role_names, name) is not None

    def policy(self) -> RoleSelectionPolicy:
        """The selection as the broker reads it, on any base role."""
        return RoleSelectionPolicy.parse(_compact(_policy(self.role_names, self.principals, "*")))

    def environment(self, stack: cdk.Stack, *, base_role: str, name: str) -> dict[str, str]:
        """The broker's environment; `base_role` is the base role's ARN, `name` its name.

        Raises:
            InvalidConfiguration: it is larger than Lambda accepts.
            iam_sudo_core.errors.InvalidSettings: the broker would not start with it.
        """
        longest = self._variables(_LONGEST_ROLE_ARN.format(name), to_json=_compact)
        Settings.parse(longest)
        # Lambda measures the JSON text of the whole map, where each quote of our JSON is two bytes.
        size = len(_compact(longest).encode())
        if size > ENVIRONMENT_BYTES:
            raise InvalidConfiguration(
                f"role_names and principals: the broker's environment needs {size:,} bytes and "
                f"Lambda accepts {ENVIRONMENT_BYTES:,}; use fewer and wider patterns",
                bytes=size,
                limit=ENVIRONMENT_BYTES,
            )
        return self._variables(base_role, to_json=stack.to_json_string)

    def _variables(self, base_role: str, *, to_json: Callable[[object], str]) -> dict[str, str]:
        return {
            POLICY_VARIABLE: to_json(_policy(self.role_names, self.principals, base_role)),
            BASE_ROLE_VARIABLE: base_role,
            # The global endpoint is one region's: slower from the others, and down with it.
            "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        }


def _policy(
    role_names: Sequence[str], principals: Sequence[str], base_role: str
) -> dict[str, object]:
    parsed = [Principal.parse(text) for text in principals]
    return {
        "allowed-role-names": list(role_names),
        "allowed-principals": [{principal.type: principal.id} for principal in parsed],
        "allowed-base-roles": [base_role],
    }


def _role_names(values: object) -> tuple[str, ...]:
    allowed = (
        "a list of patterns of role names (letters, digits, _+=,.@- and the wildcards * and ?), "
        "at least one"
    )
    return _strings("role_names", values, allowed, lambda text: bool(_NAME_PATTERN.fullmatch(text)))


def _principals(values: object) -> tuple[str, ...]:
    allowed = (
        f"a list of TYPE:ID, at least one, with TYPE one of {', '.join(TYPES)}, as in "
        "Service:ecs-tasks.amazonaws.com"
    )
    return _strings("principals", values, allowed, _is_principal)


def _paths(values: object) -> tuple[str, ...]:
    if isinstance(values, list | tuple) and not values:
        return ()
    allowed = "a list of patterns of construct paths, as in */TaskDef/TaskRole"
    return _strings("paths", values, allowed, lambda text: bool(text.strip()))


def _is_principal(text: str) -> bool:
    try:
        RoleSelectionPolicy.parse(_compact(_policy(["*"], [text], "*")))
    except (ValueError, InvalidSettings):
        return False
    return not any(character.isspace() for character in text)


def _strings(
    key: str, values: object, allowed: str, accepts: Callable[[str], bool]
) -> tuple[str, ...]:
    if not isinstance(values, list | tuple) or not values:
        raise InvalidChoice(key=key, value=values or None, allowed=allowed)
    for value in values:
        if not isinstance(value, str) or cdk.Token.is_unresolved(value) or not accepts(value):
            raise InvalidChoice(key=key, value=value, allowed=allowed)
    return tuple(dict.fromkeys(values))


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
