"""The roles to judge: AWS managed policies as inline policies, and public roles as they are.

The public roles are used when `../shared/corpora` is there; it is no part of the project.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from iam_sudo_core.arns import RoleArn
from iam_sudo_core.session.role import Role, RoleSnapshot
from tests.fidelity.evaluator import Document

PUBLIC_ROLES = Path(__file__).parents[3] / "shared" / "corpora" / "roles.jsonl"
AWS_MANAGED, PUBLIC = "AWS managed policies", "public roles"
# Nothing tells what is in a boundary that the public roles name.
UNKNOWN_BOUNDARY = "boundary without a document"
UNKNOWN_POLICY = "managed policy without a document"


@dataclass(frozen=True)
class Case:
    """A role to judge, and what had to be left out of it on both sides."""

    corpus: str
    name: str
    snapshot: RoleSnapshot
    left_out: tuple[str, ...] = ()

    @property
    def base_role(self) -> RoleArn:
        return self.snapshot.role.arn.sibling("IAMSudoUser")

    @property
    def documents(self) -> list[Document]:
        """All policies of the role, without its boundary."""
        attached = [self.snapshot.documents[arn] for arn in self.snapshot.managed_policy_arns]
        documents: list[Any] = [*self.snapshot.inline_policies.values(), *attached]
        return documents

    @property
    def boundary(self) -> Any:
        arn = self.snapshot.permissions_boundary
        return self.snapshot.documents[arn] if arn else None


@functools.cache
def managed_policies() -> Mapping[str, Document]:
    """The documents of the AWS managed policies that moto ships, by ARN."""
    return {
        f"arn:aws:iam::aws:policy{policy['Path']}{name}": policy["Document"]
        for name, policy in json.loads(aws_managed_policies_data).items()
    }


def managed(name: str) -> Document:
    """The document of an AWS managed policy without a path."""
    return managed_policies()[f"arn:aws:iam::aws:policy/{name}"]


TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


def role(
    account: str = "111122223333", trust: object = {"Statement": TRUST}, **changes: Any
) -> RoleSnapshot:
    """A role `task`."""
    arn = RoleArn("aws", account, "task")
    return RoleSnapshot(Role(arn.name, arn, trust), **changes)


def aws_managed_cases() -> Iterator[Case]:
    """Each AWS managed policy as the inline policy of a role."""
    for arn, document in managed_policies().items():
        yield Case(AWS_MANAGED, arn, role(inline_policies={"policy": document}))


def public_cases() -> Iterator[Case]:
    """The roles of public templates, if they are here."""
    if PUBLIC_ROLES.exists():
        with PUBLIC_ROLES.open(encoding="utf-8") as lines:
            yield from map(_public_case, map(json.loads, lines))


def _public_case(row: Mapping[str, Any]) -> Case:
    documents = managed_policies() | {
        policy["arn"]: policy["document"] for policy in row["customer_managed"]
    }
    arns = [*row["managed_arns"], *(policy["arn"] for policy in row["customer_managed"])]
    known = tuple(dict.fromkeys(arn for arn in arns if arn in documents))
    left_out = [UNKNOWN_POLICY] * (len(set(arns)) - len(known))
    left_out += [UNKNOWN_BOUNDARY] * bool(row["boundary"])
    return Case(
        PUBLIC,
        f"{row['source']['repo']}/{row['source']['path']} {row['role_logical_id']}",
        role(
            "123456789012",
            row["trust"] if isinstance(row["trust"], dict) else {"Statement": TRUST},
            inline_policies={
                f"{number} {policy['name']}": policy["document"]
                for number, policy in enumerate(row["inline_policies"])
            },
            managed_policy_arns=known,
            documents={arn: documents[arn] for arn in known},
        ),
        tuple(left_out),
    )
