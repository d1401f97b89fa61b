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
from typing import Any

from tests.cdk.templates import ACCOUNT, REGION, base_role, broker_role, synth
from tests.fidelity.catalogue import glob
from tests.fidelity.evaluator import Evaluator, Request, Side

TAG = "iam-sudo:broker"
VERSION = "2012-10-17"
EVERYTHING = {
    "Version": VERSION,
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
# "Grant a user permissions to pass a role to an AWS service" (IAM User Guide): not reliably.
WITHOUT_TAGS = {"iam:PassRole"}
# The evaluator takes an alias for a version and decides neither; tests/cdk/test_guardrails.py does.
NOT_JUDGED = {f"lambda:{verb}ProvisionedConcurrencyConfig" for verb in ("Delete", "Get", "Put")}


@dataclass(frozen=True)
class Action:
    """An action of the catalogue; `resources` are ARN formats, and whether they tell tags."""

    name: str
    reads: bool
    resources: Sequence[tuple[str, bool]]

    @classmethod
    def all_of(cls, *services: str) -> list[Action]:
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

    def elsewhere(self, context: Mapping[str, str]) -> Iterator[Request]:
        """Requests that name no part but by a condition key."""
        for arn in [arn for arn, _ in self.resources] or ["*"]:
            yield Request(self.name, _example(arn), context)


@dataclass(frozen=True)
class BrokerInAccount:
    """A broker as its template has it, deployed: its denials, and the ARNs of its parts."""

    denials: Sequence[Mapping[str, Any]]
    function: str
    log_group: str
    stack: str
    base_role: str
    broker_role: str
    policy: str
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
            stack=f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{stack}/0a1b2c",
            base_role=f"{iam}:role/{role_name}",
            broker_role=own_role,
            policy=policy,
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
        ]

    @property
    def named_by_keys(self) -> dict[str, str]:
        """Condition keys that name a part."""
        return {
            "lambda:FunctionArn": self.function,
            "logs:DeliveryDestinationResourceArn": self.log_group,
            "eks:principalArn": self.base_role,
        }

    def session(self, *, without: str | None = None) -> Side:
        """A session of a role that may do everything; a denial may be taken away, for a trial."""
        assert without is None or any(each["Sid"] == without for each in self.denials)
        denials = [each for each in self.denials if each["Sid"] != without]
        return Side([EVERYTHING, {"Version": VERSION, "Statement": denials}])

    def execution_role(self) -> Side:
        """Who runs as the broker's role, wherever."""
        return Side([self.executes])


def allowed(evaluator: Evaluator, session: Side, requests: Sequence[Request]) -> set[str]:
    """The actions of the requests that are allowed; each has to have been judged."""
    decisions = list(zip(requests, evaluator.decide(requests, [session]), strict=True))
    judged = {request.action for request, decision in decisions if decision}
    assert judged == {request.action for request in requests} - NOT_JUDGED
    return {request.action for request, decision in decisions if decision == [True]}


def _pattern(arn: str) -> str:
    return re.sub(r"\$\{\w+\}", "*", arn.replace("${Partition}", "aws"))


def _example(arn: str) -> str:
    known = {"Partition": "aws", "Region": REGION, "Account": ACCOUNT}
    return re.sub(r"\$\{(\w+)\}", lambda found: known.get(found[1], "of-somebody-else"), arn)
