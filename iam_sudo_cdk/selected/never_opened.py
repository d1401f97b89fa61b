"""Roles that are nobody's to open, whatever is selected.

Those of what surrounds an application: custom resources and other helpers that the CDK makes, what
`cdk bootstrap` makes, and the broker's own. Nor is what is named like a role of `cdk bootstrap`,
since the developers' grant leaves it out by its name.
"""

from __future__ import annotations

import fnmatch
import re
from collections import defaultdict

from constructs import Construct, IConstruct

from ..application import identity


def _any_of(*patterns: str) -> re.Pattern[str]:
    """Patterns of our own, as one that is fast: every role of an application is held against it."""
    return re.compile("|".join(map(fnmatch.translate, patterns)))


_UUID = "[0-9A-Fa-f]" * 32
# What the CDK makes for its own use, by construct path: they run with their own permissions, and
# nobody has to run as them. What can be told by its use is told so, see `HelperRoles`; these are
# the rest, and what is worth no look. Of singletons, tests/cdk/selected/test_never_opened.py
# compares the list with the CDK's sources.
_INFRASTRUCTURE = _any_of(
    "*/Custom::*",
    "*/AWSCDK*Provider*/Role",  # triggers, and others whose type is no Custom::
    "*/@aws-cdk--*",  # nested stacks of providers: EKS, DynamoDB
    "*/LogRetentionaae0aa3c5b4d4f87b02d85b201efdd8a/*",
    "*/BucketNotificationsHandler050a0587b7544547bf325f094a3db834/*",
    "*/framework-onEvent/*",  # custom_resources.Provider
    "*/framework-isComplete/*",
    "*/framework-onTimeout/*",
    "*/waiter-state-machine/*",
    # CDK Pipelines: what deploys the pipeline and publishes assets, by roles of cdk bootstrap.
    "*/UpdatePipeline/SelfMutation/*",
    "*/Assets/FileRole/*",
    "*/Assets/DockerRole/*",
    # Singletons that are no custom resources: the purpose, and a UUID without its hyphens, one for
    # each runtime where the purpose says enough.
    f"*/Eval{_UUID}/*",  # EvaluateExpression
    f"*/EvalServiceRole{_UUID}/*",
    f"*/AWS{_UUID}/*",  # AwsApi, a target of rules, and AwsCustomResource
    f"*/CrossRegionAwsSdk{_UUID}/*",  # CallAwsServiceCrossRegion
    "*/SingletonLambda224e77f9a32e4b4dac32983477abba16/*",  # DropSpamReceiptRule
    "*/SingletonLambda8693BB64968944B69AAFB0CC9EB8757C/*",  # EmrContainersStartJobRun
)
# What `cdk bootstrap` makes (AWS CDK Developer Guide, "IAM roles created during bootstrapping").
_BOOTSTRAP = _any_of(
    *(
        f"cdk-*-{what}-role-*"
        for what in ("cfn-exec", "deploy", "file-publishing", "image-publishing", "lookup")
    )
)

# What a developer's grant leaves out, by what follows `role/` in the ARN: the roles of
# `cdk bootstrap`, whatever their qualifier and path, and everything that is named like them.
NEVER_GRANTED = ("cdk-*", "*/cdk-*")
_NEVER_GRANTED = _any_of(*NEVER_GRANTED)


class NeverSelected(Construct):
    """A construct whose own roles are nobody's to open: they hand out the permissions of others."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        _NEVER_SELECTED[identity(self.node.root)].append(f"{self.node.path}/")


# By app, how the paths of what nobody is to open begin. Asking Node for the constructs themselves
# would take as long as visiting everything.
_NEVER_SELECTED: defaultdict[object, list[str]] = defaultdict(list)


def is_a_brokers(path: str, *, app: object) -> bool:
    """Whether what has this path belongs to a broker; `app` is the identity of the application."""
    return path.startswith(tuple(_NEVER_SELECTED[app]))


def is_a_helpers(path: str) -> bool:
    """Whether the CDK made a role for its own use."""
    return bool(_INFRASTRUCTURE.match(path))


def is_of_bootstrap(name: str) -> bool:
    """Whether `cdk bootstrap` makes roles of this name."""
    return bool(_BOOTSTRAP.match(name))


def is_left_out_of_grants(name: str, *, iam_path: str) -> bool:
    """Whether no grant of a developer reaches a role of this name and path in IAM."""
    return bool(_NEVER_GRANTED.match(f"{iam_path.strip('/')}/{name}".lstrip("/")))


def is_nobodys_to_open(role: IConstruct, *, name: str) -> bool:
    """Whether a role is a broker's, one of `cdk bootstrap`, or a helper's that the CDK makes."""
    path = role.node.path
    return (
        is_a_brokers(path, app=identity(role.node.root))
        or is_a_helpers(path)
        or is_of_bootstrap(name)
    )
