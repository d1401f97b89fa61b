"""Find the role that a request means, check that it may be simulated, and on which base role."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ..account.calls import Client
from ..account.reading import list_roles, read_role
from ..arns import RoleArn
from ..errors import (
    BaseRoleNotAllowed,
    NoSuchRole,
    PrincipalNotAllowed,
    RoleAmbiguous,
    RoleChanged,
    RoleNotFound,
    RoleNotSelected,
    TrustPolicyNotUnderstood,
)
from ..policy.principals import Principal
from ..session.role import Role, RoleSnapshot
from ..session.terms import SessionTerms
from .request import Request
from .ruled import find_by_rules
from .rules import CallerRules


class Selection(Protocol):
    """What decides which roles may be simulated, on which base roles.

    `base_roles` are patterns of ARNs; those without wildcards are what a name may mean.
    """

    @property
    def base_roles(self) -> Sequence[str]: ...

    def rule(self, role: RoleArn) -> str | None: ...

    def allowed(self, principals: Iterable[Principal]) -> Principal | None: ...

    def allows_principal(self, principal: Principal) -> bool: ...

    def allows_base_role(self, arn: str) -> bool: ...


class Note(Protocol):
    """Is told each fact as soon as it is known, for the audit line or for `--verbose`."""

    def __call__(self, **facts: object) -> None: ...


@dataclass(frozen=True)
class Target:
    """A role that may be simulated, by which rule and on what terms, and its base role."""

    snapshot: RoleSnapshot
    rule: str
    base_role: RoleArn
    terms: SessionTerms = field(default_factory=SessionTerms)
    require_reason: bool = False


def find_target(
    request: Request,
    *,
    selection: Selection | CallerRules,
    base_role: str | RoleArn,
    iam: Client,
    note: Note,
) -> Target:
    """The role that the request means; `base_role` is used when the request names none.

    Raises:
        Refusal: there is none, or it may not be simulated; the class says which rule refused.
        RoleChanged: the role changed while it was being read.
        AwsCallFailed: AWS refused or failed a call.
    """
    if isinstance(selection, CallerRules):
        snapshot, grant = find_by_rules(request, rules=selection, iam=iam, note=note)
        note(role_found=snapshot.name, rule=grant.rule)
        return Target(
            snapshot,
            grant.rule,
            _base_role(request, selection, base_role, snapshot, note=note),
            SessionTerms(selection.caller.source_identity, grant.duration_seconds),
            grant.require_reason,
        )
    snapshot = _asked_for(iam, request, selection, base_role)
    note(role_found=snapshot.name)
    rule = selecting_rule(snapshot.role, request.principal, selection)
    note(rule=rule)
    return Target(snapshot, rule, _base_role(request, selection, base_role, snapshot, note=note))


def _base_role(
    request: Request,
    selection: Selection | CallerRules,
    default: str | RoleArn,
    snapshot: RoleSnapshot,
    *,
    note: Note,
) -> RoleArn:
    asked = request.base_role or default
    base = RoleArn.parse(asked) if isinstance(asked, str) else asked
    if base is None:
        base = _named(str(asked), selection, default, beside=snapshot.role.arn)
    if not selection.allows_base_role(str(base)):
        raise BaseRoleNotAllowed(base_role=str(base))
    note(base_role=str(base))
    return base


def _asked_for(
    iam: Client, request: Request, selection: Selection, base_role: str | RoleArn
) -> RoleSnapshot:
    snapshot = read_role(iam, request.role_name)
    if request.arn:
        here = snapshot.role.arn if snapshot else base_role
        account = here.account if isinstance(here, RoleArn) else None
        if snapshot is None or account != request.arn.account:
            raise NoSuchRole(arn=request.arn, account=account)
    return snapshot or _only_match(iam, request, selection)


def selecting_rule(role: Role, principal: Principal | None, selection: Selection) -> str:
    """The rule that selects `role`, in words; of the given principal, if any.

    Raises:
        PrincipalNotAllowed: roles of the given principal are not to be simulated.
        RoleNotSelected: no rule does.
        TrustPolicyNotUnderstood: its trust policy has a shape that we do not know.
    """
    wanted = principal.canonical(role.arn.partition) if principal else None
    if wanted and not selection.allows_principal(wanted):
        raise PrincipalNotAllowed(principal=wanted)
    rule = selection.rule(role.arn)
    if rule is None:
        raise RoleNotSelected(role=role.name, problem="its name matches no allowed pattern")
    principals = role.principals()
    if wanted and wanted not in principals:
        raise RoleNotSelected(role=role.name, problem=f"its trust policy does not allow {wanted}")
    allowed = selection.allowed(principals)
    if allowed is None:
        raise RoleNotSelected(
            role=role.name, problem="no principal that its trust policy allows is allowed here"
        )
    return f"{rule}, principal {allowed}"


def _only_match(iam: Client, request: Request, selection: Selection) -> RoleSnapshot:
    found = [
        role.name
        for role in list_roles(iam)
        if request.role_name in role.name and _selects(role, request.principal, selection)
    ]
    if not found:
        raise RoleNotFound(role_name=request.role_name, principal=request.principal)
    if len(found) > 1:
        raise RoleAmbiguous(role_name=request.role_name, candidates=found)
    snapshot = read_role(iam, found[0])
    if snapshot is None:
        raise RoleChanged(role=found[0])
    return snapshot


def _selects(role: Role, principal: Principal | None, selection: Selection) -> bool:
    try:
        selecting_rule(role, principal, selection)
    except (RoleNotSelected, TrustPolicyNotUnderstood):
        return False
    return True


def _named(
    name: str, selection: Selection | CallerRules, own: str | RoleArn, *, beside: RoleArn
) -> RoleArn:
    """The base role of a name, which does not tell its path: the one that is allowed.

    It is of the account of the role that is `beside` it, where names are unique whatever the path
    (IAM API Reference, "CreateRole": RoleName). A name that is not listed has no path.

    Raises:
        BaseRoleNotAllowed: several are.
    """
    plain = beside.sibling(name)
    listed = [own, *map(RoleArn.parse, selection.base_roles)]
    found = {
        each
        for each in listed
        if isinstance(each, RoleArn)
        and each == replace(plain, path=each.path)
        # A pattern of paths reads like one.
        and not {"*", "?"} & set(each.path)
    }
    if len(found) > 1:
        raise BaseRoleNotAllowed(base_role=name, candidates=sorted(map(str, found)))
    return found.pop() if found else plain
