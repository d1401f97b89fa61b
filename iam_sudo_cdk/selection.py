"""Which roles developers may use, from Python to the broker's environment.

What deploys is what the broker accepts: the environment goes through the core's own parser at
synth, with stand-ins for the account and partition that only the deployment knows, and it has to
fit Lambda's quota. Beyond the core, a pattern that no role name can match is refused: it is a slip.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import aws_cdk as cdk

from iam_sudo_core import Principal
from iam_sudo_core.broker.selection import RoleSelectionPolicy
from iam_sudo_core.errors import InvalidSettings
from iam_sudo_core.policy.patterns import fold, matching
from iam_sudo_core.policy.principals import TYPES

from .application import USES
from .environment import ENVIRONMENT_BYTES, broker_variables, compact, environment_bytes
from .errors import InvalidChoice, InvalidConfiguration
from .values import is_known

# Characters of names (IAM User Guide, "IAM and AWS STS quotas"), and the two wildcards.
_NAME_PATTERN = re.compile(r"[A-Za-z0-9_+=,.@*?-]+")


# The roles of the blog, and whom they trust.
_DEMO_NAMES = ("iam-sudo-demo-*",)
_TASKS = ("Service:ecs-tasks.amazonaws.com",)
_UNSET: Any = object()


@dataclass(frozen=True, kw_only=True)
class RoleSelection:
    """Roles that are meant by use, construct path or name, any of these, *and* by whom they trust.

    Attributes:
        used_by: what resources of the application use the role for: `ecs-task` (a task definition
            has it as TaskRoleArn), `lambda`, `states` and the other names in `USES`. No name is
            needed, and references are followed wherever they lead.
        paths: patterns of construct paths in the application, as in `*/TaskRole`.
        role_names: patterns of whole names. By tag-trust, roles of the application whose names are
            known at synth; by the broker, all roles of the account.
        principals: patterns of whom the role trusts, `TYPE:ID`, split at the first colon; default:
            the services that belong to `used_by`, and for paths and names
            `Service:ecs-tasks.amazonaws.com`.
        ignore_case: compare `paths` without case; default: False.

    Patterns have `*` and `?` and are case-sensitive. Without `used_by`, `paths` and `role_names`
    the roles of the blog are meant, `iam-sudo-demo-*`. All is known at synth: a token (a name that
    CloudFormation makes up) cannot be checked and is refused.

    Raises:
        InvalidChoice: naming the key, the value and what is allowed.
    """

    used_by: Sequence[str] = ()
    paths: Sequence[str] = ()
    role_names: Sequence[str] = _UNSET
    principals: Sequence[str] = _UNSET
    ignore_case: bool = False

    def __post_init__(self) -> None:
        used_by, paths = _used_by(self.used_by), _paths(self.paths)
        role_names: object = self.role_names
        if role_names is _UNSET:
            role_names = () if used_by or paths else _DEMO_NAMES
        elif not (isinstance(role_names, list | tuple) and not role_names and (used_by or paths)):
            role_names = _role_names(role_names)
        principals: object = self.principals
        if principals is _UNSET:
            services = [f"Service:{each}" for use in used_by for each in USES[use].services]
            principals = [*services, *(_TASKS if paths or role_names else ())]
        if not isinstance(self.ignore_case, bool) or (self.ignore_case and not paths):
            raise InvalidChoice(
                key="ignore_case",
                value=self.ignore_case,
                allowed="True or False, and True with paths, which it is about",
            )
        for key, value in (
            ("used_by", used_by),
            ("paths", paths),
            ("role_names", tuple(cast(Sequence[str], role_names))),
            ("principals", _principals(principals)),
        ):
            object.__setattr__(self, key, value)

    @property
    def reads_the_application(self) -> bool:
        """Whether it selects roles of the application that have no name before they are there."""
        return bool(self.used_by or self.paths)

    def names(self, *, name: str | None, path: str) -> bool:
        """Whether a role is meant by its name, if that is known, or by its path."""
        if name is not None and matching(self.role_names, name) is not None:
            return True
        if self.ignore_case:
            return matching(map(fold, self.paths), fold(path)) is not None
        return matching(self.paths, path) is not None

    def policy(self) -> RoleSelectionPolicy:
        """The selection as the broker reads it, on any base role, without the application."""
        anywhere = {"allowed-base-roles": ["*"]}
        return RoleSelectionPolicy.parse(compact({**self._who([]), **anywhere}))

    def environment(
        self,
        stack: cdk.Stack,
        *,
        base_role: str,
        name: str,
        role_arns: cdk.IAnyProducer | None = None,
        large_roles: bool = True,
    ) -> dict[str, str]:
        """The broker's environment; `base_role` is the base role's ARN, `name` its name.

        `role_arns` are those of the application's selected roles, known when all are there.

        Raises:
            InvalidConfiguration: it is larger than Lambda accepts.
            iam_sudo_core.errors.InvalidSettings: the broker would not start with it.
        """
        self.check_size(name=name, large_roles=large_roles)
        arns: object = cdk.Lazy.uncached_any(role_arns) if role_arns else []
        return broker_variables(
            self._who(arns),
            base_role=base_role,
            large_roles=large_roles,
            to_json=stack.to_json_string,
        )

    def check_size(
        self, *, name: str, role_arns: Sequence[str] = (), large_roles: bool = True
    ) -> int:
        """How large the environment is with these ARNs, or what is as long as they get.

        Raises:
            InvalidConfiguration: it is larger than Lambda accepts.
        """
        size = environment_bytes(self._who(role_arns), name=name, large_roles=large_roles)
        if size <= ENVIRONMENT_BYTES:
            return size
        needs = f"the broker's environment needs {size:,} bytes"
        if role_arns:
            raise InvalidConfiguration(
                f"used_by and paths: with the ARNs of {len(role_arns)} roles {needs} and "
                f"Lambda accepts {ENVIRONMENT_BYTES:,}; select fewer, give the roles names "
                "and select them by role_names, or use TagTrustStrategy",
                bytes=size,
                limit=ENVIRONMENT_BYTES,
            )
        raise InvalidConfiguration(
            f"role_names and principals: {needs} and "
            f"Lambda accepts {ENVIRONMENT_BYTES:,}; use fewer and wider patterns",
            bytes=size,
            limit=ENVIRONMENT_BYTES,
        )

    def _who(self, role_arns: object) -> dict[str, object]:
        names = {"allowed-role-names": list(self.role_names)} if self.role_names else {}
        arns = {"allowed-role-arns": role_arns} if self.reads_the_application else {}
        return {**names, **arns, **_allowed(self.principals)}


def _allowed(principals: Iterable[str]) -> Mapping[str, object]:
    parsed = [Principal.parse(text) for text in principals]
    return {"allowed-principals": [{principal.type: principal.id} for principal in parsed]}


def _used_by(values: object) -> tuple[str, ...]:
    if isinstance(values, list | tuple) and not values:
        return ()
    return _strings("used_by", values, f"a list of {', '.join(USES)}", lambda text: text in USES)


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
        anything = {"allowed-role-names": ["*"], "allowed-base-roles": ["*"]}
        RoleSelectionPolicy.parse(compact({**anything, **_allowed([text])}))
    except (ValueError, InvalidSettings):
        return False
    return not any(character.isspace() for character in text)


def _strings(
    key: str, values: object, allowed: str, accepts: Callable[[str], bool]
) -> tuple[str, ...]:
    if not isinstance(values, list | tuple) or not values:
        raise InvalidChoice(key=key, value=values or None, allowed=allowed)
    for value in values:
        if not isinstance(value, str) or not is_known(value) or not accepts(value):
            raise InvalidChoice(key=key, value=value, allowed=allowed)
    return tuple(dict.fromkeys(values))
