"""The story that the demo plays: what a developer types, and what has to come of it."""

from __future__ import annotations

from dataclasses import dataclass

from demo.blog import DEVELOPER
from demo.emulator import ACCOUNT

ROLE = "iam-sudo-demo-my-task"
DENIED = "AccessDenied"
BASE_ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/IAMSudoUser"


@dataclass(frozen=True)
class Step:
    """A command as the developer types it, and what has to come of it."""

    title: str
    command: str
    shows: str
    succeeds: bool = False
    pictured: bool = False


@dataclass(frozen=True)
class Act:
    """One strategy: deployed, with what it needs of the context, then used in a folder."""

    title: str
    choices: dict[str, str]
    steps: tuple[Step, ...]
    folder: str = "."


THE_FAKE_WAY = Act(
    "The fake way: a broker that simulates roles with session policies.",
    {"strategy": "session-policy"},
    (
        Step(
            "You are a developer with view-only access, and may try to assume any role.",
            "aws sts get-caller-identity --query Arn",
            shows=f"user/{DEVELOPER}",
            succeeds=True,
        ),
        Step(
            "The task role trusts ecs-tasks.amazonaws.com and nobody else: you cannot assume it.",
            f"aws sts assume-role --role-arn arn:aws:iam::{ACCOUNT}:role/{ROLE} "
            "--role-session-name no-can-do",
            shows=DENIED,
            pictured=True,
        ),
        Step(
            "The broker simulates it: a session of IAMSudoUser, cut down to the role's policies.",
            f"iam-sudo simulate --remote --role-name {ROLE} "
            "aws sts get-caller-identity --query Arn",
            shows=f"assumed-role/IAMSudoUser/iam-sudo-{ROLE}",
            succeeds=True,
            pictured=True,
        ),
        Step(
            "What the role may do, the session may do.",
            f"iam-sudo simulate --role-name {ROLE} aws ssm describe-parameters",
            shows='"Parameters"',
            succeeds=True,
        ),
        Step(
            "What the role may not do, the session may not do either.",
            f"iam-sudo simulate --role-name {ROLE} aws s3api list-buckets",
            shows=DENIED,
            pictured=True,
        ),
        Step(
            "What the session is, and how it differs from the role, can be asked beforehand.",
            f"iam-sudo explain --role-name {ROLE}",
            shows="none that its policies tell",
            succeeds=True,
            pictured=True,
        ),
        Step(
            "The credentials can be saved under a profile …",
            f"iam-sudo simulate --role-name {ROLE} --profile {ROLE}",
            shows=f"credentials saved under AWS profile {ROLE}.",
            succeeds=True,
        ),
        Step(
            "… for whatever else you run.",
            f"env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY aws --profile {ROLE} "
            "ssm describe-parameters --query length(Parameters)",
            shows="1",
            succeeds=True,
        ),
        Step(
            "A role without policies may do nothing, and so may its session.",
            "iam-sudo simulate --role-name iam-sudo-demo-no-policies aws ssm describe-parameters",
            shows=DENIED,
        ),
        Step(
            "The base role itself is out of reach: it trusts the broker alone.",
            f"aws sts assume-role --role-arn {BASE_ROLE_ARN} --role-session-name no-can-do",
            shows=DENIED,
        ),
        Step(
            "A role outside the selection is refused: this one has another name.",
            "iam-sudo simulate --role-name other-team-task aws s3api list-buckets",
            shows="its name matches no allowed pattern",
            pictured=True,
        ),
        Step(
            "And this one has another principal.",
            "iam-sudo simulate --role-name iam-sudo-demo-trusting-lambda aws s3api list-buckets",
            shows="no principal that its trust policy allows is allowed here",
        ),
    ),
)

THE_OFFICIAL_WAY = Act(
    "The official way: roles with the tag env=dev trust you. The broker goes.",
    # The article's tag. The default is one that nothing else in an account carries.
    {"strategy": "tag-trust", "developer_tag": "env=dev"},
    (
        Step(
            "You are the task role itself now, tagged and trusting you since the deployment.",
            f"iam-sudo assume --role-name {ROLE} aws sts get-caller-identity --query Arn",
            shows=f"assumed-role/{ROLE}/iam-sudo-{ROLE}",
            succeeds=True,
            pictured=True,
        ),
        Step(
            "What the role may do, you may do.",
            f"iam-sudo assume --role-name {ROLE} aws ssm describe-parameters --max-results 1 "
            "--query Parameters[].Type",
            shows="String",
            succeeds=True,
        ),
        Step(
            "What it may not do, you may not do either.",
            f"iam-sudo assume --role-name {ROLE} aws s3api list-buckets",
            shows=DENIED,
            pictured=True,
        ),
        Step(
            "A role outside the selection has neither tag nor trust.",
            "iam-sudo assume --role-name other-team-task aws s3api list-buckets",
            shows="you may not assume other-team-task",
        ),
        Step(
            "And nobody simulates any more.",
            f"iam-sudo simulate --role-name {ROLE} aws sts get-caller-identity",
            shows="you may not invoke the broker",
        ),
    ),
)

THE_SERVICE = Act(
    "A service on your laptop: its role, its variables and its secrets.",
    {"strategy": "session-policy"},
    (
        Step(
            "The workload is enough: no role's name, no secret to copy. The task definition says.",
            "iam-sudo simulate --role-of ecs:orders/web --environment -- python orders/app.py",
            shows="DATABASE_PASSWORD=********",
            succeeds=True,
            pictured=True,
        ),
        Step(
            "The secrets are read as the execution role; the program is the task role.",
            "iam-sudo simulate --role-of ecs:orders/web --environment -- "
            "aws sts get-caller-identity --query Arn",
            shows="assumed-role/IAMSudoUser/iam-sudo-orders-task",
            succeeds=True,
        ),
    ),
    folder="examples/fargate-service",
)

ACTS = (THE_FAKE_WAY, THE_OFFICIAL_WAY, THE_SERVICE)
