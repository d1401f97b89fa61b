"""Have carriers there: managed policies that hold what does not fit into a session.

A carrier that is there is read before it is used: its first version has to be in force, and say
what is meant. Else somebody changed it, and nothing is granted. One that is not there is made, and
then old ones are removed, so that nobody has to clean up: a bounded number at a time, each time
others first, since one that somebody has attached or given a version stays.

IAM is eventually consistent (IAM User Guide, "Troubleshoot IAM: Changes that I make are not always
immediately visible"): what was made may not be seen for some seconds, by IAM and by STS. So it is
asked for again, with longer and longer waits, as long as the function lives.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..arns import CARRIER_PATH
from ..errors import (
    AwsCallFailed,
    CarrierChanged,
    CarriersNotSeen,
    IamSudoError,
    TooManyCarriers,
    quoted,
)
from ..session.carriers import Carrier, is_old
from .calls import CONNECTIONS, Client, call, pages
from .patience import Patience

# More than one session makes, so that they never get more.
MOST_REMOVED = 20
# An account has 1,500 managed policies (IAM User Guide, "IAM and AWS STS quotas"). Whoever changes
# a role again and again, to have it carried, shall not keep others from making theirs.
MOST_CARRIERS = 1_000
_FIRST_VERSION = "v1"
_PAGE_SIZE = 1_000
# What STS says with a meaning that has nothing to do with policies that it does not see: STS API
# Reference, "AssumeRole" and "Common Errors". What it says of those is written nowhere.
_OTHER_ERRORS = frozenset(
    {
        "AccessDenied", "ExpiredToken", "IncompleteSignature", "InternalFailure",
        "InvalidClientTokenId", "OptInRequired", "PackedPolicyTooLarge", "RegionDisabledException",
        "RequestExpired", "ServiceUnavailable", "SignatureDoesNotMatch", "Throttling",
        "UnreadableReply",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Provided:
    """How many carriers had to be made, and how many old ones were removed."""

    made: int = 0
    removed: int = 0


def provide(
    iam: Client, carriers: Sequence[Carrier], *, role: str, day: date, patience: Patience
) -> Provided:
    """Have the carriers of a role's session there, as they are meant; `day` is today in UTC.

    Where all are there, this is one round trip.

    Raises:
        CarrierChanged: somebody made or changed one of them, or took its name elsewhere.
        TooManyCarriers: the account has no room for another managed policy, or carriers have none.
        CarriersNotSeen: IAM says that one is there, and does not show it.
        AwsCallFailed: AWS refused or failed a call.
    """
    missing = _missing(iam, carriers, role=role)
    if not missing:
        return Provided()
    there, removed = _remove_old(iam, day=day, turn=missing[0].name)
    if there is not None and there - removed + len(missing) > MOST_CARRIERS:
        others = "the rest of its quota is for those of others"
        raise TooManyCarriers(role=role, carriers=there - removed, detail=others)

    def make(carrier: Carrier) -> bool:
        try:
            call(
                iam,
                "create_policy",
                PolicyName=carrier.name,
                Path=CARRIER_PATH,
                PolicyDocument=carrier.text,
                Description="iam-sudo: a part of a session; may be deleted after two days",
            )
        except AwsCallFailed as error:
            if error.code == "LimitExceeded":
                raise TooManyCarriers(role=role, carriers=there, detail=error.detail) from None
            if error.code != "EntityAlreadyExists":
                raise
            # Somebody else was faster. It is read like any other, as soon as it is seen.
            while _missing(iam, [carrier], role=role):
                if not patience.goes_on():
                    raise _unseen(iam, carrier, role=role, detail=error.detail) from None
            return False
        return True

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return Provided(sum(pool.map(make, missing)), removed)


def may_be_unseen(error: AwsCallFailed) -> bool:
    """Whether STS may mean by this that it does not see a managed policy yet."""
    return error.operation == "AssumeRole" and error.code not in _OTHER_ERRORS


def is_denied(error: AwsCallFailed) -> bool:
    return error.code.startswith("AccessDenied")


def _missing(iam: Client, carriers: Iterable[Carrier], *, role: str) -> list[Carrier]:
    """Those that are not there; of the others each is what is meant."""
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        found = [
            (
                carrier,
                pool.submit(_found, iam, "get_policy", PolicyArn=carrier.arn),
                pool.submit(
                    _found,
                    iam,
                    "get_policy_version",
                    PolicyArn=carrier.arn,
                    VersionId=_FIRST_VERSION,
                ),
            )
            for carrier in carriers
        ]
        return [
            carrier
            for carrier, policy, version in found
            if not _is_there(carrier, policy.result(), version.result(), role=role)
        ]


def _unseen(iam: Client, carrier: Carrier, *, role: str, detail: str) -> IamSudoError:
    """Why IAM says that a carrier is there and does not show it.

    A name is one whatever its path and its case (IAM API Reference, "CreatePolicy"), so one that
    somebody took elsewhere stands in the way of the carrier for good.
    """
    with suppress(AwsCallFailed):
        for policy in _policies(iam):
            if policy["PolicyName"].lower() == carrier.name and policy["Arn"] != carrier.arn:
                problem = "it has the name of a carrier in another path"
                return CarrierChanged(role=role, policy_arn=policy["Arn"], problem=problem)
    return CarriersNotSeen(role=role, detail=detail)


def _is_there(
    carrier: Carrier,
    policy: Mapping[str, Any] | None,
    version: Mapping[str, Any] | None,
    *,
    role: str,
) -> bool:
    if policy is None:
        return False
    found = policy["Policy"]
    problem = None
    if found.get("Arn") != carrier.arn:
        problem = "it has another ARN"
    elif found.get("DefaultVersionId") != _FIRST_VERSION:
        problem = f"its version {quoted(str(found.get('DefaultVersionId')))} is in force"
    elif version and _canonical(version["PolicyVersion"].get("Document")) != _canonical(
        json.loads(carrier.text)
    ):
        problem = "it says something else"
    if problem:
        raise CarrierChanged(role=role, policy_arn=carrier.arn, problem=problem)
    return version is not None


def _canonical(document: object) -> str:
    """A document to be compared: white space and the order of keys have no meaning."""
    return json.dumps(document, sort_keys=True)


def _found(iam: Client, operation: str, **parameters: Any) -> Mapping[str, Any] | None:
    try:
        return call(iam, operation, **parameters)
    except AwsCallFailed as error:
        if error.code == "NoSuchEntity":
            return None
        raise


def _remove_old(iam: Client, *, day: date, turn: str) -> tuple[int | None, int]:
    """How many carriers there are, if that can be told, and how many old ones were removed.

    To clean up is no reason to refuse: what cannot be removed stays.
    """
    try:
        found = _policies(iam, PathPrefix=CARRIER_PATH)
    except AwsCallFailed:
        return None, 0
    old = [
        policy["Arn"]
        for policy in found
        if policy["Path"] == CARRIER_PATH and is_old(policy["PolicyName"], day=day)
    ]
    old.sort(key=lambda arn: hashlib.sha256(f"{turn} {arn}".encode()).digest())

    def remove(arn: str) -> bool:
        try:
            call(iam, "delete_policy", PolicyArn=arn)
        except AwsCallFailed:
            return False
        return True

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return len(found), sum(pool.map(remove, old[:MOST_REMOVED]))


def _policies(iam: Client, **some: str) -> list[Mapping[str, Any]]:
    """The managed policies of the account."""
    paging = {"PageSize": _PAGE_SIZE}
    return pages(iam, "list_policies", "Policies", Scope="Local", PaginationConfig=paging, **some)
