"""What a session with AdministratorAccess may do to the parts of a broker, action by action.

The actions are those of the evaluator's catalogue, the denials those of a synthesized template,
and the evaluator decides.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from tests.cdk.templates import ACCOUNT, REGION, base_role, broker_role, synth
from tests.fidelity.catalogue import glob
from tests.fidelity.evaluator import Document, Evaluator, Request, Side, Value, listed

TAG = "iam-sudo:broker"
VERSION = "2012-10-17"
EVERYTHING = {
    "Version": VERSION,
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
# A condition key whose name is of a kind names a part of that kind.
LOG, FUNCTION, ROLE, STACK = (
    re.compile(words, re.IGNORECASE)
    for words in (
        r"log_?group|log\w*dest|DeliveryDestination",
        r"function_?arn",
        r"principal|role_?arn",
        r"stack_?arn",
    )
)
# The one key that names the broker's metrics.
METRICS = "cloudwatch:namespace"
# "Grant a user permissions to pass a role to an AWS service" (IAM User Guide): not reliably.
WITHOUT_TAGS = {"iam:PassRole"}
# The evaluator takes an alias for a version and decides neither;
# tests/cdk/session_policy/test_guardrails.py does.
# Nor does it find the resources of the others in their own formats.
NOT_JUDGED = {
    *(f"lambda:{verb}ProvisionedConcurrencyConfig" for verb in ("Delete", "Get", "Put")),
    *(f"amplifybackend:{verb}Token" for verb in ("Create", "Get")),
    "signin:CreateOAuth2PublicClient",
}


@dataclass(frozen=True)
class Action:
    """An action of the catalogue: its ARN formats, and whether they tell tags; its own keys."""

    name: str
    reads: bool
    resources: Sequence[tuple[str, bool]]
    keys: Sequence[str]

    @classmethod
    def all_of(cls, *services: str) -> list[Action]:
        """Those of the services, or of all that there are."""
        script = Path(__file__).with_name("actions.mjs")
        printed = subprocess.run(["node", script, *services], stdout=-1, check=True).stdout
        return [cls(name, **found) for name, found in json.loads(printed).items()]

    def on(self, part: str, *, tagged: bool) -> Request | None:
        """The request on a part of a broker, if the action can name it."""
        tells = [tells for arn, tells in self.resources if glob(_pattern(arn)).fullmatch(part)]
        if not tells:
            return None
        tagged = tagged and any(tells) and self.name not in WITHOUT_TAGS
        return Request(self.name, part, {f"aws:ResourceTag/{TAG}": "a-name"} if tagged else {})

    def elsewhere(self, context: Mapping[str, Value]) -> Iterator[Request]:
        """Requests that name no part but by a condition key."""
        for arn in [arn for arn, _ in self.resources] or ["*"]:
            yield Request(self.name, _example(arn), context)


@dataclass(frozen=True)
class BrokerInAccount:
    """A broker as its template has it, deployed: its denials, and the ARNs of its parts."""

    denials: Sequence[Mapping[str, Any]]
    function: str
    log_group: str
    alarms: Sequence[str]
    stack: str
    base_role: str
    broker_role: str
    policy: str
    parameter: str
    executes: Mapping[str, Any]

    @classmethod
    def synthesized(
        cls,
        *,
        function_name: str = "iam-sudo",
        role_name: str = "IAMSudoUser",
        region: str = REGION,
    ) -> BrokerInAccount:
        iam = f"arn:aws:iam::{ACCOUNT}"
        policy = f"{iam}:policy/of-{role_name}"
        template = synth(
            function_name=function_name,
            role_name=role_name,
            base_role_managed_policies=["AdministratorAccess", policy],
        )
        own_role = f"{iam}:role/the-stack-BrokerRole-of-{function_name}"
        stack = f"{function_name}-in-{region}"
        text = json.dumps(base_role(template)["Policies"])
        for placeholder, value in (
            (f"<{broker_role(template)[0]}.Arn>", own_role),
            ("/the-stack/", f"/{stack}/"),
            (f"-{REGION}", f"-{region}"),
        ):
            text = text.replace(placeholder, value)
        [policies] = json.loads(text)
        return cls(
            denials=policies["PolicyDocument"]["Statement"],
            function=f"arn:aws:lambda:{region}:{ACCOUNT}:function:{function_name}",
            log_group=f"arn:aws:logs:{region}:{ACCOUNT}:log-group:/aws/lambda/{function_name}",
            alarms=[
                f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{function_name}-refused",
                f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{function_name}-{region}",
            ],
            stack=f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{stack}/0a1b2c",
            base_role=f"{iam}:role/{role_name}",
            broker_role=own_role,
            policy=policy,
            parameter=f"arn:aws:ssm:{region}:{ACCOUNT}:parameter/iam-sudo/{function_name}/rules",
            executes=broker_role(template)[1]["Policies"][0]["PolicyDocument"],
        )

    @property
    def tagged_parts(self) -> list[str]:
        return [
            self.function,
            f"{self.function}:1",
            f"{self.function}:live",
            f"{self.function}:1/durable-execution/name/id",
            self.log_group,
            f"{self.log_group}:log-stream:2026/01/01/[$LATEST]a",
            self.stack,
            self.base_role,
            self.broker_role,
            self.parameter,
        ]

    @property
    def untagged_parts(self) -> list[str]:
        """A managed policy of the base role, and one that carries a session."""
        return [self.policy, f"arn:aws:iam::{ACCOUNT}:policy/iam-sudo/20261125-{'a' * 20}"]

    def named_by_keys(self, action: Action) -> dict[str, Value]:
        """The condition keys of an action that can name a part, and name it."""
        parts = {
            LOG: self.log_group,
            FUNCTION: self.function,
            ROLE: self.base_role,
            STACK: self.stack,
        }
        named: dict[str, Value] = {
            key: part
            for key in action.keys
            for kind, part in parts.items()
            if kind.search(key.partition(":")[2])
        }
        return named | {key: "iam-sudo" for key in action.keys if key == METRICS}

    def session(self, *, without: Mapping[str, str | None] = MappingProxyType({})) -> Side:
        """A session of a role that may do everything.

        Denials may be taken away, for a trial: by Sid, all of one, or one pattern of its actions.
        """
        assert set(without) <= {each["Sid"] for each in self.denials}
        kept = [_without(each, without) for each in self.denials]
        statements = [each for each in kept if each.get("Action") != []]
        return Side([EVERYTHING, {"Version": VERSION, "Statement": statements}])

    def execution_role(self) -> Side:
        """Who runs as the broker's role, wherever."""
        return Side([self.executes])


def allowed(evaluator: Evaluator, session: Side, requests: Sequence[Request]) -> set[str]:
    """The actions of the requests that are allowed; each has to have been judged."""
    decisions = list(zip(requests, evaluator.decide(requests, [session]), strict=True))
    judged = {request.action for request, decision in decisions if decision}
    assert {request.action for request in requests} - judged <= NOT_JUDGED
    return {request.action for request, decision in decisions if decision == [True]}


def policies_of_services() -> dict[str, Document]:
    """AWS's policies of service-linked roles, without their conditions, by name (moto's copy)."""
    policies: Mapping[str, Any] = json.loads(aws_managed_policies_data)
    return {
        name: {
            "Version": VERSION,
            "Statement": [
                {element: value for element, value in each.items() if element != "Condition"}
                for each in listed(policy["Document"]["Statement"])
            ],
        }
        for name, policy in policies.items()
        if policy["Path"] == "/aws-service-role/"
    }


def _without(denial: Mapping[str, Any], taken: Mapping[str, str | None]) -> Mapping[str, Any]:
    if denial["Sid"] not in taken:
        return denial
    pattern = taken[denial["Sid"]]
    kept = [] if pattern is None else [one for one in listed(denial["Action"]) if one != pattern]
    return {**{key: value for key, value in denial.items() if key != "NotAction"}, "Action": kept}


def _pattern(arn: str) -> str:
    return re.sub(r"\$\{\w+\}", "*", arn.replace("${Partition}", "aws"))


def _example(arn: str) -> str:
    known = {"Partition": "aws", "Region": REGION, "Account": ACCOUNT}
    return re.sub(r"\$\{(\w+)\}", lambda found: known.get(found[1], "of-somebody-else"), arn)
