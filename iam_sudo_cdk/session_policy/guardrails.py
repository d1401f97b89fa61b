"""What no session of the base role may do, whatever policies the base role is given.

An explicit Deny wins over every Allow, also over AdministratorAccess and the session policy of a
simulated role (IAM User Guide, "Policy evaluation logic"). These statements are part of the base
role's own resource, so that there is no moment at which the role exists without them.

Covered, for a simulated role that is allowed anything, by name in every region, and by a tag, which
the parts of all brokers carry: to call, change, expose or delete a broker's function; to read,
change, forge or delete its logs, also by what acts on every log group of the account, and by
services that are told to; to change or delete its stack, or a stack that this one is nested in; to
change, delete, pass, tag or assume its roles; to change managed policies of the base role; to make,
change, delete, tag or attach what carries sessions that are too large, or anything beside it; to
read or write the parameter of a broker's rules; to write to the bucket of the broker's archive.
Also what would give every later session more than its role: a Kubernetes cluster of which the base
role is an administrator, and credentials that stand for the base role. tests/cases/reach.json has
an answer for each action that reaches a part or might.

Not covered, because it is power over others that the simulated role really has: to create, pass or
assume *another* privileged role, or to update a stack that keeps one as its service role (the CDK's
deployment roles are such), and to act as that; to give another identity the right to invoke. Such
roles do not belong in the selection, nor such policies on the base role.

Not covered, because no condition key tells: another broker's stack where that is the application's
own and not an `IamSudoStack`; managed policies of another broker's base role, those that attach
themselves to this one (`ManagedPolicy(roles=…)`) and a permissions boundary that others give it;
lists that services keep of whom they let in, as Lake Formation and databases do. Of the policies,
whatever they allow, a session may do no more than its role.

Long, because a guardrail says what it is about beside all others that reach the same part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from iam_sudo_core.arns import BROKER_TAG

from .arn_patterns import anywhere, carrier_arns, lineage, stack_pattern, with_children
from .rules_parameter import FOLDER

# Keys of requests that have a service write to a log group of its caller's choice (Service
# Authorization Reference, "Actions, resources, and condition keys for Amazon CloudWatch Logs", "…
# Amazon API Gateway Management", "… Amazon EC2").
_LOGS_WRITTEN_BY_OTHERS = {
    "KeepLogsFromDeliveries": ("logs:*Delivery*", "logs:DeliveryDestinationResourceArn"),
    "KeepLogsFromAccessLogs": ("apigateway:*", "apigateway:Request/AccessLoggingDestination"),
    "KeepLogsFromNetworks": ("ec2:*", "ec2:CloudwatchLogGroupArn"),
}

# Keys of requests that name a managed policy and are about somebody who is to have it.
_POLICIES_NAMED_BY_KEYS = {"Attached": "iam:PolicyARN", "AsBoundary": "iam:PermissionsBoundary"}

# What only reads. Of a stack, alarms and roles, since they may be the application's own to look at,
# and of the bucket of archives. A function, its log and its environment are nobody's but the
# broker's.
_READS = {
    service: [f"{service}:{verb}*" for verb in verbs]
    for service, verbs in {
        "cloudformation": ("Describe", "Get", "List"),
        "cloudwatch": ("Describe", "Get", "List"),
        "iam": ("Get", "List"),
        "s3": ("Get", "List"),
    }.items()
}

# Of CloudWatch Logs, everything that changes something, and queries: other reads begin with
# Describe, Filter, Get, List, Stop, Test and Unmask.
_LOGS_ACTS = [
    f"logs:{verb}*"
    for verb in (
        "Associate", "Call", "Cancel", "Create", "Delete", "Disassociate", "Integrate", "Process",
        "Put", "Start", "Tag", "Untag", "Update",
    )
]  # fmt: skip

# What acts on log groups without naming them, whatever the request is said to be about (Service
# Authorization Reference, "Actions, resources, and condition keys for Amazon CloudWatch Logs",
# "… for Amazon CloudWatch", "… Observability Access Manager" and "… Observability Admin Service"):
# policies of the whole account, what shows the account's logs to another one, and services whose
# own role reads every log and tells whoever asked (AWS Managed Policy Reference Guide).
_LOGS_OF_ALL = [
    "applicationinsights:*",
    "assurance:*",
    "auditmanager:*",
    "cloudwatch:*InsightRule",
    "logs:*AccountPolicy",
    "logs:*IndexPolicy",
    "logs:*ResourcePolicy",
    "logs:*StorageTierPolicy",
    "logs:Link",
    "oam:CreateLink",
    "oam:UpdateLink",
    "observabilityadmin:*Centralization*",
]


def broker_denials(
    stack: cdk.Stack,
    *,
    function_name: str,
    log_group_name: str,
    base_role: str,
    broker_role: str,
) -> list[iam.PolicyStatement]:
    """The statements that need no more than names; `base_role` and `broker_role` are ARNs.

    ARNs are formatted from names: a reference to the function would close a circle, since the
    function needs the base role. Regions are left open: a broker of the same name in another region
    has a session of this one against it, too.
    """
    carriers = carrier_arns(stack)
    functions = with_children(anywhere(stack, "lambda", "function", function_name))
    log_groups = with_children(anywhere(stack, "logs", "log-group", log_group_name))
    a_brokers = {"Null": {f"aws:ResourceTag/{BROKER_TAG}": "false"}}
    # Of all brokers, whether they have rules in one or not.
    parameters = stack.format_arn(service="ssm", region="*", resource="parameter")
    rules = f"{parameters}/{FOLDER}"
    # Keys of tags are one key in whatever case.
    the_tag = {"ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": [BROKER_TAG]}}
    return [
        _deny("KeepFunction", actions=["lambda:*"], resources=functions),
        # Event source mappings name the function in a condition key alone (Service Authorization
        # Reference, "Actions, resources, and condition keys for AWS Lambda").
        _deny(
            "KeepFunctionWithoutEventSources",
            actions=["lambda:*EventSourceMapping*"],
            conditions={"ArnLike": {"lambda:FunctionArn": functions}},
        ),
        _deny("KeepLogs", actions=["logs:*"], resources=log_groups),
        *(
            _deny(sid, actions=[action], conditions={"ArnLike": {key: log_groups}})
            for sid, (action, key) in _LOGS_WRITTEN_BY_OTHERS.items()
        ),
        _deny("KeepLogsOfAll", actions=_LOGS_OF_ALL),
        # A rule for the rest: a request that names nothing is one on "*".
        _deny(
            "KeepLogsUnnamed",
            actions=_LOGS_ACTS,
            not_resources=[stack.format_arn(service="logs", region="*", account="*", resource="*")],
        ),
        _deny(
            "KeepStack",
            not_actions=_READS["cloudformation"],
            resources=[stack_pattern(each) for each in lineage(stack)],
        ),
        _deny("KeepRules", actions=["ssm:*"], resources=[rules, f"{rules}/*"]),
        # Whoever may read a path may read what is below it, whatever is denied there (Systems
        # Manager User Guide, "Restricting access to … parameters using IAM policies").
        _deny(
            "KeepRulesFromAbove",
            actions=["ssm:GetParametersByPath"],
            resources=[parameters, f"{parameters}/"],
            conditions={"StringEquals": {"ssm:Recursive": "true"}},
        ),
        # To attach one, or to have one as a boundary, is asked for who would have it (Service
        # Authorization Reference, "Actions, resources, and condition keys for AWS Identity and
        # Access Management (IAM)"). It could not be deleted any more.
        *(
            _deny(f"NoCarrier{sid}", actions=["iam:*"], conditions={"ArnLike": {key: carriers}})
            for sid, key in _POLICIES_NAMED_BY_KEYS.items()
        ),
        # Neither changed nor passed nor assumed: iam:PassRole and sts:* are in "everything but".
        _deny(
            "KeepRolesAndCarriers",
            not_actions=_READS["iam"],
            resources=[base_role, broker_role, carriers],
        ),
        _deny(
            "KeepAllBrokers",
            not_actions=[read for reads in _READS.values() for read in reads],
            conditions=a_brokers,
        ),
        # The tag is the brokers' own: nobody takes it off, nor puts it on what is to be kept from
        # others.
        _deny("KeepTheTag", actions=["*"], conditions=the_tag),
        # Credentials and tokens that stand for whoever asked, where no page says that the session
        # policies come along (IAM API Reference, "AcceptDelegationRequest"; AWS Sign-In User Guide,
        # "Sign-in for AWS local development"; AWS Cloud9 User Guide, "AWS managed temporary
        # credentials"; Service Authorization Reference, "… AWS Security Token Service").
        _deny(
            "NoCredentialsOfTheBaseRole",
            actions=[
                "cloud9:Create*",
                "cloud9:ModifyTemporaryCredentials*",
                "iam:*Delegat*",
                "signin:*OAuth2*",
                "sts:*Delegat*",
                "sts:GetServiceBearerToken",
            ],
        ),
        # The creator of a cluster is its administrator unless told otherwise, and later sessions
        # are the same role to Kubernetes, which asks no policy (Amazon EKS User Guide, "Grant IAM
        # users access to Kubernetes with EKS access entries"). Absent is true.
        _deny(
            "NoClusterOfTheBaseRole",
            actions=["eks:CreateCluster"],
            conditions={"BoolIfExists": {"eks:bootstrapClusterCreatorAdminPermissions": "true"}},
        ),
        _deny(
            "NoAccessEntryOfTheBaseRole",
            actions=["eks:*AccessEntry", "eks:*AccessPolicy"],
            conditions={"ArnLike": {"eks:principalArn": [base_role]}},
        ),
    ]


def policy_denial(policies: Sequence[str]) -> iam.PolicyStatement:
    """Deny changing the managed policies of the base role; `policies` are ARNs, or one list token.

    AWS's own, which nobody can change, do no harm among them.
    """
    return _deny("KeepPolicies", not_actions=_READS["iam"], resources=policies)


def boundary_denial(policy: str) -> iam.PolicyStatement:
    """Deny changing the permissions boundary of the roles that are made; `policy` is its ARN."""
    return _deny("KeepBoundary", not_actions=_READS["iam"], resources=[policy])


def archive_denials(stack: cdk.Stack, *, bucket_name: str) -> list[iam.PolicyStatement]:
    """Deny everything but reading in the bucket that the next deployment takes the code from.

    An access point is another name of a bucket, under which requests are not asked for the bucket's
    (Amazon S3 User Guide, "Configuring IAM policies for using access points"). No key of the
    request for one tells its bucket, so none is made.
    """
    bucket = stack.format_arn(service="s3", region="", account="", resource=bucket_name)
    return [
        _deny("KeepArchive", not_actions=_READS["s3"], resources=[bucket, f"{bucket}/*"]),
        _deny(
            "KeepArchiveByItsName",
            actions=["s3:CreateAccessPoint*", "s3:CreateMultiRegionAccessPoint"],
        ),
    ]


def _deny(
    sid: str,
    *,
    resources: Sequence[str] | None = None,
    not_resources: Sequence[str] | None = None,
    actions: Sequence[str] | None = None,
    not_actions: Sequence[str] | None = None,
    conditions: Mapping[str, Mapping[str, object]] | None = None,
) -> iam.PolicyStatement:
    """A Deny, on everything unless it says on what."""
    return iam.PolicyStatement(
        sid=sid,
        effect=iam.Effect.DENY,
        actions=actions,
        not_actions=not_actions,
        resources=resources if resources or not_resources else ["*"],
        not_resources=not_resources,
        conditions=conditions,
    )
