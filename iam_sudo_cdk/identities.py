"""ARNs of roles and users, as people write them who name developers, and of a broker."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\$\{Token\[[^\]]*\]\}")
_ANY = "\ue000"  # stands for a token, whatever it will be; no name of IAM has it
# IAM User Guide, "IAM and AWS STS quotas", "IAM name requirements". Where an ARN is compared, `*`,
# `?` and `${…}` would stand for many.
_IDENTITY = re.compile(
    rf"arn:(?:aws[a-z-]*|{_ANY}):iam::((?:\d{{12}}|{_ANY}|\*):(?:role|user)/([\w+=,.@/{_ANY}*?-]+))",
    re.ASCII,
)
_IDENTITY_CENTER_PREFIX = "AWSReservedSSO_"
# Lambda API Reference, "AddPermission": FunctionName.
_FUNCTION = re.compile(
    rf"arn:(?:aws[a-z-]*|{_ANY}):lambda:(?:[a-z0-9-]+|{_ANY}):(?:\d{{12}}|{_ANY}):function:"
    rf"[A-Za-z0-9_{_ANY}-]{{1,64}}",
    re.ASCII,
)


def is_function(arn: str) -> bool:
    """Whether an ARN is that of one function, without a version or an alias.

    What only the deployment knows passes, as a whole or in the place of a part.
    """
    text = _TOKEN.sub(_ANY, arn)
    return text == _ANY or bool(_FUNCTION.fullmatch(text))


def identity_problem(arn: str, *, wildcards: bool = False) -> str | None:
    """Why an ARN is not that of one role or user, or, with `wildcards`, of some of them.

    `*` as the account is each account's own, where a role trusts no other. What only the deployment
    knows passes, as a whole or as a part.
    """
    text = _TOKEN.sub(_ANY, arn)
    if text.startswith(_ANY):
        return None
    found = _IDENTITY.fullmatch(text)
    if not found or (not wildcards and set("*?") & set(found[1])):
        return "it is not the ARN of one role or user"
    if found[2].startswith(_IDENTITY_CENTER_PREFIX):
        return (
            "the ARN of an IAM Identity Center role has a path, "
            "role/aws-reserved/sso.amazonaws.com/…, and `aws iam get-role` shows it"
        )
    return None
