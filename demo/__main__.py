"""The blog's story, for real: `make demo`.

The application is deployed to an embedded emulator with the real CDK, and a developer with
view-only access types commands. Every line under a command is what the command printed. Each
outcome is checked; the demo fails when one is not as it should be. With `--record` the steps that
are `pictured` become the picture of the README as well.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from demo.blog import DEVELOPER, Developer, add_developer, deploy, leave_only_grants
from demo.emulator import ACCOUNT, Emulator, EmulatorError
from demo.recording import PICTURE, NotForOthers, Recording

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
    """One strategy: deployed, with what it needs of the context, then used."""

    title: str
    choices: dict[str, str]
    steps: tuple[Step, ...]


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


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    recording = Recording() if options.record else None
    # `make` says when it began, so that the time includes what it had to install.
    began = float(os.environ.get("DEMO_BEGAN") or time.time())
    try:
        with Emulator.start() as emulator:
            _progress("the emulator runs; cdk bootstrap …")
            emulator.bootstrap(_progress)
            developer = add_developer(emulator)
            wrong = _perform(emulator, THE_FAKE_WAY, developer, recording)
            leave_only_grants(emulator)
            wrong += _perform(emulator, THE_OFFICIAL_WAY, developer, recording)
        if recording and not wrong:
            recording.save()
            _progress(f"recorded as {PICTURE}")
    except (EmulatorError, NotForOthers) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    steps = len(THE_FAKE_WAY.steps) + len(THE_OFFICIAL_WAY.steps)
    print(f"\n{steps - wrong} of {steps} steps went as they should; ", end="")
    print(f"it took {time.time() - began:.0f} seconds. The emulator is gone again.")
    return 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make demo", usage='make demo [ARGS="--record"]')
    parser.add_argument(
        "--record", action="store_true", help="draw docs/demo.svg, if all goes as it should"
    )
    return parser


def _perform(
    emulator: Emulator, act: Act, developer: Developer, recording: Recording | None
) -> int:
    """Deploy the strategy, take its steps, and return how many went wrong."""
    print(f"\n=== {act.title}\n", flush=True)
    if recording:
        recording.heading(act.title)
    chosen = " ".join(f"-c {key}={value}" for key, value in act.choices.items())
    _progress(f"cdk deploy --all -c demo=true {chosen} …")
    deploy(emulator, _progress, developers=developer.arn, **act.choices)
    environment = emulator.environment(developer.access_key)
    return sum(
        not _take(
            step,
            environment,
            heading=f"[{number}/{len(act.steps)}]",
            recording=recording if step.pictured else None,
        )
        for number, step in enumerate(act.steps, start=1)
    )


def _take(
    step: Step, environment: dict[str, str], *, heading: str, recording: Recording | None
) -> bool:
    print(f"\n{heading} {step.title}\n$ {step.command}", flush=True)
    finished = subprocess.run(
        shlex.split(step.command),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    printed = finished.stdout.strip("\n")
    print(printed)
    if recording:
        recording.step(step.title, command=step.command, printed=printed)
    as_it_should = step.shows in finished.stdout and step.succeeds == (finished.returncode == 0)
    if not as_it_should:
        end = "success" if step.succeeds else "failure"
        print(f"✗ exit code {finished.returncode}; expected: {end}, and {step.shows!r}")
    return as_it_should


def _progress(line: str) -> None:
    if line.strip():
        print(f"  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
