"""Who may assume a role: the principals of its trust policy.

Every `Allow` statement that covers `sts:AssumeRole` counts, conditional ones too, since the trust
of a service usually carries `aws:SourceAccount`. Principals that an unconditional `Deny` names are
taken away. A document of an unknown shape is an error, never an empty answer to guess from.

It does not evaluate conditions, and `sts:AssumeRoleWithSAML` or `…WithWebIdentity` do not count.
Source: IAM User Guide, "AWS JSON policy elements: Principal" and "… NotPrincipal".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..arns import ACCOUNT_ID, account_root
from .patterns import matches

TYPES = ("AWS", "Service", "Federated", "CanonicalUser")
# Action names are compared without case.
_ASSUME_ROLE = "sts:assumerole"
_TAG_SESSION = "sts:tagsession"
_EVERYBODY = "*"


@dataclass(frozen=True, order=True)
class Principal:
    """One principal, or in a selection a pattern of them: `Service:ecs-tasks.amazonaws.com`."""

    type: str
    id: str

    @classmethod
    def parse(cls, text: str) -> Principal:
        """Split `TYPE:ID` at its first colon, so that the id may be an ARN.

        Raises:
            ValueError: there is no colon, or nothing on one side of it.
        """
        type_, colon, id_ = text.partition(":")
        if not (type_ and colon and id_):
            raise ValueError("it is not TYPE:ID, as in Service:ecs-tasks.amazonaws.com")
        return cls(type_, id_)

    def canonical(self, partition: str) -> Principal:
        """The same principal as IAM reads it: an account id stands for its root."""
        if self.type == "AWS" and ACCOUNT_ID.fullmatch(self.id):
            return Principal("AWS", account_root(partition, self.id))
        return self

    @property
    def is_everybody(self) -> bool:
        """Whether it is all of its type, in a trust policy."""
        return self.id == _EVERYBODY

    def __str__(self) -> str:
        return f"{self.type}:{self.id}"


def trusted_principals(document: object, *, partition: str) -> frozenset[Principal]:
    """The principals that a trust policy allows to assume its role.

    Raises:
        ValueError: the document is not a trust policy; the message says where.
    """
    allowed: set[Principal] = set()
    denied: list[_Denial] = []
    for statement in _statements(document):
        effect = statement.get("Effect")
        if effect not in ("Allow", "Deny"):
            raise ValueError(f"Effect is {effect!r}")
        if not _covers(statement, _ASSUME_ROLE):
            continue
        named = _named(statement, "Principal", partition)
        excepted = _named(statement, "NotPrincipal", partition)
        if effect == "Allow":
            allowed |= named  # NotPrincipal names those who are left out: it selects nobody
        elif not statement.get("Condition"):
            denied.append(_Denial(named, excepted if "NotPrincipal" in statement else None))
    return frozenset(p for p in allowed if not any(denial.covers(p) for denial in denied))


def named_principals(document: object, *, partition: str) -> frozenset[Principal]:
    """Whom a trust policy lets in by whatever action and on whatever condition: it misses nobody.

    The id `*` of a type is everybody of it, whom a `NotPrincipal` lets in of all types.

    Raises:
        ValueError: as `trusted_principals`.
    """
    found: set[Principal] = set()
    for statement in _statements(document):
        if statement.get("Effect") == "Allow":
            found |= _named(statement, "Principal", partition)
            if "NotPrincipal" in statement:
                found |= {Principal(type_, _EVERYBODY) for type_ in TYPES}
    return frozenset(found)


def allows_session_tags(document: object) -> bool:
    """Whether a trust policy lets anybody pass session tags, on whatever condition.

    Raises:
        ValueError: as `trusted_principals`.
    """
    return any(
        statement.get("Effect") == "Allow" and _covers(statement, _TAG_SESSION)
        for statement in _statements(document)
    )


def federation_providers(document: object) -> frozenset[str]:
    """The names of the federation providers that a trust policy allows anything.

    As the keys of their sessions begin with: `accounts.google.com`, or the name of an OIDC provider
    without its scheme (IAM API Reference, "CreateOpenIDConnectProvider").

    Raises:
        ValueError: as `trusted_principals`.
    """
    return frozenset(
        principal.id.partition(":oidc-provider/")[2] or principal.id
        for statement in _statements(document)
        if statement.get("Effect") == "Allow"
        for principal in _named(statement, "Principal", partition="")
        if principal.type == "Federated"
    )


@dataclass(frozen=True)
class _Denial:
    named: frozenset[Principal]
    excepted: frozenset[Principal] | None

    def covers(self, principal: Principal) -> bool:
        if self.excepted is not None:
            return principal not in self.excepted
        return (
            principal in self.named
            or Principal("AWS", _EVERYBODY) in self.named
            or (principal.type == "AWS" and self._covers_account_of(principal.id))
        )

    def _covers_account_of(self, arn: str) -> bool:
        # A Deny of the account's root denies everybody in the account.
        fields = arn.split(":")
        if len(fields) < 6:  # noqa: PLR2004 - the fields of an ARN
            return False
        return Principal("AWS", account_root(fields[1], fields[4])) in self.named


def _statements(document: object) -> Iterable[Mapping[str, object]]:
    if not isinstance(document, Mapping):
        raise ValueError("it is not an object")
    statements = document.get("Statement")
    if isinstance(statements, Mapping):
        statements = [statements]
    if not isinstance(statements, list):
        raise ValueError("Statement is neither an object nor a list")
    for statement in statements:
        if not isinstance(statement, Mapping):
            raise ValueError("a statement is not an object")
        yield statement


def _covers(statement: Mapping[str, object], wanted: str) -> bool:
    if ("Action" in statement) == ("NotAction" in statement):
        raise ValueError("a statement needs one of Action and NotAction")
    element = "Action" if "Action" in statement else "NotAction"
    is_named = any(
        matches(action.lower(), wanted) for action in _strings(statement[element], element)
    )
    return is_named is (element == "Action")


def _named(statement: Mapping[str, object], element: str, partition: str) -> frozenset[Principal]:
    value = statement.get(element, {})
    if value == _EVERYBODY:
        value = {"AWS": _EVERYBODY}
    if not isinstance(value, Mapping):
        raise ValueError(f"{element} is neither an object nor '*'")
    return frozenset(
        Principal(type_, id_).canonical(partition)
        for type_, ids in value.items()
        for id_ in _strings(ids, element)
    )


def _strings(value: object, element: str) -> list[str]:
    strings = []
    for text in value if isinstance(value, list) else [value]:
        if not isinstance(text, str):
            raise ValueError(f"{element} has a value that is not a string")
        strings.append(text)
    return strings
