"""The condition keys that a session answers otherwise than its role.

A session is one of the base role, handed out by STS. The role's own sessions are handed out by a
service, or to a web identity, or by way of SAML, which leaves its mark on them: keys that a session
of the base role lacks.

The rule is turned round where it can be: of the family `aws:` those keys are listed that are known
to be the same for both, and every other one is taken to be lacking; so are keys whose prefix is no
service's name but a federation provider's. Of the keys of services those are listed that differ.
Sources: IAM User Guide, "AWS global condition context keys", "IAM and AWS STS condition context
keys"; Service Authorization Reference for the keys of services; others are named beside the key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from ..arns import RoleArn
from ..policy.conditions import KeyTest
from ..policy.patterns import fold
from ..policy.principals import Principal, allows_session_tags, federation_providers
from . import tags as session_tags
from .role import RoleSnapshot


class Answer(Enum):
    """What a session has for a key, compared with the role's own sessions."""

    THE_SAME = auto()
    OF_THE_PLACE = auto()  # where the request comes from
    ANOTHER = auto()  # both have it, with different values
    NONE = auto()  # the role's own may have it, and the session lacks it


# Of the request, of the resource, or the same in every session of AssumeRole.
SAME = frozenset(
    {
        "aws:calledvia", "aws:calledviaawsmcp", "aws:calledviafirst", "aws:calledvialast",
        "aws:currenttime", "aws:epochtime", "aws:ismcpserviceaction", "aws:referer",
        "aws:requestedregion", "aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths",
        "aws:securetransport", "aws:tagkeys", "aws:useragent", "aws:viaawsmcpservice",
        "aws:viaawsservice",
        # Both are sessions of a role, and as new as their credentials. Neither has MFA: IAM User
        # Guide, "Secure API access with MFA".
        "aws:assumedroot", "aws:multifactorauthage", "aws:multifactorauthpresent",
        "aws:principaltype", "aws:tokenissuetime", "aws:username",
        # Neither is a service that makes a request as itself.
        "aws:principalisawsservice", "aws:principalservicename", "aws:principalservicenameslist",
        "aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths",
        "aws:sourceowner",
    }
)  # fmt: skip
SAME_FAMILIES = ("aws:requesttag/", "aws:resourcetag/")
# The same where role and base role are of one account.
OF_THE_ACCOUNT = frozenset(
    {
        "aws:principalaccount", "aws:principalorgid", "aws:principalorgmasteraccountid",
        "aws:principalorgpaths", "kms:calleraccount",
    }
)  # fmt: skip
OF_THE_PLACE = frozenset(
    {
        "aws:sourceip", "aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpceaccount",
        "aws:vpceorgid", "aws:vpceorgpaths", "aws:vpcsourceip",
        "elasticfilesystem:accessedviamounttarget",
        "vpc-lattice-svcs:sourcevpc", "vpc-lattice-svcs:sourcevpcowneraccount",
    }
)  # fmt: skip
# Who is calling.
PRINCIPAL_ARN, USER_ID = "aws:principalarn", "aws:userid"
# Of a session with a source identity: who asked for it, by the proof.
SOURCE_IDENTITY, OF_THE_REQUEST = "aws:sourceidentity", "sts:sourceidentity"
ANOTHER = frozenset({PRINCIPAL_ARN, USER_ID, "servicecatalog:rolelevel"})
# What the role's sessions may have from the sign-in, and from the machine or the service that they
# were given out to. Those of `aws:` would be taken for such anyway.
OF_THE_SIGN_IN = frozenset(
    {
        "aws:chatbotsourcearn", "aws:federatedprovider", "aws:sourceidentity",
        "deadline:requesterprincipalid", "identitystore:userid", "nimble:requesterprincipalid",
        "qapps:userissessionmoderator",
    }
)  # fmt: skip
OF_THE_MACHINE = frozenset(
    {
        "aws:ec2instancesourceprivateipv4", "aws:ec2instancesourcevpc",
        "codebuild:buildarn", "codebuild:projectarn",
        "drs:ec2instancearn",
        "ec2:roledelivery", "ec2:sourceavailabilityzone",
        "glue:credentialissuingservice", "glue:roleassumedby",
    }
)  # fmt: skip
# `ec2:SourceInstanceArn`, `lambda:SourceFunctionArn`, `ssm:SourceInstanceArn`, and those to come.
SOURCE = re.compile("[a-z0-9-]+:source[a-z]*arn")
FAMILIES_OF_THE_SIGN_IN = (
    "credentials-iot:",  # AWS IoT Core Developer Guide, "… AWS IoT Core credential provider"
    "saml:",
    "transfer:home", "transfer:username",  # AWS Transfer Family User Guide, "… session policy"
)  # fmt: skip
# Of `sts:` as of `aws:`: what a caller of STS asks for is the same whoever it is.
SAME_OF_STS = frozenset(
    {
        "sts:awsservicename", "sts:durationseconds", "sts:externalid", "sts:identitytokenaudience",
        "sts:requestcontextproviders", "sts:roleauthorizedbyidp", "sts:rolesessionname",
        "sts:signingalgorithm", "sts:sourceidentity", "sts:taskpolicyarn", "sts:transitivetagkeys",
    }
)  # fmt: skip
SAME_FAMILIES_OF_STS = ("sts:requestcontext/",)
# Services that tag every session they give out, and how the keys of these tags begin: Amazon EKS
# User Guide, "Grant Pods access to AWS resources based on tags"; IAM Roles Anywhere User Guide,
# "Trust policy".
TAGGING_SERVICES: dict[str, tuple[str, ...]] = {
    "pods.eks.amazonaws.com": ("eks-cluster-", "kubernetes-"),
    "rolesanywhere.amazonaws.com": ("x509issuer/", "x509san/", "x509subject/"),
}
_OF_THE_SOURCE = (SOURCE_IDENTITY, OF_THE_REQUEST)
_SERVICE = re.compile("[a-z0-9-]+")
_PRINCIPAL_TAG = "aws:principaltag/"


@dataclass(frozen=True)
class Caller:
    """Who a session is: one of `base_role`, for `role`, with the tags of these keys as the role.

    The keys are folded; `is_tagged` is whether the role's own sessions may be passed other tags,
    `providers` are the names, folded, of the federation providers that its trust policy has. A
    `source_identity` is one more thing that the session has and the role has not.
    """

    role: RoleArn
    base_role: RoleArn
    tags: frozenset[str] = frozenset()
    is_tagged: bool = False
    role_id: str | None = None
    providers: frozenset[str] = frozenset()
    source_identity: str | None = None

    @classmethod
    def of(
        cls, snapshot: RoleSnapshot, base_role: RoleArn, *, source_identity: str | None = None
    ) -> Caller:
        """The caller of a session to which the role's tags are passed, as far as they can be."""
        prefixes = _prefixes_of_tags(snapshot.role.principals())
        keys = map(fold, session_tags.passed(snapshot.tags))
        return cls(
            role=snapshot.role.arn,
            base_role=base_role,
            tags=frozenset(key for key in keys if not key.startswith(prefixes)),
            is_tagged=bool(prefixes) or allows_session_tags(snapshot.role.trust_policy),
            role_id=snapshot.role.role_id,
            providers=frozenset(map(fold, federation_providers(snapshot.role.trust_policy))),
            source_identity=source_identity,
        )

    def answer(self, key: str) -> Answer:
        """What the session has for a condition key, in whatever case it is written."""
        name = fold(key).strip()
        if is_principal_tag(name):
            return self._tag(name.removeprefix(_PRINCIPAL_TAG))
        if any(name.startswith(f"{provider}:") for provider in self.providers):
            return Answer.NONE
        if name in OF_THE_ACCOUNT and self.role.account != self.base_role.account:
            return Answer.ANOTHER
        if name in ANOTHER or (self.source_identity and name in _OF_THE_SOURCE):
            return Answer.ANOTHER
        if name in OF_THE_PLACE:
            return Answer.OF_THE_PLACE
        return Answer.THE_SAME if _is_the_same(name) else Answer.NONE

    def decides(self, test: KeyTest) -> tuple[bool | None, bool | None]:
        """Whether a test of a key that both have is true of the role, and of the session.

        None is not sure. Of the base role's id it is known alone that it is not the role's.
        """
        name = fold(test.key).strip()
        if name == PRINCIPAL_ARN:
            return test.of(str(self.role)), test.of(str(self.base_role))
        if name == USER_ID and self.role_id:
            own = f"{self.role_id}:"
            is_own = all(value.startswith(own) for value in test.values)
            return None, test.negated_or_not(False if is_own else None)
        if name == SOURCE_IDENTITY and self.source_identity:
            return None, test.of(self.source_identity)
        return None, None

    def _tag(self, key: str) -> Answer:
        # One of the base role's own is refused by `session_tags`.
        return Answer.NONE if self.is_tagged and key not in self.tags else Answer.THE_SAME


def tags_set_anew(snapshot: RoleSnapshot) -> frozenset[str]:
    """The role's own tags, by folded keys, in whose place its sessions are passed others."""
    prefixes = _prefixes_of_tags(snapshot.role.principals())
    return frozenset(key for key in map(fold, snapshot.tags) if key.startswith(prefixes))


def _prefixes_of_tags(principals: Iterable[Principal]) -> tuple[str, ...]:
    return tuple(
        prefix
        for principal in principals
        if principal.type == "Service"
        for prefix in TAGGING_SERVICES.get(principal.id, ())
    )


def _is_the_same(name: str) -> bool:
    prefix, colon, _ = name.partition(":")
    if not colon or not _SERVICE.fullmatch(prefix):
        return False
    if prefix == "aws":
        return name in SAME | OF_THE_ACCOUNT or name.startswith(SAME_FAMILIES)
    if prefix == "sts":
        return name in SAME_OF_STS or name.startswith(SAME_FAMILIES_OF_STS)
    return not (
        name in OF_THE_SIGN_IN
        or is_of_the_machine(name)
        or name.startswith(FAMILIES_OF_THE_SIGN_IN)
    )


def is_of_the_machine(name: str) -> bool:
    """Whether a folded key tells on what machine, or by what service, credentials are used."""
    return name in OF_THE_MACHINE or SOURCE.fullmatch(name) is not None


def is_principal_tag(name: str) -> bool:
    """Whether a folded key is one of `aws:PrincipalTag/…`."""
    return name.startswith(_PRINCIPAL_TAG)
