"""Roles that somebody made to keep the broker busy, and an IAM that has nothing else.

Each is within IAM's quotas: 10,240 characters of inline policies, 20 managed policies and a
boundary of 6,144 each (IAM User Guide, "IAM and AWS STS quotas").

Long, because it is a list: a function for every kind that somebody thought of.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from iam_sudo_core.arns import CARRIER_PATH, RoleArn
from iam_sudo_core.policy.principals import Principal

ACCOUNT = "arn:aws:iam::111122223333"
NAME = "hostile"
BASE_ROLE = f"{ACCOUNT}:role/IAMSudoUser"
MANAGED, INLINE = 6_144, 10_240
_SEED = 20261125

Statement = dict[str, Any]
Document = dict[str, Any]


@dataclass(frozen=True)
class HostileRole:
    """The documents of a role's policies; of AWS's own a boundary may be far larger."""

    inline: Sequence[Document] = ()
    managed: Sequence[Document] = ()
    boundary: Document | None = None
    is_of_aws: bool = False


class Iam:
    """An IAM client, as far as the core uses one: of a hostile role, and of a base role."""

    def __init__(self, role: HostileRole) -> None:
        self._inline = {f"inline-{n}": document for n, document in enumerate(role.inline)}
        managed = {f"{ACCOUNT}:policy/m{n}": each for n, each in enumerate(role.managed)}
        base = f"{ACCOUNT}:policy/base"
        self._boundary = f"{ACCOUNT}:policy/boundary" if role.boundary else None
        self._attached = {NAME: [*managed], "IAMSudoUser": [base]}
        self._documents = managed | {base: POWER_USER}
        if self._boundary and role.boundary:
            self._documents[self._boundary] = role.boundary

    def get_role(self, *, RoleName: str) -> Document:  # noqa: N803 - the parameter of AWS
        boundary = {"PermissionsBoundaryArn": self._boundary}
        has_boundary = self._boundary and RoleName == NAME
        role = {"RoleName": RoleName, "RoleId": RoleName, "Arn": f"{ACCOUNT}:role/{RoleName}"}
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "x"}}
        role["AssumeRolePolicyDocument"] = {"Statement": trust}  # type: ignore[assignment]
        return {"Role": role | ({"PermissionsBoundary": boundary} if has_boundary else {})}

    def get_paginator(self, operation: str) -> Any:
        class Pages:
            @staticmethod
            def paginate(*, RoleName: str = "", **_: object) -> Iterator[Document]:  # noqa: N803
                if operation == "list_policies":
                    yield {"Policies": []}
                elif operation == "list_role_policies":
                    yield {"PolicyNames": list(self._inline) if RoleName == NAME else []}
                else:
                    arns = self._attached[RoleName]
                    yield {"AttachedPolicies": [{"PolicyArn": arn} for arn in arns]}

        return Pages

    def get_role_policy(self, *, RoleName: str, PolicyName: str) -> Document:  # noqa: ARG002, N803
        return {"PolicyDocument": self._inline[PolicyName]}

    def get_policy(self, *, PolicyArn: str) -> Document:  # noqa: N803
        _no_carrier(PolicyArn)
        return {"Policy": {"DefaultVersionId": "v1", "PolicyId": "ANPA"}}

    def get_policy_version(self, *, PolicyArn: str, VersionId: str) -> Document:  # noqa: ARG002, N803
        _no_carrier(PolicyArn)
        return {"PolicyVersion": {"Document": self._documents[PolicyArn]}}

    def create_policy(self, **_: object) -> Document:
        return {}


def _no_carrier(arn: str) -> None:
    """Every role is asked for the first time of a day."""
    if CARRIER_PATH in arn:
        raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": ""}}, "GetPolicy")


class Everything:
    """A selection that selects every role."""

    base_roles = ("*",)

    def rule(self, role: RoleArn) -> str:  # noqa: ARG002
        return "role name *"

    def allowed(self, principals: Any) -> Principal:  # noqa: ARG002
        return Principal("Service", "x")

    def allows_principal(self, principal: Principal) -> bool:  # noqa: ARG002
        return True

    def allows_base_role(self, arn: str) -> bool:  # noqa: ARG002
        return True


def allow(actions: object, resources: object = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def document(*statements: Statement) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _lambda_functions(number: int) -> list[str]:
    return [f"arn:aws:lambda:*:111122223333:function:{number}-{n}" for n in range(6)]


POWER_USER = document(
    {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"},
    allow(["iam:ListRoles", "iam:CreateServiceLinkedRole"]),
    *[
        allow([f"lambda:Do{n}-{m}" for m in range(20)], _lambda_functions(n)) | {"Effect": "Deny"}
        for n in range(6)
    ],
)
# Its condition has no opposite: a boundary with it has no complement, and the product stands in; a
# role with it has none either, so that the boundary is not passed as it is.
_NO_OPPOSITE = allow(
    "s3:*5", "arn:aws:s3:::q", Condition={"ForAnyValue:StringLike": {"aws:TagKeys": "q"}}
)


def _roles() -> Iterator[tuple[str, HostileRole]]:
    rng = random.Random(_SEED)

    def number() -> int:
        return rng.randrange(100_000)

    def fill(pattern: Callable[[], str], characters: int = MANAGED - 300) -> list[str]:
        """Patterns until the document is full."""
        found: list[str] = []
        while sum(len(each) + 3 for each in found) < characters:
            found.append(pattern())
        return found

    def exact() -> str:
        return f"s3:Do{number():05}"

    def wild() -> str:
        return f"s3:*{number():05}*"

    def bucket() -> str:
        return f"arn:aws:s3:::{number():05}/*"

    def alike() -> str:
        return f"arn:aws:s3:::*{'a' * 60}{number():05}*b"

    def policies(count: int, pattern: Callable[[], str]) -> list[Document]:
        return [document(allow(fill(pattern))) for _ in range(count)]

    def of_resources(count: int, pattern: Callable[[], str]) -> list[Document]:
        return [document(allow("s3:*", fill(pattern))) for _ in range(count)]

    def boundary(*statements: Statement) -> Document:
        return document(*statements, _NO_OPPOSITE)

    yield (
        "ten policies of 460 actions, a boundary of 450",
        HostileRole(
            inline=[document(_NO_OPPOSITE)],
            managed=[document(allow([exact() for _ in range(460)])) for _ in range(10)],
            boundary=boundary(allow([exact() for _ in range(450)])),
        ),
    )
    yield (
        "the same with stars",
        HostileRole(managed=policies(10, wild), boundary=boundary(allow(fill(wild)))),
    )
    yield (
        "twenty policies of resources, a boundary of resources",
        HostileRole(
            managed=of_resources(20, bucket), boundary=boundary(allow("s3:*", fill(bucket)))
        ),
    )
    yield (
        "resources that differ late",
        HostileRole(
            inline=[document(allow("s3:*", fill(alike, INLINE - 300)))],
            managed=of_resources(10, alike),
            boundary=boundary(allow("s3:*", fill(alike))),
        ),
    )
    yield (
        "a boundary that excepts what the policies name",
        HostileRole(
            managed=policies(10, exact),
            boundary=document(
                {"Effect": "Allow", "NotAction": fill(exact), "Resource": "*"}, _NO_OPPOSITE
            ),
        ),
    )
    yield (
        "a boundary of 95 statements",
        HostileRole(
            inline=[document(allow("s3:*"))],
            boundary=document(*[allow(wild(), f"arn:{n}") for n in range(95)]),
        ),
    )
    yield (
        "a boundary of two statements of 220 actions",
        HostileRole(
            inline=[document(allow("s3:*"))],
            boundary=document(
                *[allow([wild() for _ in range(220)], f"arn:aws:s3:::{n}") for n in range(2)]
            ),
        ),
    )
    yield (
        "a boundary of everything, under 55 conditions",
        HostileRole(
            managed=policies(20, exact),
            boundary=document(
                *[
                    allow(
                        "*", "*", Condition={"ForAnyValue:StringLike": {"aws:TagKeys": f"{n:02}"}}
                    )
                    for n in range(55)
                ]
            ),
        ),
    )
    yield (
        "conditions of 600 values, times 50",
        HostileRole(
            managed=[
                document(
                    allow(
                        "s3:*", Condition={"StringLike": {"a:k": [f"{n}-{m}" for m in range(600)]}}
                    )
                )
                for n in range(20)
            ],
            boundary=document(
                *[
                    allow("s3:*", f"r{n}", Condition={"ForAnyValue:StringLike": {"a:l": f"{n}"}})
                    for n in range(50)
                ]
            ),
        ),
    )
    yield (
        "two resources of 4,500 characters",
        HostileRole(
            inline=[
                document(allow("s3:*", [f"arn:aws:s3:::*{'a' * 4_500}{n}*b" for n in range(2)]))
            ]
        ),
    )
    yield (
        "stars beside question marks",
        HostileRole(
            inline=[document(allow("s3:*", f"arn:aws:s3:::{'?' * 5_900}"))],
            boundary=boundary(allow("s3:*", f"arn:aws:s3:::{'*' * 5_800}a")),
        ),
    )
    yield (
        "wildcards without a service",
        HostileRole(
            inline=[
                document(allow([*fill(lambda: f"*:*{number():05}*", 4_000), *fill(exact, 5_000)]))
            ]
        ),
    )
    yield (
        "patterns that overlap in too many ways",
        HostileRole(
            inline=[document(allow("s3:*", f"arn:aws:s3:::{'*a' * 120}*"), _NO_OPPOSITE)],
            boundary=boundary(allow("s3:*", f"arn:aws:s3:::{'*b' * 120}*")),
        ),
    )
    yield (
        "patterns whose overlap takes long to check",
        HostileRole(
            inline=[
                document(
                    allow("s3:*", [f"arn:aws:s3:::{n}*a{'?' * 30}*" for n in range(9)]),
                    _NO_OPPOSITE,
                )
            ],
            boundary=boundary(allow("s3:*", [f"arn:aws:s3:::{n}*b{'?' * 30}*" for n in range(9)])),
        ),
    )
    yield (
        "many patterns that overlap",
        HostileRole(
            inline=[document(_NO_OPPOSITE)],
            managed=[document(allow([f"s3:*{number()}a*" for _ in range(40)])) for _ in range(3)],
            boundary=boundary(allow([f"s3:*{number()}b*" for _ in range(300)])),
        ),
    )
    yield (
        "ARNs that overlap, as many as may be",
        HostileRole(
            inline=[document(_NO_OPPOSITE)],
            managed=[
                document(allow("s3:*", fill(lambda: f"arn:aws:logs:*:*:log-group:{number()}*")))
                for _ in range(5)
            ],
            boundary=boundary(
                *[
                    allow(f"s3:Get{n}*", f"arn:aws:logs:eu-{n}:111122223333:log-group:*{n}")
                    for n in range(9)
                ]
            ),
        ),
    )
    yield (
        "a boundary whose statements share actions in every way",
        HostileRole(
            inline=[document(allow("s3:*"))],
            boundary=document(*[allow(f"s3:*{n:02}*", f"arn:aws:s3:::{n}") for n in range(60)]),
        ),
    )
    yield (
        "a boundary whose statements share actions, each more of them",
        HostileRole(
            inline=[document(allow("s3:*"))],
            boundary=document(
                *[allow(f"s3:{'a' * n}*", f"arn:aws:s3:::{n}") for n in range(48)],
                *[allow(f"s3:{'?' * n}", f"arn:aws:s3:::*{n}") for n in range(20)],
            ),
        ),
    )
    yield (
        "denials of all but many",
        HostileRole(
            inline=[
                document(
                    *[
                        {"Effect": "Deny", "NotAction": fill(exact, 1_000), "Resource": "*"}
                        for _ in range(9)
                    ]
                )
            ]
        ),
    )
    yield (
        "actions times resources, in ten policies",
        HostileRole(
            managed=[document(allow(fill(wild, 2_800), fill(bucket, 2_800))) for _ in range(10)]
        ),
    )
    # ReadOnlyAccess is such a policy.
    reads = document(allow([f"service{n % 50}:Get{'Name' * 3}{number():05}" for n in range(2_700)]))
    paths = [f"{bucket()}{'x' * 80}" for _ in range(85)]
    yield (
        "long resources within all that AWS lets read",
        HostileRole(inline=[document(allow("*", paths))], boundary=reads, is_of_aws=True),
    )
    yield (
        "fifty conditions within all that AWS lets read",
        HostileRole(
            inline=[
                document(
                    *[
                        allow(
                            "*", path, Condition={"StringEquals": {"aws:RequestedRegion": f"{n}"}}
                        )
                        for n, path in enumerate(paths[:45])
                    ]
                )
            ],
            boundary=reads,
            is_of_aws=True,
        ),
    )
    yield (
        "all but 400 actions of 97 services, on 40 resources",
        HostileRole(
            inline=[
                document(
                    {
                        "Effect": "Deny",
                        "NotAction": [f"s{n % 97}:{'G' * 9}{n:04}" for n in range(400)],
                        "Resource": [bucket() for _ in range(40)],
                    }
                )
            ]
        ),
    )
    yield (
        "twenty-five policies of 400 actions, and many statements",
        HostileRole(
            inline=[document(*[allow(f"s3:Do{n}", f"{bucket()}{'x' * 50}") for n in range(80)])],
            managed=[document(allow([f"s{n}:Do{m:05}" for m in range(400)])) for n in range(25)],
        ),
    )
    yield "ten policies of actions, without a boundary", HostileRole(managed=policies(10, exact))
    yield (
        "ten policies of functions that the base role may deny",
        HostileRole(
            managed=[
                document(
                    allow(
                        fill(lambda: f"lambda:*{number():05}*", 2_600),
                        fill(lambda: f"arn:aws:lambda:*:*:*{number():05}*", 2_600),
                    )
                )
                for _ in range(10)
            ]
        ),
    )
    yield (
        "policies that could move inline, and do not help",
        HostileRole(
            inline=[document(allow(fill(wild, 1_800)))],
            managed=[document(allow(fill(wild, 1_800))) for _ in range(10)],
        ),
    )
    yield (
        "statements that unite one after the other",
        HostileRole(inline=[document(*_chain(), *[allow(wild(), bucket()) for _ in range(80)])]),
    )
    yield (
        "parts that lie within many others",
        HostileRole(
            inline=[
                document(
                    *[
                        allow("*", f"r{n}", Condition={"Null": {f"a:{n}": "true"}})
                        for n in range(30)
                    ],
                    allow(
                        [f"a:{n}" for n in range(300)],
                        [f"r{n}" for n in range(300)],
                        Condition={"Null": {f"a:{n}": "true" for n in range(30)}},
                    ),
                )
            ]
        ),
    )


def _chain() -> Iterator[Statement]:
    """Each can be united with the one before only when that was united with its own."""
    actions, resources = ["s3:Do0"], ["arn:aws:s3:::0"]
    yield allow(list(actions), list(resources))
    for step in range(1, 22):
        if step % 2:
            yield allow(f"s3:Do{step}", list(resources))
            actions.append(f"s3:Do{step}")
        else:
            yield allow(list(actions), f"arn:aws:s3:::{step}")
            resources.append(f"arn:aws:s3:::{step}")


ROLES: Mapping[str, HostileRole] = dict(_roles())
