"""Find the role that a request means, or list all, among those that the rules give to its caller.

A role that is not the caller's is as if it were not there: it is refused in the same words, it is
on no list, and a part of a name may still fit a role that is. What an exact name costs besides is
who asks, and that is found out while the role is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from ..account.calls import CONNECTIONS, Client
from ..account.reading import list_roles, read_role, read_tags
from ..arns import RoleArn
from ..errors import AwsCallFailed, NamePartTooShort, ReasonRequired, RoleAmbiguous, RoleChanged
from ..policy.principals import Principal
from ..session.role import Role, RoleSnapshot
from .request import Request
from .rules import CallerRules, Grant

# Roles whose tags are read for one request: rules that look at tags, and a part of a name.
_MOST_TAGGED = 50


def find_by_rules(
    request: Request, *, rules: CallerRules, iam: Client, note: Callable[..., None]
) -> tuple[RoleSnapshot, Grant]:
    """The role that the request means for its caller, and what the rules give of it.

    The log is told of a role of this very name that is not the caller's, who is not.

    Raises:
        ProofRefused: who asks has not been proved, whatever else there is to say.
        NotAllowedByRules: there is no such role for this caller.
        RoleAmbiguous, NamePartTooShort: there are several.
        ReasonRequired: the rules ask for a reason, and credentials are asked for without one.
        RoleChanged: it changed while it was being read.
        AwsCallFailed: AWS refused or failed a call.
    """

    def is_theirs(role: Role, tags: Mapping[str, str]) -> bool:
        return _grant(role, tags, request, rules) is not None

    try:
        snapshot = read_role(iam, request.role_name, may_fail=is_theirs)
    finally:
        # Nobody whose name is not known learns anything of what was read, not even that it failed.
        _ = rules.caller
    grant = _grant_of(snapshot, request, rules)
    if snapshot is not None and grant is None:
        denied_by = rules.denied_by(snapshot.role, tags=snapshot.tags)
        note(role_refused=snapshot.name, denied_by=denied_by)
    if grant is None and request.arn is None:
        snapshot = _only_match(iam, request, rules)
        grant = _grant_of(snapshot, request, rules)
    if snapshot is None or grant is None:
        raise rules.refusal(request.role_name)
    if grant.require_reason and not (request.reason or request.explain):
        raise ReasonRequired(role=snapshot.name, rule=grant.rule)
    return snapshot, grant


def _grant_of(snapshot: RoleSnapshot | None, request: Request, rules: CallerRules) -> Grant | None:
    return _grant(snapshot.role, snapshot.tags, request, rules) if snapshot else None


def _grant(
    role: Role, tags: Mapping[str, str], request: Request, rules: CallerRules
) -> Grant | None:
    if request.arn and not request.arn.is_of_account(role.arn):
        return None
    return rules.grant(role, tags=tags, principal=request.principal)


def roles_of(
    rules: CallerRules,
    *,
    iam: Client,
    wanted: Callable[[str], bool],
    asked: str,
    principal: Principal | None = None,
) -> dict[RoleArn, Grant]:
    """The roles that are the caller's, of `wanted` names, and what the rules give of each.

    `asked` is how the request names them.

    Raises:
        ProofRefused: who asks has not been proved.
        NamePartTooShort: the rules look at tags, and there are too many roles to do so.
        AwsCallFailed: AWS refused or failed a call.
    """
    # Before anything is read for them: listing is what costs most.
    _ = rules.caller
    found = [
        (role, grant)
        for role in list_roles(iam)
        if wanted(role.name) and (grant := rules.grant(role, tags=None, principal=principal))
    ]
    if rules.look_at_tags:
        # ListRoles tells no tags (IAM API Reference, "ListRoles").
        if len(found) > _MOST_TAGGED:
            raise NamePartTooShort(asked=asked)
        found = [
            (role, grant)
            for role, tags in _with_tags(iam, [role for role, _ in found])
            if tags is not None and (grant := rules.grant(role, tags=tags, principal=principal))
        ]
    return {role.arn: grant for role, grant in found}


def _only_match(iam: Client, request: Request, rules: CallerRules) -> RoleSnapshot | None:
    names = [
        role.name
        for role in roles_of(
            rules,
            iam=iam,
            wanted=lambda name: request.role_name in name,
            asked=request.role_name,
            principal=request.principal,
        )
    ]
    if len(names) > 1:
        raise RoleAmbiguous(role_name=request.role_name, candidates=names)
    if not names:
        return None
    snapshot = read_role(iam, names[0])
    if snapshot is None:
        raise RoleChanged(role=names[0])
    return snapshot


def _with_tags(iam: Client, roles: list[Role]) -> list[tuple[Role, Mapping[str, str] | None]]:
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        tags = pool.map(lambda role: _read_tags(iam, role), roles)
        return list(zip(roles, tags, strict=True))


def _read_tags(iam: Client, role: Role) -> Mapping[str, str] | None:
    try:
        return read_tags(iam, role.arn)
    except AwsCallFailed as error:
        # By its tags it may be somebody else's, and what AWS says may name it.
        raise AwsCallFailed(
            operation=error.operation, code=error.code, detail="the tags of a role cannot be read"
        ) from None
