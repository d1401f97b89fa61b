"""Programs that outlive their credentials, by three SDKs, with the real broker.

`RENEWAL_SECONDS=600` has them run for ten minutes, and more than a thousand requests.
"""

import os
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.emulator.conftest import Deployment, Finished
from tests.emulator.shortened import shortened

pytestmark = pytest.mark.slow

ROLE = "iam-sudo-demo-my-task"
SECONDS = float(os.environ.get("RENEWAL_SECONDS", "20"))
LIFE = 8.0
PAUSE = 0.2
BOTO3 = """
import sys, time, boto3
sts = boto3.client("sts")
end, asked = time.time() + float(sys.argv[1]), 0
while time.time() < end:
    sts.get_caller_identity()
    asked += 1
    time.sleep(float(sys.argv[2]))
print(asked)
"""
CLI = """
asked=0; end=$(($(date +%s) + ${1%.*}))
while [ "$(date +%s)" -lt "$end" ]; do
  aws sts get-caller-identity >/dev/null || exit 9
  asked=$((asked + 1))
done
echo $asked
"""
NODE = Path(__file__).with_name("renewal.mjs")


def programs() -> dict[str, list[str]]:
    timing = [str(SECONDS), str(PAUSE)]
    return {
        "boto3": [sys.executable, "-c", BOTO3, *timing],
        "cli": ["sh", "-c", CLI, "sh", *timing],
        "node": ["node", str(NODE), str(SECONDS), str(PAUSE * 1000)],
    }


@pytest.mark.parametrize("name", programs())
@pytest.mark.parametrize("way", [("serve",), ("simulate", "--refresh")], ids=lambda way: way[0])
def test_a_program_outlives_its_credentials_without_an_error(
    deployment: Deployment, name: str, way: tuple[str, ...]
) -> None:
    if name == "node" and not (ROOT / "tests" / "node_modules" / "@aws-sdk").exists():
        pytest.skip("the SDK is not installed: `make test` does it")
    with shortened(deployment.emulator, seconds=LIFE) as account:
        finished: Finished = deployment.run(
            "iam-sudo", *way, "--role-name", ROLE, "--", *programs()[name],
            AWS_ENDPOINT_URL=account.url, AWS_MAX_ATTEMPTS="1",
        )  # fmt: skip
    assert (finished.returncode, finished.stderr) == (0, "")
    assert int(finished.stdout) > SECONDS / 5
    assert account.refused == 0
    assert len(account.ends) >= SECONDS / LIFE


def test_the_proof_can_fail(deployment: Deployment) -> None:
    with shortened(deployment.emulator, seconds=2) as account:
        finished = deployment.run(
            "iam-sudo", "simulate", "--role-name", ROLE, "--",
            sys.executable, "-c", BOTO3, "8", str(PAUSE),
            AWS_ENDPOINT_URL=account.url, AWS_MAX_ATTEMPTS="1",
        )  # fmt: skip
    assert "ExpiredToken" in finished.stderr
    assert account.refused
