"""What of the caller's environment the command gets to see."""

import importlib.util
import re
from pathlib import Path

import pytest
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.session import Session

from iam_sudo_client.ways_out.command_environment import command_environment, taken_over
from iam_sudo_core.credentials import Credentials

NEW = Credentials("ASIANEW", "new-secret", "new-token", "2030-01-02T03:04:05+00:00")
SET = {
    "AWS_ACCESS_KEY_ID": "ASIANEW",
    "AWS_SECRET_ACCESS_KEY": "new-secret",
    "AWS_SESSION_TOKEN": "new-token",
}

# Where somebody is named, by whom it is documented.
IDENTITY = {
    "AWS SDKs and Tools Reference Guide, settings reference": """
        AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_ACCOUNT_ID
        AWS_ACCOUNT_ID_ENDPOINT_MODE AWS_PROFILE AWS_ROLE_ARN AWS_ROLE_SESSION_NAME
        AWS_WEB_IDENTITY_TOKEN_FILE AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
        AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_AUTHORIZATION_TOKEN
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE AWS_LOGIN_CACHE_DIRECTORY""",
    "Amazon Bedrock User Guide, API keys; and what comes of the kind": """
        AWS_BEARER_TOKEN_BEDROCK AWS_BEARER_TOKEN_BEDROCK_AGENTCORE AWS_BEARER_TOKEN_TOMORROW""",
    "botocore": "AWS_SECURITY_TOKEN AWS_CREDENTIAL_EXPIRATION AWS_DEFAULT_PROFILE BOTO_CONFIG",
    "the EC2 tools, and Ansible": """
        AWS_CREDENTIAL_FILE EC2_ACCESS_KEY EC2_SECRET_KEY EC2_SECURITY_TOKEN""",
    "the SDKs for Go, Java, Ruby and JavaScript": """
        AWS_ACCESS_KEY AWS_SECRET_KEY AWS_CREDENTIAL_PROFILES_FILE AWS_CREDENTIAL_SCOPE
        AWS_CONTAINER_SERVICE_ENDPOINT AMAZON_ACCESS_KEY_ID AMAZON_SECRET_ACCESS_KEY
        AMAZON_SESSION_TOKEN""",
    "boto, django-storages": "BOTO_PATH AWS_S3_ACCESS_KEY_ID AWS_S3_SECRET_ACCESS_KEY",
    "tools that hand out credentials": """
        AWS_OKTA_ASSUMED_ROLE_ARN AWSACCESSKEYID AWSSECRETACCESSKEY AWSSESSIONTOKEN
        AWS_VAULT AWS_VAULT_FILE_PASSPHRASE AWSUME_PROFILE AWSUME_EXPIRATION AWS_EB_PROFILE
        AWS_SSO_PROFILE AWS_SSO_ACCOUNT_ID AWS_SSO_ROLE_NAME AWS_SSO_START_URL AWS_MFA_SERIAL
        AWS_SESSION_EXPIRATION AWS_ASSUME_ROLE_ARN AWS_OKTA_PROFILE AWS_SIGNIN_REGION
        GRANTED_SSO_START_URL GRANTED_SSO_ROLE_NAME ASSUMED_ROLE IAM_SUDO_ROLE
        IAM_SUDO_EXPIRATION""",
    "Starship's documentation, AWS: what prompts show": """
        AWS_PROFILE AWSU_PROFILE AWS_VAULT AWSUME_PROFILE AWS_SSO_PROFILE
        AWS_CREDENTIAL_EXPIRATION AWSUME_EXPIRATION AWS_SESSION_EXPIRATION""",
}

# What botocore and the AWS CLI know besides, and that names nobody: where AWS is, and how to talk
# to it. The instance's role comes after keys, in every SDK.
CONFIGURATION = {
    "botocore": """
        AWS_CA_BUNDLE AWS_CONFIG_FILE AWS_CSM_CLIENT_ID AWS_CSM_ENABLED AWS_CSM_HOST AWS_CSM_PORT
        AWS_DATA_PATH AWS_DEFAULTS_MODE AWS_DEFAULT_REGION AWS_DISABLE_HOST_PREFIX_INJECTION
        AWS_DISABLE_REQUEST_COMPRESSION AWS_EC2_METADATA_DISABLED AWS_EC2_METADATA_SERVICE_ENDPOINT
        AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE AWS_EC2_METADATA_V1_DISABLED
        AWS_ENDPOINT_DISCOVERY_ENABLED AWS_ENDPOINT_URL AWS_ENDPOINT_URL_ AWS_EXECUTION_ENV
        AWS_IGNORE_CONFIGURED_ENDPOINT_URLS AWS_IMDS_USE_IPV6 AWS_LAMBDA_FUNCTION_NAME
        AWS_MAX_ATTEMPTS AWS_METADATA_SERVICE_NUM_ATTEMPTS AWS_METADATA_SERVICE_TIMEOUT AWS_REGION
        AWS_REQUEST_CHECKSUM_CALCULATION AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES
        AWS_RESPONSE_CHECKSUM_VALIDATION AWS_RETRY_MODE AWS_S3_DISABLE_EXPRESS_SESSION_AUTH
        AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS AWS_S3_USE_ARN_REGION
        AWS_S3_US_EAST_1_REGIONAL_ENDPOINT AWS_SDK_UA_APP_ID AWS_SHARED_CREDENTIALS_FILE
        AWS_SIGV4A_SIGNING_REGION_SET AWS_STS_REGIONAL_ENDPOINTS AWS_USE_DUALSTACK_ENDPOINT
        AWS_USE_FIPS_ENDPOINT BOTOCORE_EXPERIMENTAL__PLUGINS BOTOCORE_TCP_KEEPALIVE BOTO_DISABLE_CRT
        BOTO_EXPERIMENTAL__ADD_PROXY_HOST_HEADER BOTO_EXPERIMENTAL__NO_EMPTY_CONTINUE""",
    "the AWS CLI": """
        AWS_CLI_FILE_ENCODING AWS_CLI_HISTORY_FILE AWS_CLI_S3_MV_VALIDATE_SAME_S3_PATHS
        AWS_CLI_UPGRADE_DEBUG_MODE AWS_DEFAULT_OUTPUT AWS_NEW_RETRIES_2026 AWS_PAGER AWS_PARTITION
        AWS_SSM_START_SESSION_RESPONSE AWS_TEST_COMMAND""",
}
# Decided by its value.
DECIDED_BY_VALUE = {"AWS_AUTH_SCHEME_PREFERENCE"}


def names(table: dict[str, str]) -> set[str]:
    return set(" ".join(table.values()).split())


def kept(*names: str, value: str = "old") -> set[str]:
    environment = command_environment(dict.fromkeys(names, value), NEW, region=None)
    return {name for name, text in environment.items() if text == value}


@pytest.mark.parametrize("source", IDENTITY)
def test_the_new_credentials_are_set_and_no_older_source_of_any_survives(source: str) -> None:
    others = {"PATH": "/bin", "AWS_REGION": "eu-west-1", "AWS_CA_BUNDLE": "/ca", "LANG": "C"}
    old = dict.fromkeys(IDENTITY[source].split(), "old")
    assert command_environment({**old, **others}, NEW, region=None) == {**others, **SET}


def test_configuration_stays() -> None:
    assert kept(*names(CONFIGURATION)) == names(CONFIGURATION)


def test_what_says_nothing_about_who_somebody_is_is_the_programs_own() -> None:
    own = {
        "AWS_ENV", "AWS_BUCKET", "AWS_KMS_KEY_ID", "AWS_SECRET_NAME", "AWS_TOKENIZER",
        "AWS_COGNITO_IDENTITY_POOL_ID", "MY_AWS_PROFILE", "ACCESS_KEY", "TOKEN", "NPM_TOKEN",
        "PROFILE", "AWS_BACKUP_VAULT_NAME", "BOTO", "AWS_ACCOUNT_ALIAS",
    }  # fmt: skip
    assert kept(*own) == own


def test_every_service_keeps_its_endpoint_and_loses_its_token() -> None:
    services = [name.upper().replace("-", "_") for name in Session().get_available_services()]
    assert "CUSTOMER_PROFILES" in services  # the one that looks like an identity
    endpoints = {f"AWS_ENDPOINT_URL_{name}" for name in services}
    tokens = {f"AWS_BEARER_TOKEN_{name}" for name in services}
    assert kept(*endpoints, *tokens) == endpoints


def variables_in(package: str) -> set[str]:
    """The quoted names in a package that look like variables of AWS's."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        return set()
    return {
        name
        for file in Path(found.origin).parent.rglob("*.py")
        for name in re.findall(
            r"""["']((?:AWS|AMAZON|BOTO|BOTOCORE|EC2)_[A-Z0-9_]+)["'{]""", file.read_text("utf-8")
        )
    }


def test_every_variable_that_botocore_and_the_cli_know_is_decided() -> None:
    known = set().union(*(variables_in(each) for each in ("botocore", "awscli", "s3transfer")))
    for _, variables, *_ in BOTOCORE_DEFAUT_SESSION_VARIABLES.values():
        known |= {variables} if isinstance(variables, str) else set(variables or ())
    assert {"AWS_BEARER_TOKEN_", "AWS_ACCOUNT_ID", "AWS_PROFILE"} <= known
    taken_out = known - kept(*known)
    # A new one: read what it is for, and add it to IDENTITY or CONFIGURATION (and mend the rule).
    assert known - taken_out - DECIDED_BY_VALUE <= names(CONFIGURATION)
    assert taken_out - DECIDED_BY_VALUE <= names(IDENTITY) | {"AWS_BEARER_TOKEN_"}


@pytest.mark.parametrize("schemes", ["sigv4", "sigv4a, sigv4", " sigv4a "])
def test_a_preference_between_signatures_stays(schemes: str) -> None:
    assert kept("AWS_AUTH_SCHEME_PREFERENCE", value=schemes) == DECIDED_BY_VALUE


@pytest.mark.parametrize("schemes", ["httpBearerAuth", "sigv4,httpBearerAuth", "tomorrow", ""])
def test_a_preference_for_a_token_goes(schemes: str) -> None:
    assert kept("AWS_AUTH_SCHEME_PREFERENCE", value=schemes) == set()


def test_a_region_that_was_found_elsewhere_is_set_for_every_sdk() -> None:
    before = {"AWS_PROFILE": "ann", "AWS_REGION": "us-east-1"}
    environment = command_environment(before, NEW, region="eu-west-1")
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert before == {"AWS_PROFILE": "ann", "AWS_REGION": "us-east-1"}


def test_scripts_and_prompts_are_told_which_role_it_is_and_until_when() -> None:
    before = {"IAM_SUDO_ROLE": "old", "IAM_SUDO_BASE_ROLE": "Base", "ASSUMED_ROLE": "old"}
    environment = command_environment(before, NEW, region=None, role="orders-task")
    assert environment == {
        **SET,
        "IAM_SUDO_ROLE": "orders-task",
        "IAM_SUDO_EXPIRATION": NEW.expiration,
        "IAM_SUDO_BASE_ROLE": "Base",
    }


@pytest.mark.parametrize(
    "name",
    ["BASH_ENV", "PROMPT_COMMAND", "PS0", "PS4", "SHELLOPTS", "ZDOTDIR", "DYLD_X", "LD_AUDIT",
     "IAM_SUDO_FUNCTION_NAME", "IAM_SUDO_CALLER_PROFILE"],
)  # fmt: skip
def test_of_a_workload_nothing_is_taken_over_that_runs_before_cmd_or_is_one_s_own(
    name: str,
) -> None:
    assert taken_over({name: "x"}) == ({}, [name])


@pytest.mark.parametrize("name", ["SHELL_COLOUR", "PS5", "PSQL_HISTORY", "ENV", "MY_PROMPT"])
def test_of_a_workload_other_names_are_taken_over(name: str) -> None:
    assert taken_over({name: "x"}) == ({name: "x"}, [])


def test_of_a_workload_is_taken_over_what_names_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"STAGE": "dev", "AWS_PROFILE": "admin", "LD_PRELOAD": "x", "aws_profile": "other"}
    taken, left_out = taken_over(variables)
    assert taken == {"STAGE": "dev", "aws_profile": "other"}
    assert left_out == ["AWS_PROFILE", "LD_PRELOAD"]
    monkeypatch.setattr("sys.platform", "win32")
    assert taken_over(variables)[0] == {"STAGE": "dev"}
