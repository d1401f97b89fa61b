"""The environment of the command: the new credentials, and no other source of any.

What an SDK or a tool takes an identity from is taken out; what is mere configuration (region,
endpoints, retries, certificates) stays, since the program should reach AWS as it otherwise does.
Names are told apart by rule, so that `AWS_BEARER_TOKEN_` of tomorrow's service goes as well; a name
that says neither is the program's own and stays.

Not attempted for credentials in variables: files. Some programs prefer theirs to any variable, see
docs/decisions/0012. For an endpoint's they are shut.
Source: AWS SDKs and Tools Reference Guide, "Configuration and authentication settings reference",
and where a line says so the SDK or the tool itself. Its test has every variable that botocore
and the AWS CLI know decided.
"""

import os
import re
import sys
from collections.abc import Mapping

from iam_sudo_core.credentials import Credentials

# Words of a name that say who somebody is, wherever they stand in it: AWS_EB_PROFILE,
# AWS_S3_SECRET_ACCESS_KEY (django-storages), AMAZON_SESSION_TOKEN (SDK for Ruby).
_IDENTITY_WORDS = (
    "ACCESS_KEY",
    "SECRET_KEY",  # the older name of SECRET_ACCESS_KEY: SDKs for Go, Java, Ruby
    # Of these, bearer tokens (AWS_BEARER_TOKEN_BEDROCK, …) win over any key; botocore prefers
    # AWS_SECURITY_TOKEN to AWS_SESSION_TOKEN.
    "TOKENS?",
    # AWS_CREDENTIAL_EXPIRATION is not set anew: botocore would refresh from the variables, which
    # cannot change any more.
    "CREDENTIALS?",
    "PROFILES?",  # the SDK for JavaScript prefers AWS_PROFILE to keys
    "WEB_IDENTITY",
    "ASSUMED_ROLE",  # AWS_OKTA_ASSUMED_ROLE: who the shell of another tool is
)
# Beginnings of names, up to the end of a word.
_IDENTITY_BEGINNINGS = (
    # DynamoDB's endpoint may be that account's; the mode would demand an account that nobody knows.
    "AWS_ACCOUNT_ID",
    "AWS_ASSUMED?",
    "AWS_CONTAINER",
    "AWS_LOGIN",
    "AWS_MFA",
    "AWS_ROLE",
    "AWS_SESSION",
    "AWS_SIGNIN",
    "AWS_SSO",
    # Not of an SDK: who the shell of another tool is, which a program or a prompt may believe.
    "AWSUME",
    "AWS_VAULT",
    "GRANTED_SSO",
    "ASSUMED_ROLE",
    "AWSU_PROFILE",
    # Of ours, where one session was begun in another; the new one's are set below.
    "IAM_SUDO_ROLE",
    "IAM_SUDO_EXPIRATION",
    # Without an underscore: s3fs and older tools.
    "AWSACCESSKEYID",
    "AWSSECRETACCESSKEY",
    "AWSSESSIONTOKEN",
    r"IAM_SUDO_\w+_(?:URI|TOKEN)",
    # Files of credentials, of boto and gsutil.
    "BOTO_CONFIG",
    "BOTO_PATH",
)
_IDENTITY = re.compile(
    rf"(?:(?:AWS|AMAZON|EC2)_(?:[A-Z0-9_]*_)?(?:{'|'.join(_IDENTITY_WORDS)})"
    rf"|{'|'.join(_IDENTITY_BEGINNINGS)})(?:_.*)?"
)
# What has such a word and is configuration: the shared file holds settings too, and is where
# --profile writes; and there is a service Customer Profiles.
_CONFIGURATION = re.compile(r"AWS_SHARED_CREDENTIALS_FILE|AWS_ENDPOINT_URL_.*")

# By these a loader or a shell runs something before CMD does, on this machine and not in the
# workload's image, for whoever may change the workload: ld.so(8), dyld(1), Bash Reference Manual,
# "Bash Startup Files", "Shell Functions", "Controlling the Prompt" and "Bash Variables"; zshall(1).
# By the last of them a command of ours inside CMD would ask another function, or as another.
_RUNS_SOMETHING = re.compile(
    r"LD_.*|DYLD_.*|BASH_ENV|BASH_FUNC_.*|SHELLOPTS|PS[0-4]|PROMPT_COMMAND|ZDOTDIR|IAM_SUDO_.*",
    re.DOTALL,
)

# Files in which SDKs look for credentials before they ask an endpoint. The last one is boto's:
# botocore reads it too, and looks at two more places unless the variable is set.
_FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG")

_SCHEMES = "AWS_AUTH_SCHEME_PREFERENCE"
_SIGNED_WITH_KEYS = re.compile(r"\s*sigv4a?\s*(?:,\s*sigv4a?\s*)*")


def command_environment(
    environ: Mapping[str, str],
    credentials: Credentials,
    *,
    region: str | None,
    role: str | None = None,
) -> dict[str, str]:
    """Return the environment for the command: these credentials and no other source of any.

    `role` is the role's name, as it was asked for, for prompts and scripts. `region` is the one
    that the caller resolved: it may have come from the profile whose name is taken out here. None
    leaves the region variables as they are.
    """
    environment = _nobody(environ, region=region, role=role)
    environment["AWS_ACCESS_KEY_ID"] = credentials.access_key_id
    environment["AWS_SECRET_ACCESS_KEY"] = credentials.secret_access_key
    environment["AWS_SESSION_TOKEN"] = credentials.session_token
    if role is not None:
        environment["IAM_SUDO_EXPIRATION"] = credentials.expiration
    return environment


def endpoint_environment(
    environ: Mapping[str, str],
    endpoint: Mapping[str, str],
    *,
    region: str | None,
    role: str | None = None,
) -> dict[str, str]:
    """The same, with the variables of an endpoint that gives credentials in place of credentials.

    SDKs ask an endpoint after they have looked into files, and ask the metadata service when it
    gives nothing. So of both there are none: a `[default]` profile would make the command the
    caller. What files set besides, the caller has to hand on.
    """
    environment = _nobody(environ, region=region, role=role)
    environment |= dict.fromkeys(_FILES, os.devnull)
    environment["AWS_EC2_METADATA_DISABLED"] = "true"
    return environment | dict(endpoint)


def of_role(role: str, endpoint: Mapping[str, str]) -> dict[str, str]:
    """The same endpoint, for a command that hands it on: IAM_SUDO_ORDERS_TASK_URI, and _TOKEN."""
    name = re.sub(r"[^A-Z0-9]", "_", role.upper())
    return {
        f"IAM_SUDO_{name}_{variable.rpartition('_')[2]}": text
        for variable, text in endpoint.items()
    }


def _nobody(environ: Mapping[str, str], *, region: str | None, role: str | None) -> dict[str, str]:
    environment = {name: text for name, text in environ.items() if not names_somebody(name, text)}
    if role is not None:
        environment["IAM_SUDO_ROLE"] = role
    if region is not None:
        environment["AWS_REGION"] = environment["AWS_DEFAULT_REGION"] = region
    return environment


def taken_over(variables: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Of a workload's variables those that CMD may be given, and the names of the others.

    The others name an identity beside the role's, which on this machine may be one of the caller's
    profiles, or have something else run.
    """
    # Windows knows no case in names; `os.environ` writes them large there, as the rules do.
    known = {name: name.upper() if sys.platform == "win32" else name for name in variables}
    out = [
        name
        for name, text in variables.items()
        if names_somebody(known[name], text) or _RUNS_SOMETHING.fullmatch(known[name])
    ]
    return {name: text for name, text in variables.items() if name not in out}, sorted(out)


def names_somebody(name: str, text: str) -> bool:
    """Whether an SDK or a tool would take an identity from a variable of this name and text."""
    if name == _SCHEMES:  # any other scheme asks for a token, which can be the caller's alone
        return not _SIGNED_WITH_KEYS.fullmatch(text)
    return bool(_IDENTITY.fullmatch(name)) and not _CONFIGURATION.fullmatch(name)
