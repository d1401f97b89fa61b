"""A role as it was read, and a role as the account's list shows it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ..arns import RoleArn
from ..errors import PolicyNotUnderstood, TrustPolicyNotUnderstood
from ..policy.documents import Statement, serialize
from ..policy.documents import statements as statements_of
from ..policy.principals import Principal, named_principals, trusted_principals


@dataclass(frozen=True)
class Role:
    """A role's name, ARN, trust policy and id, which a role that is made anew has otherwise."""

    name: str
    arn: RoleArn
    trust_policy: object
    role_id: str | None = None

    @classmethod
    def parse(cls, reply: Mapping[str, object]) -> Role:
        """Read the `Role` of GetRole or one of the `Roles` of ListRoles.

        Raises:
            ValueError: its ARN is none that IAM gives out.
        """
        arn = RoleArn.parse(str(reply["Arn"]))
        if arn is None or arn.name != reply["RoleName"]:
            raise ValueError(f"{reply['Arn']!r} is not the ARN of role {reply['RoleName']!r}")
        trust_policy = reply.get("AssumeRolePolicyDocument")
        return cls(arn.name, arn, trust_policy, role_id=str(reply["RoleId"]))

    def principals(self) -> frozenset[Principal]:
        """Who may assume it.

        Raises:
            TrustPolicyNotUnderstood: its trust policy has a shape that we do not know.
        """
        return self._of_trust(trusted_principals)

    def named_principals(self) -> frozenset[Principal]:
        """Whom its trust policy lets in at all, see `policy.principals`.

        Raises:
            TrustPolicyNotUnderstood: as `principals`.
        """
        return self._of_trust(named_principals)

    def _of_trust(self, read: Callable[..., frozenset[Principal]]) -> frozenset[Principal]:
        try:
            return read(self.trust_policy, partition=self.arn.partition)
        except ValueError as error:
            raise TrustPolicyNotUnderstood(role=self.name, problem=str(error)) from None


@dataclass(frozen=True)
class Outline:
    """All of a role but what its policies say; `versions` are those of managed policies, by ARN."""

    role: Role
    inline_policies: frozenset[str]
    managed_policies: frozenset[str]
    permissions_boundary: str | None
    tags: Mapping[str, str]
    versions: Mapping[str, str]

    def differences(self, other: Outline) -> list[str]:
        """What is not the same in both, in words. Every field counts, those to come as well."""
        one, another = ({**vars(each), **vars(each.role)} for each in (self, other))
        return [
            part.replace("_", " ") for part in one if part != "role" and one[part] != another[part]
        ]


@dataclass(frozen=True)
class RoleSnapshot:
    """All of a role that decides what it may do. Documents are parsed JSON, not yet checked.

    `documents` are those of managed policies, the boundary's among them, by ARN, as far as they
    were read, and `versions` say of which version of the policy each is.
    """

    role: Role
    inline_policies: Mapping[str, object] = field(default_factory=dict)
    managed_policy_arns: tuple[str, ...] = ()
    permissions_boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.role.name

    @property
    def policy_arns(self) -> frozenset[str]:
        """The managed policies that decide what the role may do, the boundary among them."""
        boundary = self.permissions_boundary
        return frozenset(self.managed_policy_arns) | ({boundary} if boundary else set())

    def statements(self, policy: str) -> list[Statement]:
        """The statements of one of its policies, which is named by its name or its ARN.

        Raises:
            PolicyNotUnderstood: something in it is not known to be carried over.
        """
        document = self.all_documents().get(policy)
        try:
            return statements_of(document)
        except ValueError as error:
            raise PolicyNotUnderstood(role=self.name, policy=policy, problem=str(error)) from None

    @property
    def policies(self) -> tuple[str, ...]:
        """The names and ARNs of the policies whose union it may do, without the boundary."""
        return (*self.inline_policies, *self.managed_policy_arns)

    def all_documents(self) -> dict[str, object]:
        """The documents of all policies as far as they were read, by name or ARN."""
        return {**self.inline_policies, **self.documents}

    def outline(self, managed_policies: Collection[str]) -> Outline:
        """What has to be found again; of these managed policies the version as well."""
        return Outline(
            self.role,
            inline_policies=frozenset(self.inline_policies),
            managed_policies=frozenset(self.managed_policy_arns),
            permissions_boundary=self.permissions_boundary,
            tags=self.tags,
            versions={arn: self.versions[arn] for arn in managed_policies},
        )

    def quoted_in(self, complaint: str) -> tuple[str | None, str]:
        """The policy that AWS complains of and the JSON of its statement, as far as can be told.

        AWS quotes an action or a resource as it is written; of several the longest is meant.
        """
        found = [
            (len(text), policy, serialize(statement))
            for policy in self.all_documents()
            for statement in self.statements(policy)
            for text in _texts(statement)
            if _quotes(complaint, text)
        ]
        _, policy, statement = max(found, key=lambda each: each[0], default=(0, None, ""))
        return policy, statement


@dataclass(frozen=True)
class WholeRole:
    """A role with all of its documents, and the base role that a session for it is made of.

    `base_tags` are the base role's tags, None when they are not known. Where no policy of the role
    can test a tag they are not looked for, and empty. `source_identity` is the session's.
    """

    snapshot: RoleSnapshot
    base_role: RoleArn
    base_tags: Mapping[str, str] | None
    source_identity: str | None = None

    def with_base_tags(self, tags: Mapping[str, str] | None) -> WholeRole:
        return replace(self, base_tags=tags)


def _texts(statement: Statement) -> Iterator[str]:
    for element in ("Action", "NotAction", "Resource", "NotResource"):
        value = statement.get(element, ())
        yield from [value] if isinstance(value, str) else value


def _quotes(complaint: str, text: str) -> bool:
    """Whether the text stands in the complaint as words of its own; `*` stands in many."""
    return text != "*" and f" {text} " in f" {complaint.rstrip('.')} ".replace('"', " ")
