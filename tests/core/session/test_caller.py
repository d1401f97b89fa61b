"""What a session is asked about its caller: the role's tags go with it, and nothing gets round."""

from base64 import b64encode
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

from iam_sudo_core import errors
from iam_sudo_core.arns import RoleArn
from iam_sudo_core.policy.statements import parse
from iam_sudo_core.session.caller import escape
from iam_sudo_core.session.caller_keys import Caller
from tests.aws_account import ACCOUNT, ECS, Account, Calls, allow
from tests.core.conftest import BASE_ROLE, CONTEXT, ONE, Invoke, decided, sent

# The principal's tags.

DEV = {"StringEquals": {"aws:PrincipalTag/env": "dev"}}
TESTS_ENV = {"Version": "2012-10-17", "Statement": [allow("s3:*", Condition=DEV)]}


def test_the_tags_of_the_role_are_the_tags_of_the_session(account: Account, invoke: Invoke) -> None:
    account.role("iam-sudo-demo-task", inline={"one": TESTS_ENV}, tags={"env": "prod", "a": ""})
    parameters = invoke()
    assert parameters["Tags"] == [{"Key": "env", "Value": "prod"}, {"Key": "a", "Value": ""}]
    assert sent(parameters) == TESTS_ENV["Statement"]


def test_a_tag_of_the_base_role_opens_no_role_that_lacks_it(
    account: Account, refused: Callable[..., None]
) -> None:
    account.tag("IAMSudoUser", Env="dev")
    account.role("iam-sudo-demo-task", inline={"one": TESTS_ENV})
    refused(errors.PrincipalTagDiffers, "aws:PrincipalTag/env, and .* base role's tags")


def test_the_tags_of_a_namesake_are_not_those_of_the_base_role(
    account: Account, refused: Callable[..., None]
) -> None:
    iam_backends[ACCOUNT]["aws"].get_role("IAMSudoUser").path = "/elsewhere/"
    account.role("iam-sudo-demo-task", inline={"one": TESTS_ENV})
    refused(errors.PrincipalTagDiffers, "aws:PrincipalTag/env")


def test_the_same_in_a_managed_policy(account: Account, refused: Callable[..., None]) -> None:
    managed = account.managed_policy("tests-env", *TESTS_ENV["Statement"])
    account.tag("IAMSudoUser", env="dev")
    account.role("iam-sudo-demo-task", managed=(managed,))
    refused(errors.PrincipalTagDiffers, "aws:PrincipalTag/env")


def test_managed_policies_and_the_base_roles_tags_are_read_and_nothing_more(
    account: Account, broker: ModuleType, calls: Calls
) -> None:
    arns = (account.managed_policy("a", allow("s3:*")), account.managed_policy("b", allow("sqs:*")))
    account.role("iam-sudo-demo-task", managed=arns)
    broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)
    assert sorted(operation for operation, _ in calls) == [
        "AssumeRole",
        *["GetPolicy"] * 2,
        *["GetPolicyVersion"] * 2,
        *["GetRole"] * 3,
        *["ListAttachedRolePolicies"] * 2,
        *["ListRolePolicies"] * 2,
    ]


def test_a_role_that_is_not_tagged_is_as_the_base_role_without_tags(
    account: Account, invoke: Invoke
) -> None:
    account.role("iam-sudo-demo-task", inline={"one": TESTS_ENV})
    assert "Tags" not in invoke()


def test_a_tag_that_nobody_can_pass_is_not_passed(account: Account, invoke: Invoke) -> None:
    account.role("iam-sudo-demo-task", inline={"one": ONE}, tags={"aws:x": "y", "env": "dev"})
    assert invoke()["Tags"] == [{"Key": "env", "Value": "dev"}]


def test_a_test_of_a_tag_that_nobody_can_pass_is_refused(
    account: Account, refused: Callable[..., None]
) -> None:
    stack = {"StringEquals": {"aws:PrincipalTag/aws:stack": "dev"}}
    document = {"Version": "2012-10-17", "Statement": [allow("s3:*", Condition=stack)]}
    account.role("iam-sudo-demo-task", inline={"one": document}, tags={"aws:stack": "dev"})
    refused(errors.PrincipalTagDiffers, "aws:PrincipalTag/aws:stack")


def deny_tag_session(broker: ModuleType) -> None:
    def deny(params: dict[str, Any], **_: Any) -> None:
        if "Tags.member.1.Key" in params["body"]:
            message = "User: me is not authorized to perform: sts:TagSession on resource: it"
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "AssumeRole")

    broker._STS.meta.events.register("before-call.sts.AssumeRole", deny)


def test_without_tag_session_a_role_that_tests_no_tag_goes_without_tags(
    account: Account, broker: ModuleType, calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    deny_tag_session(broker)
    account.role("iam-sudo-demo-task", inline={"one": ONE}, tags={"env": "dev"})
    broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)
    first, second = [parameters for operation, parameters in calls if operation == "AssumeRole"]
    assert first.pop("Tags")
    assert first == second
    audit = decided(capsys.readouterr().out)
    assert "sts:TagSession" in audit["tags_denied"]
    assert audit["session_tags"] == 0


def test_another_denial_is_not_taken_for_one_of_tags(
    account: Account, broker: ModuleType, calls: Calls
) -> None:
    def deny(**_: Any) -> None:
        message = "User: me is not authorized to perform: sts:AssumeRole on resource: it"
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "AssumeRole")

    broker._STS.meta.events.register("before-call.sts.AssumeRole", deny)
    account.role("iam-sudo-demo-task", inline={"one": ONE}, tags={"env": "dev"})
    with pytest.raises(errors.AwsCallFailed, match="sts:AssumeRole"):
        broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)
    assert [operation for operation, _ in calls].count("AssumeRole") == 1


@pytest.mark.parametrize("kind", ["inline", "managed"])
def test_without_tag_session_a_role_that_tests_a_tag_is_refused(
    account: Account, broker: ModuleType, calls: Calls, kind: str
) -> None:
    deny_tag_session(broker)
    managed = (account.managed_policy("tests-env", *TESTS_ENV["Statement"]),)
    policies: Any = {"managed": managed} if kind == "managed" else {"inline": {"one": TESTS_ENV}}
    account.role("iam-sudo-demo-task", tags={"env": "prod"}, **policies)
    with pytest.raises(errors.PrincipalTagDiffers, match="without sts:TagSession"):
        broker.handler({"role_name": "iam-sudo-demo-task"}, CONTEXT)
    assert [operation for operation, _ in calls].count("AssumeRole") == 1


def test_a_document_that_came_as_text_is_refused(
    account: Account, refused: Callable[..., None], broker: ModuleType
) -> None:
    managed = account.managed_policy("odd", *TESTS_ENV["Statement"])
    account.role("iam-sudo-demo-task", managed=(managed,))

    def as_text(parsed: dict[str, Any], **_: Any) -> None:
        # What botocore leaves of a document that it cannot decode.
        parsed["PolicyVersion"]["Document"] = "%7B%22Statement%22%3A%20...aws%3APrincipalTag%2Fenv"

    broker._IAM.meta.events.register("after-call.iam.GetPolicyVersion", as_text)
    refused(errors.PolicyNotUnderstood, "policy/odd.* it is not an object")


# Who is calling.

ME = "arn:aws:iam::*:role/iam-sudo-demo-*"


FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:orders"


def deny_if(operator: str, key: str, value: Any = "orders") -> dict[str, Any]:
    return {"Effect": "Deny", "Condition": {operator: {key: value}}}


def allow_if(operator: str, key: str, value: Any = "orders") -> dict[str, Any]:
    return {"Effect": "Allow", "Condition": {operator: {key: value}}}


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "Condition": {"ArnLike": {"aws:PrincipalArn": ME}}},
        {"Effect": "Deny", "Condition": {"ForAnyValue:ArnLike": {"AWS:principalarn": [ME]}}},
        {"Effect": "Deny", "Resource": "arn:aws:s3:::b/${aws:userid}/*"},
        {"Condition": {"ArnNotLike": {"aws:PrincipalArn": ME}}},
        {"Condition": {"StringEqualsIfExists": {"aws:userid": "AROAX:me"}}},
        {"Condition": {"Null": {"aws:userid": "true"}}},
        {"Condition": {"StringNotEquals": {"aws:ResourceTag/owner": "${aws:userid}"}}},
        # A Deny for the service that the role's credentials were given to.
        deny_if("ArnLike", "lambda:SourceFunctionArn", FUNCTION),
        deny_if("ArnEquals", "ec2:SourceInstanceARN"),
        deny_if("NumericLessThan", "ec2:RoleDelivery", "2.0"),
        deny_if("StringEquals", "aws:Ec2InstanceSourceVpc"),
        deny_if("StringEquals", "glue:CredentialIssuingService"),
        deny_if("StringEquals", "glue:RoleAssumedBy"),
        deny_if("ArnEquals", "codebuild:projectArn"),
        deny_if("ArnLike", "codebuild:BuildArn"),
        deny_if("ArnEquals", "ssm:SourceInstanceARN"),
        deny_if("StringLike", "aws:SourceIdentity", "*"),
        deny_if("StringEquals", "aws:FederatedProvider"),
        deny_if("StringEquals", "identitystore:UserId"),
        deny_if("Null", "lambda:SourceFunctionArn", "false"),
        deny_if("ForAnyValue:ArnNotLike", "lambda:SourceFunctionArn"),
        deny_if("Bool", "aws:WhatComesTomorrow", "true"),
        deny_if("ArnLike", "ecs:SourceTaskArn"),
        # … or to whom they were given.
        deny_if("StringEquals", "cognito-identity.amazonaws.com:aud"),
        deny_if("StringLike", "accounts.google.com:sub"),
        deny_if("StringEquals", "saml:sub"),
        deny_if("StringLike", "token.actions.githubusercontent.com:sub", "repo:*"),
        deny_if("StringEquals", "oidc.eks.eu-west-1.amazonaws.com/id/0123:sub"),
        deny_if("StringEquals", "idp.example.com:8443/realms/x:sub"),
        deny_if("StringEquals", "credentials-iot:ThingName"),
        deny_if("StringEquals", "sts:WhatComesTomorrow"),
        {"Effect": "Deny", "Resource": "arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/*"},
        {"Effect": "Deny", "Resource": "arn:aws:s3:::b/${saml:sub, 'nobody'}"},
        deny_if("StringEquals", "aws:ResourceTag/owner", "${aws:SourceIdentity}"),
        deny_if("StringNotEquals", "aws:ResourceTag/owner", "${aws:SourceIdentity}"),
        allow_if("ForAnyValue:StringEqualsIfExists", "saml:sub"),
        # An Allow for whoever has it not.
        allow_if("ArnNotLike", "lambda:SourceFunctionArn", FUNCTION),
        allow_if("StringEqualsIfExists", "aws:SourceIdentity"),
        allow_if("Null", "ec2:SourceInstanceARN", "true"),
        allow_if("Null", "ec2:SourceInstanceARN", ["true", "false"]),
        allow_if("ForAllValues:StringEquals", "saml:edupersonaffiliation"),
        allow_if("NumericNotEquals", "ec2:RoleDelivery", "2.0"),
        allow_if("NotIpAddress", "aws:Ec2InstanceSourcePrivateIPv4", "10.0.0.0/8"),
        allow_if("StringNotLike", "accounts.google.com:sub"),
        {"Resource": "arn:aws:s3:::b/${saml:sub, 'public'}/*"},
        allow_if("StringNotEquals", "aws:ResourceTag/owner", "${saml:sub}"),
        # An Allow for the base role.
        allow_if("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/IAMSudo*"),
        allow_if("StringEquals", "aws:PrincipalArn", BASE_ROLE),
        # … whose pattern is none to this operator, or is not read as text.
        allow_if("StringEqualsIgnoreCase", "aws:PrincipalArn", ["*", BASE_ROLE]),
        allow_if("BinaryEquals", "aws:PrincipalArn", b64encode(BASE_ROLE.encode()).decode()),
        # … whose ARN is computed.
        allow_if("StringLike", "aws:PrincipalArn", "arn:aws:iam::*:role/${aws:ResourceTag/owner}"),
        allow_if("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/${x:y, 'IAMSudoUser'}"),
        allow_if("ArnLike", "aws:PrincipalArn", "arn:aws:iam::123456789012"),
        # … whose things it would be.
        {"Resource": "arn:aws:s3:::b/${aws:PrincipalArn}/*"},
        allow_if("StringEquals", "aws:ResourceTag/owner", "${aws:PrincipalArn}"),
        # … by its id, or by the session's name.
        allow_if("StringLike", "aws:userid", "AROABASE:*"),
        allow_if("StringLike", "aws:userid", "*:iam-sudo-demo-task"),
        allow_if("StringEquals", "servicecatalog:roleLevel", "self"),
    ],
)
@pytest.mark.parametrize("where", ["inline", "managed", "boundary"])
def test_what_holds_the_role_back_and_not_the_session_is_refused(
    account: Account, refused: Callable[..., None], statement: dict[str, Any], where: str
) -> None:
    odd = allow("s3:DeleteObject") | statement
    policies: dict[str, Any] = {"inline": {"one": ONE}}
    if where == "inline":
        policies["inline"]["two"] = {"Version": "2012-10-17", "Statement": [allow("*"), odd]}
    elif where == "managed":
        policies["managed"] = (account.managed_policy("two", odd),)
    else:
        policies["boundary"] = account.managed_policy("two", allow("ssm:*"), odd)
    account.role("iam-sudo-demo-task", **policies)
    refused(errors.CallerIdentityTested, "two")


@pytest.mark.parametrize("statement", [deny_if, allow_if])
def test_an_operator_that_nobody_knows_may_be_true_of_anything(
    account: Account, refused: Callable[..., None], statement: Callable[..., dict[str, Any]]
) -> None:
    odd = allow("s3:*") | statement("StringResembles", "lambda:SourceFunctionArn")
    document = {"Version": "2012-10-17", "Statement": [odd]}
    account.role("iam-sudo-demo-task", inline={"one": document})
    refused(errors.CallerIdentityTested, "lambda:SourceFunctionArn")


def test_a_not_resource_with_the_callers_id_is_refused(
    account: Account, refused: Callable[..., None]
) -> None:
    others = {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::b/${aws:userid}"}
    document = {"Version": "2012-10-17", "Statement": [others]}
    account.role("iam-sudo-demo-task", inline={"one": document})
    refused(errors.CallerIdentityTested, "aws:userid")


@pytest.mark.parametrize(
    "statement",
    [
        allow_if("ArnLike", "aws:PrincipalArn", ME),
        allow_if("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/*"),
        allow_if("ArnLike", "lambda:SourceFunctionArn", FUNCTION),
        allow_if("Null", "ec2:SourceInstanceARN", "false"),
        allow_if("ForAnyValue:StringLike", "saml:edupersonaffiliation"),
        allow_if("StringEquals", "aws:ResourceTag/owner", "${saml:sub}"),
        allow_if("ForAllValues:StringEquals", "dynamodb:LeadingKeys", "${saml:sub}"),
        allow_if("StringLikeIfExists", "s3:prefix", "${cognito-identity.amazonaws.com:sub}/*"),
        {"Resource": "arn:aws:s3:::b/${aws:userid}/*"},
        {"Resource": "arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/*"},
        # Without the key these deny the session what they deny the role, and more.
        deny_if("ArnNotEquals", "lambda:SourceFunctionArn", FUNCTION),
        deny_if("StringNotEquals", "aws:SourceIdentity"),
        deny_if("NumericLessThanIfExists", "ec2:RoleDelivery", "2.0"),
        deny_if("Null", "ec2:SourceInstanceARN", "true"),
        deny_if("ForAllValues:StringEquals", "saml:edupersonaffiliation"),
    ],
)
def test_what_can_only_close_is_a_difference_and_no_refusal(
    account: Account, broker: ModuleType, statement: dict[str, Any]
) -> None:
    document = {"Version": "2012-10-17", "Statement": [allow("s3:*") | statement]}
    account.role("iam-sudo-demo-task", inline={"one": document})
    explained = broker.handler({"role_name": "iam-sudo-demo-task", "explain": True}, CONTEXT)
    assert explained["plan"]["policy"]["Statement"] == document["Statement"]
    assert {"caller-identity", "caller-network"} & {d["kind"] for d in explained["differences"]}


@pytest.mark.parametrize(
    "statement",
    [
        deny_if("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
        deny_if("StringEquals", "aws:SourceVpc", "vpc-1"),
        deny_if("StringEquals", "sts:ExternalId"),
        deny_if("Bool", "aws:MultiFactorAuthPresent", "false"),
        deny_if("StringEquals", "aws:RequestedRegion", "us-east-1"),
        deny_if("StringEquals", "aws:ResourceTag/lambda:SourceFunctionArn"),
        deny_if("StringEquals", "s3:x-amz-acl", "public-read"),
        deny_if("StringLike", "aws:RequestTag/owner", "arn:aws:iam::*:role/aws:PrincipalArn"),
        deny_if("StringEquals", "kms:EncryptionContext:aws.example:tenant"),
        {"Effect": "Deny", "Resource": "arn:aws:s3:::b/${$}{aws:userid}"},
    ],
)
def test_what_is_the_same_for_both_and_what_is_of_the_place_is_no_refusal(
    account: Account, invoke: Invoke, statement: dict[str, Any]
) -> None:
    document = {"Version": "2012-10-17", "Statement": [allow("s3:*") | statement]}
    account.role("iam-sudo-demo-task", inline={"one": document})
    assert sent(invoke()) == document["Statement"]


def test_a_denial_that_is_true_of_the_base_role_too_is_no_refusal(
    account: Account, invoke: Invoke
) -> None:
    but_admins = deny_if("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:role/admin-*")
    document = {"Version": "2012-10-17", "Statement": [allow("s3:*"), allow("iam:*") | but_admins]}
    account.role("iam-sudo-demo-task", inline={"one": document})
    assert sent(invoke()) == document["Statement"]


def test_an_id_that_is_the_roles_own_opens_nothing_to_a_session() -> None:
    role = RoleArn("aws", ACCOUNT, "task")
    caller = Caller(role, role.sibling("base"), role_id="AROAROLE")
    for values, key in (["AROAROLE:*"], None), (["AROAROLE:*", "AROAX:*"], "aws:userid"):
        [statement] = parse([allow("s3:*") | allow_if("StringLike", "aws:userid", values)])
        assert escape(statement, caller) == key


def test_a_star_of_an_arn_operator_stays_in_its_field_or_does_not() -> None:
    role = RoleArn("aws", ACCOUNT, "task", "/x:role/IAM/")
    pattern = allow_if("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/IAM*")
    [statement] = parse([allow("s3:*") | pattern])
    assert escape(statement, Caller(role, role.sibling("IAMSudoUser"))) == "aws:PrincipalArn"


def test_a_federation_provider_without_a_dot_is_known_by_the_trust_policy(
    account: Account, refused: Callable[..., None]
) -> None:
    provider = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/keycloak"},
        "Action": "sts:AssumeRoleWithWebIdentity",
    }
    trust = {"Version": "2012-10-17", "Statement": [*ECS["Statement"], provider]}
    held_back = allow("s3:*") | deny_if("StringEquals", "keycloak:sub", "ann")
    document = {"Version": "2012-10-17", "Statement": [held_back]}
    account.role("iam-sudo-demo-task", trust=trust, inline={"one": document})
    refused(errors.CallerIdentityTested, "keycloak:sub")


@pytest.mark.parametrize(
    ("of_base_role", "tested"), [("team ", "team "), (" team", " team"), ("Équipe", "équipe")]
)
def test_a_tag_of_the_base_role_is_found_however_its_key_is_written(
    account: Account, refused: Callable[..., None], of_base_role: str, tested: str
) -> None:
    account.tag("IAMSudoUser", **{of_base_role: "a"})
    tagged = allow("s3:*") | allow_if("StringEquals", f"aws:PrincipalTag/{tested}", "a")
    document = {"Version": "2012-10-17", "Statement": [tagged]}
    account.role("iam-sudo-demo-task", inline={"one": document})
    refused(errors.PrincipalTagDiffers, "aws:PrincipalTag")


# Tags that a service passes.

EKS = "pods.eks.amazonaws.com"


def trusting(*services: str, actions: Any = "sts:AssumeRole") -> dict[str, Any]:
    allowed = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": actions}
    return {"Version": "2012-10-17", "Statement": [allowed]}


@pytest.mark.parametrize(
    ("key", "trust"),
    [
        ("kubernetes-namespace", trusting("ecs-tasks.amazonaws.com", EKS)),
        ("Kubernetes-Service-Account", trusting("ecs-tasks.amazonaws.com", EKS)),
        ("x509Subject/CN", trusting("ecs-tasks.amazonaws.com", "rolesanywhere.amazonaws.com")),
        (
            "tenant",
            trusting("ecs-tasks.amazonaws.com", actions=["sts:AssumeRole", "sts:TagSession"]),
        ),
        ("tenant", trusting("ecs-tasks.amazonaws.com", actions="sts:*")),
    ],
)
@pytest.mark.parametrize(
    "statement",
    [
        lambda key: deny_if("StringEquals", f"aws:PrincipalTag/{key}"),
        lambda key: allow_if("StringNotEquals", f"aws:PrincipalTag/{key}"),
        lambda key: {"Effect": "Deny", "Resource": f"arn:aws:s3:::b/${{aws:PrincipalTag/{key}}}/*"},
    ],
)
def test_a_tag_that_real_sessions_are_passed_holds_nothing_back(
    account: Account,
    refused: Callable[..., None],
    key: str,
    trust: dict[str, Any],
    statement: Callable[[str], dict[str, Any]],
) -> None:
    document = {"Version": "2012-10-17", "Statement": [allow("s3:*") | statement(key)]}
    account.role("iam-sudo-demo-task", trust=trust, inline={"one": document})
    refused(errors.CallerIdentityTested, f"aws:PrincipalTag/{key}")


def test_a_tag_that_nobody_may_pass_decides_as_for_the_role(
    account: Account, invoke: Invoke
) -> None:
    tagged = allow("s3:*") | deny_if("StringEquals", "aws:PrincipalTag/kubernetes-namespace")
    document = {"Version": "2012-10-17", "Statement": [tagged]}
    account.role("iam-sudo-demo-task", inline={"one": document})
    assert sent(invoke()) == [tagged]


def test_a_tag_of_the_role_decides_even_if_others_may_be_passed(
    account: Account, invoke: Invoke
) -> None:
    tagged = allow("s3:*") | deny_if("StringEquals", "aws:PrincipalTag/tenant")
    trust = trusting("ecs-tasks.amazonaws.com", actions=["sts:AssumeRole", "sts:TagSession"])
    document = {"Version": "2012-10-17", "Statement": [tagged]}
    tags = {"Tenant": "blue"}
    account.role("iam-sudo-demo-task", trust=trust, inline={"one": document}, tags=tags)
    assert sent(invoke()) == [tagged]


def test_a_tag_of_the_role_that_its_sessions_have_otherwise_is_refused(
    account: Account, refused: Callable[..., None]
) -> None:
    tagged = allow_if("StringEquals", "aws:PrincipalTag/kubernetes-namespace")
    document = {"Version": "2012-10-17", "Statement": [allow("s3:*") | tagged]}
    account.role(
        "iam-sudo-demo-task",
        trust=trusting("ecs-tasks.amazonaws.com", EKS),
        inline={"one": document},
        tags={"kubernetes-namespace": "orders"},
    )
    refused(errors.PrincipalTagDiffers, "aws:PrincipalTag/kubernetes-namespace")


def test_the_account_of_a_base_role_elsewhere_is_another() -> None:
    role = RoleArn("aws", ACCOUNT, "task")
    [statement] = parse([allow("s3:*") | deny_if("StringEquals", "aws:PrincipalAccount", ACCOUNT)])
    assert escape(statement, Caller(role, role.sibling("base"))) is None
    elsewhere = RoleArn("aws", "444455556666", "base")
    assert escape(statement, Caller(role, elsewhere)) == "aws:PrincipalAccount"
    for opens in (
        allow_if("StringEquals", "aws:PrincipalAccount", elsewhere.account),
        allow_if("StringEquals", "kms:CallerAccount", elsewhere.account),
        {"Resource": "arn:aws:s3:::logs-${aws:PrincipalAccount}/*"},
    ):
        [statement] = parse([allow("s3:*") | opens])
        assert escape(statement, Caller(role, role.sibling("base"))) is None
        assert escape(statement, Caller(role, elsewhere))
