"""Programs that outlive their credentials, by three SDKs, with the real broker.

`--renewal-seconds=600` has them run for ten minutes, and more than a thousand requests; with `-s`
pytest shows how many.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.emulator.conftest import Deployment, Finished
from tests.emulator.shortened import shortened

pytestmark = pytest.mark.slow

ROLE = "iam-sudo-demo-my-task"
# Half of it is what a busy machine has to renew them in.
LIFE = 14.0
PAUSE = 0.2
BOTO3 = """
import sys, time, boto3
sts = boto3.client("sts")
end, asked = time.monotonic() + float(sys.argv[1]), 0
while time.monotonic() < end:
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


def programs(seconds: float) -> dict[str, list[str]]:
    timing = [str(seconds), str(PAUSE)]
    found = {
        "boto3": [sys.executable, "-c", BOTO3, *timing],
        "cli": ["sh", "-c", CLI, "sh", *timing],
    }
    # What is not there is installed by `make test`.
    if (ROOT / "tests" / "node_modules" / "@aws-sdk").exists():
        found["node"] = ["node", str(NODE), str(seconds), str(PAUSE * 1000)]
    return found


def profile(deployment: Deployment, url: str, folder: Path) -> dict[str, str]:
    """The variables of somebody whose profile asks `credential-process`."""
    key = deployment.developer.access_key
    files = {
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "IAM_SUDO_CACHE": "files",
    }
    Path(files["AWS_SHARED_CREDENTIALS_FILE"]).write_text(
        f"[default]\naws_access_key_id = {key['AccessKeyId']}\n"
        f"aws_secret_access_key = {key['SecretAccessKey']}\n"
    )
    configured = deployment.run(
        "iam-sudo", "configure", "--profile", "task", "--role-name", ROLE,
        credentials={}, AWS_ENDPOINT_URL=url, **files,
    )  # fmt: skip
    assert configured.returncode == 0, configured.stderr
    return {**files, "AWS_PROFILE": "task"}


@pytest.mark.parametrize("way", ["serve", "simulate --refresh", "credential-process"])
def test_programs_outlive_their_credentials_without_an_error(
    deployment: Deployment, tmp_path: Path, way: str, pytestconfig: pytest.Config
) -> None:
    seconds = pytestconfig.getoption("--renewal-seconds")
    with shortened(deployment.emulator, seconds=LIFE) as account:
        environ = {"AWS_ENDPOINT_URL": account.url, "AWS_MAX_ATTEMPTS": "1"}
        before: list[str] = []
        if way == "credential-process":
            environ |= profile(deployment, account.url, tmp_path)
        else:
            before = ["iam-sudo", *way.split(), "--role-name", ROLE, "--"]

        def run(program: list[str]) -> Finished:
            credentials: dict[str, str] | None = None if before else {}
            return deployment.run(*before, *program, credentials=credentials, **environ)

        with ThreadPoolExecutor() as threads:
            finished = dict(
                zip(programs(seconds), threads.map(run, programs(seconds).values()), strict=True)
            )
    asked = {}
    for name, each in finished.items():
        assert (each.returncode, each.stderr) == (0, ""), name
        asked[name] = int(each.stdout)
    print(f"{way}: {asked}, {len(account.ends)} sessions")
    assert all(asked.values())
    assert account.refused == 0
    assert len(account.ends) >= seconds / LIFE * len(finished)


def test_the_proof_can_fail(deployment: Deployment) -> None:
    with shortened(deployment.emulator, seconds=2) as account:
        finished = deployment.run(
            "iam-sudo", "simulate", "--role-name", ROLE, "--",
            sys.executable, "-c", BOTO3, "8", str(PAUSE),
            AWS_ENDPOINT_URL=account.url, AWS_MAX_ATTEMPTS="1",
        )  # fmt: skip
    assert "ExpiredToken" in finished.stderr
    assert account.refused
