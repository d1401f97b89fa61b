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

from demo.blog import Developer, add_developer, deploy, deploy_example, leave_only_grants
from demo.emulator import PROJECT, Emulator, EmulatorError
from demo.recording import PICTURE, NotForOthers, Recording
from demo.story import ACTS, THE_FAKE_WAY, THE_SERVICE, Act, Step


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
            wrong = 0
            for act in ACTS:
                wrong += _perform(emulator, act, developer, recording)
                if act is THE_FAKE_WAY:
                    leave_only_grants(emulator)
        if recording and not wrong:
            recording.save()
            _progress(f"recorded as {PICTURE}")
    except (EmulatorError, NotForOthers) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    steps = sum(len(act.steps) for act in ACTS)
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
    if act is THE_SERVICE:
        _progress(f"cdk deploy {chosen} …, in {act.folder}")
        deploy_example(emulator, act.folder, _progress, developer=developer.arn, **act.choices)
    else:
        _progress(f"cdk deploy --all -c demo=true {chosen} …")
        deploy(emulator, _progress, developers=developer.arn, **act.choices)
    environment = emulator.environment(developer.access_key)
    return sum(
        not _take(
            step,
            environment,
            folder=act.folder,
            heading=f"[{number}/{len(act.steps)}]",
            recording=recording if step.pictured else None,
        )
        for number, step in enumerate(act.steps, start=1)
    )


def _take(
    step: Step,
    environment: dict[str, str],
    *,
    folder: str,
    heading: str,
    recording: Recording | None,
) -> bool:
    print(f"\n{heading} {step.title}\n$ {step.command}", flush=True)
    finished = subprocess.run(
        shlex.split(step.command),
        env=environment,
        cwd=PROJECT / folder,
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
