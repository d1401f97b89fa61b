"""What an organization limits: where sessions may act and by which services, and our roles.

Regions and services are Denies of the base role, so they hold for every session of it, by the
broker or by `--local`, whatever its role may do. They are a policy of their own beside the
guardrails: `iam-sudo explain` says of what they take that the base role does not have it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from ..errors import InvalidChoice
from ..values import has_attribute, listed
from .services import doubt

# The base role's inline policy of regions and services.
LIMITS_POLICY = "limits"

# Services that have one endpoint for all regions, by their prefixes in IAM. Their requests are made
# to a region that nobody chose (us-east-1; networkmanager: us-west-2), and are spared (IAM User
# Guide, "AWS: Denies access to AWS based on the requested Region"). What is missing here is denied
# unless that region is allowed. tests/cdk/session_policy/test_limits.py compares it with botocore.
GLOBAL_SERVICES = (
    "account",
    "billingconductor",
    "budgets",
    "ce",
    "cloudfront",
    "codecatalyst",
    "health",
    "iam",
    "importexport",
    "networkmanager",
    "notifications-contacts",
    "organizations",
    "route53",
    "savingsplans",
    "shield",
    # It has endpoints everywhere, and the old one that many programs still ask is us-east-1's. What
    # it gives out is of no region.
    "sts",
    "support",
    "tax",
    "waf",
)

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")
_SERVICE = re.compile(r"[a-z0-9][a-z0-9-]*")
# IAM User Guide, "IAM and AWS STS quotas": all inline policies of a role have 10,240 characters,
# and the guardrails and policies of the application need theirs.
_CHARACTERS = 2_048
# Of the characters that IAM takes ("IAM name requirements"), those that are no wildcards.
_PATH = re.compile(r"/(?:[A-Za-z0-9_+=,.@-]+/)*")
_LONGEST_PATH = 512
# Nobody makes roles there (IAM API Reference, "CreateRole").
_RESERVED_PATHS = ("/aws-reserved/", "/aws-service-role/")
_POLICY = re.compile(
    r"(?:arn:aws[a-z-]*:iam::(?:aws|[0-9]{12}):policy/)?[A-Za-z0-9_+=,.@/-]+(?<!/)"
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """See `SessionPolicyStrategy` for what each of them is."""

    allowed_regions: Sequence[str] | None
    denied_services: Sequence[str]
    permissions_boundary: str | iam.IManagedPolicy | None
    role_path: str

    def __post_init__(self) -> None:
        if self.allowed_regions is not None:
            of = "names of regions, as in eu-west-1"
            regions = listed("allowed_regions", self.allowed_regions, of=of)
            if not regions:
                allowed = f"a list of {of}, at least one; or None, for all"
                raise InvalidChoice(key="allowed_regions", value=regions, allowed=allowed)
            self._check("allowed_regions", regions, _REGION, allowed=f"a list of {of}")
        of = "prefixes of services, as IAM writes them before the colon of an action"
        services = listed("denied_services", self.denied_services, of=of)
        self._check("denied_services", services, _SERVICE, allowed=f"a list of {of}")
        boundary: object = self.permissions_boundary
        if boundary is not None and not (
            has_attribute(boundary, "managed_policy_arn")
            or (isinstance(boundary, str) and (_is_token(boundary) or _POLICY.fullmatch(boundary)))
        ):
            allowed = "the name of a managed policy of the account, an ARN or an IManagedPolicy"
            raise InvalidChoice(key="permissions_boundary", value=boundary, allowed=allowed)
        path: object = self.role_path
        if (
            not isinstance(path, str)
            or not _PATH.fullmatch(path)
            or len(path) > _LONGEST_PATH
            or path.startswith(_RESERVED_PATHS)
        ):
            allowed = (
                "a path that begins and ends with a slash, as in /team/, of letters, digits and "
                "_+=,.@-, and none of AWS's own"
            )
            raise InvalidChoice(key="role_path", value=path, allowed=allowed)

    @staticmethod
    def _check(
        key: str, values: Sequence[object], pattern: re.Pattern[str], *, allowed: str
    ) -> None:
        for value in values:
            if not isinstance(value, str) or not (_is_token(value) or pattern.fullmatch(value)):
                raise InvalidChoice(key=key, value=value, allowed=allowed)
        if sum(len(str(value)) + len('":*",') for value in values) > _CHARACTERS:
            allowed = f"a list of at most {_CHARACTERS:,} characters, for a role has no more room"
            raise InvalidChoice(key=key, value=f"{len(values)} values", allowed=allowed)

    def policies(self, scope: Construct) -> dict[str, iam.PolicyDocument]:
        """The inline policy of the base role, by its name, if there is anything to deny.

        `scope` is warned of what denies nothing.
        """
        statements = []
        if self.allowed_regions is not None:
            # Absent is denied as well.
            statements.append(
                iam.PolicyStatement(
                    sid="OnlyInRegions",
                    effect=iam.Effect.DENY,
                    not_actions=[f"{service}:*" for service in GLOBAL_SERVICES],
                    resources=["*"],
                    conditions={
                        "StringNotEquals": {"aws:RequestedRegion": list(self.allowed_regions)}
                    },
                )
            )
        if self.denied_services:
            self._warn(scope)
            statements.append(
                iam.PolicyStatement(
                    sid="NotByServices",
                    effect=iam.Effect.DENY,
                    actions=[f"{service}:*" for service in self.denied_services],
                    resources=["*"],
                )
            )
        return {LIMITS_POLICY: iam.PolicyDocument(statements=statements)} if statements else {}

    def _warn(self, scope: Construct) -> None:
        for service in self.denied_services:
            if _is_token(service) or (meant := doubt(service)) is None:
                continue
            cdk.Annotations.of(scope).add_warning_v2(
                f"iam-sudo:unknownService:{service}",
                f"denied_services: IAM has no service {service} that this version knows{meant}; "
                "its Deny is in vain then. Acknowledge this where AWS's Service Authorization "
                "Reference has it",
            )

    def boundary(self, scope: Construct) -> iam.IManagedPolicy | None:
        """The permissions boundary of the roles that are made; one construct for all of them."""
        policy, id_ = self.permissions_boundary, "PermissionsBoundary"
        if policy is None or not isinstance(policy, str):
            return policy
        if policy.startswith("arn:") or _is_token(policy):
            return iam.ManagedPolicy.from_managed_policy_arn(scope, id_, policy)
        return iam.ManagedPolicy.from_managed_policy_name(scope, id_, policy)


def with_path(path: str, name: str) -> str:
    """What follows `role/` in the ARN of a role."""
    return f"{path}{name}".removeprefix("/")


def _is_token(text: str) -> bool:
    return cdk.Token.is_unresolved(text)
