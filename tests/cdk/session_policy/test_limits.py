"""What an organization limits: regions, services, and how the roles are made that we make."""

import json
from pathlib import Path

import botocore
import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_signer as signer
from aws_cdk.assertions import Annotations, Match, Template

from iam_sudo_cdk import (
    IamSudo,
    InvalidChoice,
    InvalidConfiguration,
    RoleSelection,
    SessionPolicyStrategy,
    TagTrustStrategy,
)
from iam_sudo_cdk.session_policy.limits import GLOBAL_SERVICES
from iam_sudo_core import Settings
from tests.cdk.templates import (
    ACCOUNT,
    REGION,
    base_role,
    broker_role,
    iam_sudo,
    only,
    stack,
    synth,
)

pytestmark = pytest.mark.slow

ARN = f"arn:aws:iam::{ACCOUNT}:role/team/a/IAMSudoUser"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/team/boundary"


def policies(role):
    return {each["PolicyName"]: each["PolicyDocument"]["Statement"] for each in role["Policies"]}


def statement(role, sid):
    return next((s for each in policies(role).values() for s in each if s["Sid"] == sid), None)


# Regions and services.


def test_sessions_act_in_the_allowed_regions_alone():
    limits = policies(base_role(synth(allowed_regions=["eu-west-1", "eu-central-1"])))["limits"]
    assert limits == [
        {
            "Sid": "OnlyInRegions",
            "Effect": "Deny",
            "NotAction": [f"{service}:*" for service in GLOBAL_SERVICES],
            "Resource": "*",
            "Condition": {
                "StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}
            },
        }
    ]


def test_sessions_do_not_use_the_denied_services():
    limits = policies(base_role(synth(denied_services=["ec2", "rds"])))["limits"]
    assert limits == [
        {
            "Sid": "NotByServices",
            "Effect": "Deny",
            "Action": ["ec2:*", "rds:*"],
            "Resource": "*",
        }
    ]


def test_without_limits_there_is_no_policy_of_them():
    assert list(policies(base_role(synth()))) == ["keep-the-broker"]


def test_the_region_of_the_stack_can_be_meant():
    role = base_role(synth(allowed_regions=[cdk.Aws.REGION]))
    condition = statement(role, "OnlyInRegions")["Condition"]
    assert condition == {"StringNotEquals": {"aws:RequestedRegion": [REGION]}}


# Why services that botocore says have no region are not spared.
NOT_SPARED = {
    "chime": "its prefix is that of the Chime SDK as well, which has regions",
    "mturk-requester": "its one endpoint is called after its region, us-east-1",
}
# Why services are spared that botocore says have regions.
SPARED = {
    "sts": "the old endpoint is us-east-1's",
    "support": "all of its endpoints are called aws-global, in each partition",
}


def test_the_services_that_are_spared_are_those_that_botocore_knows_no_region_of():
    endpoints = json.loads((Path(botocore.__file__).parent / "data/endpoints.json").read_text())
    services = {
        name: service
        for partition in endpoints["partitions"]
        for name, service in partition["services"].items()
        if service.get("partitionEndpoint") or service.get("isRegionalized") is False
    }
    has_no_region = {
        name for name, service in services.items() if service.get("isRegionalized") is False
    }
    assert has_no_region >= set(NOT_SPARED)
    assert set(services) > set(SPARED)
    assert list(GLOBAL_SERVICES) == sorted((has_no_region - set(NOT_SPARED)) | set(SPARED))


def warnings(scope):
    return [
        each.entry.data
        for each in Annotations.from_stack(scope).find_warning("*", Match.any_value())
    ]


@pytest.mark.parametrize(
    ("service", "meant"),
    [
        ("dynamdb", "(is it dynamodb?)"),
        # Names of the SDK.
        ("bedrock-runtime", "(is it bedrock?)"),
        ("stepfunctions", "(is it states?)"),
        ("efs", "(is it elasticfilesystem?)"),
        ("docdb", "(is it rds?)"),
        ("partnercentral-selling", "(is it partnercentral?)"),
        ("bedrok-runtime", "(is it bedrock?)"),
        ("a-service-of-nobody", "knows; its"),
    ],
)
def test_a_deny_that_denies_nothing_is_told(service, meant):
    scope = stack()
    iam_sudo(scope, denied_services=["ec2", service])
    [told] = warnings(scope)
    assert service in told
    assert meant in told
    assert "ec2" not in told


def test_a_service_that_is_newer_than_we_are_is_acknowledged_by_its_name():
    scope = stack()
    iam_sudo(scope, denied_services=["newer", "dynamdb"])
    cdk.Annotations.of(scope).acknowledge_warning("iam-sudo:unknownService:newer", "we know it")
    [told] = warnings(scope)
    assert "dynamdb" in told


def test_a_service_that_a_token_names_is_not_doubted():
    scope = stack()
    iam_sudo(scope, denied_services=[cdk.Fn.import_value("service")])
    assert warnings(scope) == []


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"allowed_regions": []}, "at least one; or None"),
        ({"allowed_regions": "eu-west-1"}, "in brackets"),
        ({"allowed_regions": ["eu-*"]}, "names of regions"),
        ({"allowed_regions": ["eu-west1"]}, "names of regions"),
        ({"allowed_regions": ["EU-WEST-1"]}, "names of regions"),
        ({"allowed_regions": [1]}, "names of regions"),
        ({"denied_services": ["ec2:*"]}, "before the colon"),
        ({"denied_services": ["*"]}, "before the colon"),
        ({"denied_services": ["EC2"]}, "before the colon"),
        ({"denied_services": [""]}, "before the colon"),
        ({"denied_services": "ec2"}, "in brackets"),
        ({"denied_services": [f"service{n}" for n in range(200)]}, "no more room"),
        ({"permissions_boundary": "a b"}, "IManagedPolicy"),
        ({"permissions_boundary": ""}, "IManagedPolicy"),
        ({"permissions_boundary": 1}, "IManagedPolicy"),
        ({"permissions_boundary": f"arn:aws:iam::{ACCOUNT}:role/boundary"}, "IManagedPolicy"),
        ({"role_path": "team"}, "begins and ends with a slash"),
        ({"role_path": "/team"}, "begins and ends with a slash"),
        ({"role_path": "//"}, "begins and ends with a slash"),
        ({"role_path": "/te*m/"}, "begins and ends with a slash"),
        ({"role_path": "/${aws:username}/"}, "begins and ends with a slash"),
        ({"role_path": "/aws-reserved/x/"}, "none of AWS's own"),
        ({"role_path": "/aws-service-role/x/"}, "none of AWS's own"),
        ({"role_path": "/" + "x" * 512 + "/"}, "begins and ends with a slash"),
        ({"role_path": None}, "it is missing"),
        ({"role_path": cdk.Aws.STACK_NAME}, "begins and ends with a slash"),
        ({"base_role": "/team"}, None),
        ({"base_role": "team/"}, "behind its path"),
        ({"base_role": "IAMSudoUser", "allowed_regions": ["eu-west-1"]}, "whose owner says it"),
        ({"base_role": "IAMSudoUser", "denied_services": ["ec2"]}, "whose owner says it"),
    ],
)
def test_a_limit_that_would_limit_nothing_is_refused(choice, said):
    key = list(choice)[-1]
    if said is None:
        SessionPolicyStrategy(**choice)
        return
    with pytest.raises(InvalidChoice, match=f"^{key}: .*{said}") as refusal:
        SessionPolicyStrategy(**choice)
    assert len(str(refusal.value).splitlines()) == 1


# The roles that we make.


def every_role(template):
    return [role["Properties"] for role in template.find_resources("AWS::IAM::Role").values()]


@pytest.mark.parametrize("given", ["team/boundary", BOUNDARY])
def test_every_role_that_is_made_has_the_boundary_and_the_path(given):
    template = synth(
        ACCOUNT,
        permissions_boundary=given,
        role_path="/team/a/",
        allow_local_simulation=True,
        dashboard=True,
    )
    roles = [base_role(template), broker_role(template)[1]]
    assert len(every_role(template)) == len(roles)
    assert {(r["PermissionsBoundary"], r["Path"]) for r in roles} == {(BOUNDARY, "/team/a/")}


def test_a_boundary_may_be_made_by_the_application_or_known_to_the_deployment_alone():
    scope = stack()
    made = iam.ManagedPolicy(
        scope, "Made", statements=[iam.PolicyStatement(actions=["*"], resources=["*"])]
    )
    iam_sudo(scope, permissions_boundary=made)
    template = Template.from_stack(scope)
    role = base_role(template)
    assert role["PermissionsBoundary"].startswith("<Made")
    assert statement(role, "KeepBoundary")["Resource"] == role["PermissionsBoundary"]
    later = synth(permissions_boundary=cdk.Fn.import_value("boundary"))
    assert "Fn::ImportValue" in str(base_role(later)["PermissionsBoundary"])


def test_no_session_changes_the_boundary():
    role = base_role(synth(ACCOUNT, permissions_boundary=BOUNDARY))
    assert statement(role, "KeepBoundary") == {
        "Sid": "KeepBoundary",
        "Effect": "Deny",
        "NotAction": ["iam:Get*", "iam:List*"],
        "Resource": BOUNDARY,
    }
    assert statement(base_role(synth()), "KeepBoundary") is None


def test_whatever_names_the_base_role_names_it_behind_its_path():
    template = synth(ACCOUNT, role_path="/team/a/")
    role = base_role(template)
    assert (role["Path"], role["RoleName"]) == ("/team/a/", "IAMSudoUser")
    # The execution role assumes it, and no session touches it.
    assert statement(broker_role(template)[1], "AssumeBaseRole")["Resource"] == ARN
    assert ARN in statement(role, "KeepRolesAndCarriers")["Resource"]
    entry = statement(role, "NoAccessEntryOfTheBaseRole")["Condition"]
    assert entry == {"ArnLike": {"eks:principalArn": [ARN]}}
    assert "role/IAMSudoUser" not in json.dumps(template.to_json())


def test_the_broker_accepts_a_base_role_with_a_path():
    template = synth(ACCOUNT, role_path="/team/a/")
    _, function = only(template, "AWS::Lambda::Function")
    variables = json.dumps(function["Environment"]["Variables"])
    (id_,) = (key for key in template.find_resources("AWS::IAM::Role") if "BaseRole" in key)
    settings = Settings.parse(json.loads(variables.replace(f"<{id_}.Arn>", ARN)))
    assert str(settings.base_role) == ARN


def test_a_path_needs_room_in_the_environment_of_the_broker():
    names = [f"team-{n:03}-*" for n in range(220)]
    selection = RoleSelection(role_names=names)
    synth(selection=selection)
    with pytest.raises(InvalidConfiguration, match="Lambda accepts 4,096"):
        synth(selection=selection, role_path=f"/{'x' * 500}/")


@pytest.mark.parametrize("name", ["team/a/IAMSudoUser", "/team/a/IAMSudoUser"])
def test_a_second_broker_names_the_base_role_of_another_stack_behind_its_path(name):
    template = synth(ACCOUNT, base_role=name, role_path="/other/")
    assert len(every_role(template)) == 1
    _, role = broker_role(template)
    assert role["Path"] == "/other/"
    assert statement(role, "AssumeBaseRole")["Resource"] == ARN
    _, function = only(template, "AWS::Lambda::Function")
    assert function["Environment"]["Variables"]["IAM_SUDO_BASE_ROLE"] == ARN


def test_developers_of_tag_based_trust_are_not_granted_a_base_role_with_a_path():
    scope = stack(ACCOUNT)
    sudo = IamSudo(
        scope,
        "IamSudo",
        strategy=[SessionPolicyStrategy(role_path="/team/a/"), TagTrustStrategy()],
        development_accounts=[ACCOUNT],
    )
    sudo.grant_sudo(f"arn:aws:iam::{ACCOUNT}:role/dev")
    text = json.dumps(Template.from_stack(scope).find_resources("AWS::IAM::Policy"))
    assert ":role/team/a/IAMSudoUser" in text
    assert ":role/*/IAMSudoUser" in text


# The function.


def test_a_code_signing_config_is_the_functions_and_no_session_changes_it():
    scope = stack()
    profile = signer.SigningProfile(
        scope, "Profile", platform=signer.Platform.AWS_LAMBDA_SHA384_ECDSA
    )
    config = lambda_.CodeSigningConfig(scope, "Signed", signing_profiles=[profile])
    iam_sudo(scope, code_signing_config=config)
    template = Template.from_stack(scope)
    id_, _ = only(template, "AWS::Lambda::CodeSigningConfig")
    arn = f"<{id_}.CodeSigningConfigArn>"
    assert only(template, "AWS::Lambda::Function")[1]["CodeSigningConfigArn"] == arn
    kept = statement(base_role(template), "KeepCodeSigning")
    assert (kept["Effect"], kept["Resource"]) == ("Deny", arn)
    assert kept["NotAction"] == ["lambda:Get*", "lambda:List*"]
    assert statement(base_role(synth()), "KeepCodeSigning") is None


def test_what_is_no_code_signing_config_is_refused():
    with pytest.raises(InvalidChoice, match="^code_signing_config: .*ICodeSigningConfig"):
        SessionPolicyStrategy(code_signing_config="arn:aws:lambda:x")
