"""`credential-process`, the cache behind it, `configure` and `logout`."""

import json
import os
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from iam_sudo_core.broker import Request
from tests.client.command_line import GIVEN, Run, Service, one_error

ORDERS = ("credential-process", "--role-name", "orders-task")


def lasting(**time_left: float) -> dict[str, Any]:
    end = datetime.now(UTC) + timedelta(**time_left)
    return {**GIVEN, "Expiration": end.isoformat(timespec="seconds")}


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / ".cache" / "iam-sudo").glob("*.entry"))


def test_it_prints_what_sdks_take(run: Run, service: Service) -> None:
    service.body = lasting(hours=1)
    finished = run(*ORDERS)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert json.loads(finished.stdout) == {"Version": 1, **service.body}


def test_what_was_given_out_is_given_again(run: Run, service: Service) -> None:
    service.body = lasting(hours=1)
    first, second = run(*ORDERS), run(*ORDERS)
    assert first.stdout == second.stdout
    assert len(service.asked) == 1


def test_an_answer_that_is_kept_imports_neither_click_nor_botocore(
    run: Run, service: Service, environment: dict[str, str], tmp_path: Path
) -> None:
    service.body = lasting(hours=1)
    run(*ORDERS)
    finished = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "iam_sudo_client", *ORDERS],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(finished.stdout)["AccessKeyId"] == "ASIAGIVEN"
    modules = {line.rpartition("|")[2].strip() for line in finished.stderr.splitlines()}
    assert not modules & {"click", "boto3", "botocore", "iam_sudo_core", "json", "hashlib"}
    assert "iam_sudo_client.cache.answer" in modules


@pytest.mark.parametrize("minutes", [-1, 0, 4, 4.9])
def test_within_five_minutes_of_the_end_nothing_is_used_or_kept(
    run: Run, service: Service, tmp_path: Path, minutes: float
) -> None:
    service.body = lasting(minutes=minutes)
    for command in (ORDERS, ("simulate", "--role-name", "orders-task", "true")):
        assert [run(*command).returncode, run(*command).returncode] == [0, 0]
    assert len(service.asked) == 4
    assert files(tmp_path) == []


def test_sdks_that_renew_early_get_new_ones(run: Run, service: Service) -> None:
    service.body = lasting(minutes=14)
    run(*ORDERS)
    run(*ORDERS)
    assert len(service.asked) == 2
    for _ in range(2):  # but what a command is given may last five minutes
        assert run("simulate", "--role-name", "orders-task", "true").returncode == 0
    assert len(service.asked) == 2


@pytest.mark.parametrize("status", [403, 500])
def test_while_new_ones_cannot_be_had_those_that_are_good_are_given(
    run: Run, service: Service, status: int
) -> None:
    service.body = lasting(minutes=14)
    first = run(*ORDERS)
    service.fails(status, "ServiceException")
    second = run(*ORDERS)
    assert second.stdout == first.stdout
    assert "no new credentials, and those of before last a few minutes: " in second.stderr
    assert "given-secret" not in second.stderr


def test_a_refusal_is_one_whatever_was_given_before(run: Run, service: Service) -> None:
    service.body = lasting(minutes=14)
    run(*ORDERS)
    service.refuses("RoleNotSelected", "orders-task: may not be simulated")
    finished = run(*ORDERS)
    assert (finished.returncode, finished.stdout) == (1, "")


@pytest.mark.parametrize(
    "other",
    [
        {"AWS_ACCESS_KEY_ID": "AKIAOTHER"},
        {"AWS_SECRET_ACCESS_KEY": "other"},
        {"AWS_SESSION_TOKEN": "t"},
        {"AWS_REGION": "eu-central-1"},
        {"AWS_SOMETHING_OF_TOMORROW": "x"},
        {"IAM_SUDO_FUNCTION_NAME": "another"},
    ],
)
def test_another_caller_region_or_broker_is_asked_for_anew(
    run: Run, service: Service, other: dict[str, str | None]
) -> None:
    service.body = lasting(hours=1)
    run(*ORDERS)
    assert run(*ORDERS, environ=other).returncode == 0
    assert len(service.asked) == 2


@pytest.mark.parametrize(
    "more",
    [
        ("--function-name", "another"),
        ("--region", "eu-central-1"),
        ("--principal", "Service:x"),
        ("--base-role", "Other"),
        ("--role-name", "other-task"),
    ],
)
def test_another_question_is_asked_anew(run: Run, service: Service, more: tuple[str, str]) -> None:
    service.body = lasting(hours=1)
    run(*ORDERS)
    assert run(*ORDERS, *more).returncode == 0
    assert len(service.asked) == 2


@pytest.mark.parametrize(
    "file",
    [
        ".aws/config", ".aws/credentials", ".aws/sso/cache/x.json", ".aws/login/cache/x.json",
        ".config/iam-sudo/config.toml",
    ],
)  # fmt: skip
def test_a_file_that_says_who_one_is_makes_the_question_new(
    run: Run, service: Service, tmp_path: Path, file: str
) -> None:
    service.body = lasting(hours=1)
    run(*ORDERS)
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("# changed\n")
    run(*ORDERS)
    assert len(service.asked) == 2
    run(*ORDERS)
    assert len(service.asked) == 2


def test_the_cache_is_private(run: Run, service: Service, tmp_path: Path) -> None:
    service.body = lasting(hours=1)
    run(*ORDERS)
    folder = tmp_path / ".cache" / "iam-sudo"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(files(tmp_path)) == 2
    for file in files(tmp_path):
        assert file.stat().st_mode & 0o777 == 0o600
        assert "old-secret" not in file.read_text()


def test_what_others_may_write_or_have_cut_off_is_not_used(
    run: Run, service: Service, tmp_path: Path
) -> None:
    service.body = lasting(hours=1)
    for spoil in (
        lambda file: file.chmod(0o644),
        lambda file: file.write_text(file.read_text()[:60]),
        lambda file: file.write_bytes(b"\xff\xfe"),
        lambda file: (file.rename(tmp_path / file.name), file.symlink_to(tmp_path / file.name)),
    ):
        run(*ORDERS)
        before = len(service.asked)
        for file in files(tmp_path):
            spoil(file)
        assert run(*ORDERS).returncode == 0
        assert len(service.asked) == before + 1
        run("logout")


def test_without_the_cache_nothing_is_taken_and_nothing_kept(
    run: Run, service: Service, tmp_path: Path
) -> None:
    service.body = lasting(hours=1)
    run(*ORDERS, "--no-cache")
    assert files(tmp_path) == []
    run(*ORDERS, environ={"IAM_SUDO_CACHE": "off"})
    assert files(tmp_path) == []
    run(*ORDERS)
    run(*ORDERS, "--no-cache")
    assert len(service.asked) == 4


def test_a_policy_of_a_file_is_read_again(run: Run, service: Service, tmp_path: Path) -> None:
    policy = tmp_path / "p.json"
    for action in ("s3:Get*", "s3:Put*"):
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        finished = run(*ORDERS, "--policy", str(policy))
        assert "does not confirm" in finished.stderr  # this broker does not
    assert len(service.asked) == 2


def test_a_policy_that_the_settings_name_is_read_again_too(
    run: Run, service: Service, tmp_path: Path
) -> None:
    policy_document = {"Version": "2012-10-17", "Statement": []}
    policy = tmp_path / "p.json"
    policy.write_text(json.dumps(policy_document))
    (tmp_path / ".config" / "iam-sudo").mkdir(parents=True)
    (tmp_path / ".config" / "iam-sudo" / "config.toml").write_text(
        f"[defaults]\npolicy = '{policy}'\n"
    )
    asked = Request(role_name="orders-task", policy=policy_document)
    service.body = {**lasting(hours=1), **asked.confirmation()}
    assert [run(*ORDERS).returncode, run(*ORDERS).returncode] == [0, 0]
    assert len(service.asked) == 1
    policy.write_text(json.dumps({**policy_document, "Id": "another"}))
    run(*ORDERS)
    assert [each["policy"].get("Id") for each in service.asked] == [None, "another"]


def test_what_was_asked_in_another_program_is_not_what_its_words_say(
    run: Run, service: Service, environment: dict[str, str], tmp_path: Path
) -> None:
    service.body = lasting(hours=1)
    text = (
        "import sys; from iam_sudo_client.cli import main; "
        "main(['credential-process', '--role-name', 'admin-task'])"
    )
    subprocess.run(
        [sys.executable, "-c", text, "x", *ORDERS[1:]],
        env=environment, cwd=tmp_path, capture_output=True, check=True,
    )  # fmt: skip
    run(*ORDERS)
    assert [asked["role_name"] for asked in service.asked] == ["admin-task", "orders-task"]


def test_who_becomes_somebody_else_while_the_broker_is_asked_is_asked_for_anew(
    run: Run, service: Service, tmp_path: Path
) -> None:
    service.body = lasting(hours=1)
    service.seconds = 3
    (tmp_path / ".aws").mkdir()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run, *ORDERS)
        while not service.asked:
            time.sleep(0.05)
        (tmp_path / ".aws" / "config").write_text("[default]\n# another account\n")
        assert first.result().returncode == 0
    service.seconds = 0
    run(*ORDERS)
    assert len(service.asked) == 2


def test_sixteen_at_once_ask_once(run: Run, service: Service) -> None:
    service.body = lasting(hours=1)
    service.seconds = 0.5
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: run(*ORDERS), range(16)))
    assert {each.stdout for each in found} == {json.dumps({"Version": 1, **service.body}) + "\n"}
    assert len(service.asked) == 1


def test_a_refusal_is_not_kept(run: Run, service: Service, tmp_path: Path) -> None:
    service.refuses("RoleNotSelected", "orders-task: may not be simulated")
    assert "may not be simulated" in one_error(run(*ORDERS), 1)
    assert files(tmp_path) == []


def test_a_cache_that_cannot_be_written_is_none(run: Run, service: Service, tmp_path: Path) -> None:
    service.body = lasting(hours=1)
    (tmp_path / ".cache").write_text("a file")
    for _ in range(2):
        assert run(*ORDERS).returncode == 0
    assert len(service.asked) == 2


def test_logout_empties_the_cache(run: Run, service: Service, tmp_path: Path) -> None:
    service.body = lasting(hours=1)
    run(*ORDERS)
    assert run("logout").stderr == "INFO: 2 entries removed.\n"
    assert run("logout").stderr == "INFO: 0 entries removed.\n"
    assert list((tmp_path / ".cache" / "iam-sudo").iterdir()) == []
    run(*ORDERS)
    assert len(service.asked) == 2


def test_a_slip_in_the_settings_or_a_hostile_project_does_not_keep_the_cache_from_being_emptied(
    run: Run, service: Service, tmp_path: Path
) -> None:
    service.body = lasting(hours=1)
    run(*ORDERS)
    for file in (tmp_path / ".iam-sudo.toml", tmp_path / ".config" / "iam-sudo" / "config.toml"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("[defaults")
    assert run("logout").stderr == "INFO: 2 entries removed.\n"


KEYRING = """
import json, os
PATH = os.environ["KEYRING_FILE"]
def _all():
    return json.load(open(PATH)) if os.path.exists(PATH) else {}
def get_password(service, name):
    return _all().get(name)
def set_password(service, name, text):
    json.dump({**_all(), name: text}, open(PATH, "w"))
def delete_password(service, name):
    json.dump({k: v for k, v in _all().items() if k != name}, open(PATH, "w"))
"""


def test_the_keyring_has_the_secrets_and_the_file_none(
    run: Run, service: Service, tmp_path: Path
) -> None:
    service.body = lasting(hours=1)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "keyring.py").write_text(KEYRING)
    environ: dict[str, str | None] = {
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "lib"), *sys.path]),
        "KEYRING_FILE": str(tmp_path / "ring"),
        "IAM_SUDO_CACHE": "keyring",
    }
    first, second = run(*ORDERS, environ=environ), run(*ORDERS, environ=environ)
    assert first.stdout == second.stdout != ""
    assert len(service.asked) == 1
    assert all("given-secret" not in file.read_text() for file in files(tmp_path))
    assert "given-secret" in (tmp_path / "ring").read_text()
    run("logout", environ=environ)
    assert (tmp_path / "ring").read_text() == "{}"


def test_without_the_extra_nothing_is_kept(run: Run, service: Service, tmp_path: Path) -> None:
    service.body = lasting(hours=1)
    assert run(*ORDERS, environ={"IAM_SUDO_CACHE": "keyring"}).returncode == 0
    assert files(tmp_path) == []


# Profiles.


KEY_OF = "import boto3; print(boto3.Session(profile_name='orders').get_credentials().access_key)"


def test_a_configured_profile_is_the_role_for_any_sdk(
    run: Run, service: Service, tmp_path: Path, environment: dict[str, str]
) -> None:
    service.body = lasting(hours=1)
    (tmp_path / ".aws").mkdir()
    before = "# mine\n[default]\nregion = x\n\n[profile dev]\nregion = eu-west-1\n"
    (tmp_path / ".aws" / "config").write_text(before)
    finished = run("configure", "--profile", "orders", "--role-name", "orders-task")
    assert finished.returncode == 0, finished.stderr
    text = (tmp_path / ".aws" / "config").read_text()
    assert text.startswith(before)
    assert service.asked == []
    found = subprocess.run(
        [sys.executable, "-c", KEY_OF],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.stdout == "ASIAGIVEN\n", found.stderr
    assert service.asked == [{"role_name": "orders-task"}]


def test_a_profile_asks_as_the_profile_that_wrote_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[profile 'my dev']\nregion = eu-west-1\n")
    run("configure", "--profile", "orders", "--role-name", "o", environ={"AWS_PROFILE": "my dev"})
    text = (tmp_path / ".aws" / "config").read_text()
    [line] = [line for line in text.splitlines() if line.startswith("credential_process")]
    words = shlex.split(line.partition("= ")[2])
    assert words[-6:] == ["--role-name", "o", "--region", "eu-west-1", "--caller-profile", "my dev"]
    assert Path(words[0]).is_absolute()


def command_of(tmp_path: Path) -> list[str]:
    text = (tmp_path / ".aws" / "config").read_text()
    [line] = [line for line in text.splitlines() if line.startswith("credential_process")]
    return shlex.split(line.partition("= ")[2])


def test_a_profiles_command_runs_nothing_of_the_folder_that_it_is_used_in(
    run: Run, service: Service, environment: dict[str, str], tmp_path: Path
) -> None:
    service.body = lasting(hours=1)
    run("configure", "--profile", "orders", "--role-name", "orders-task")
    repository = tmp_path / "repository"
    (repository / "iam_sudo_client").mkdir(parents=True)
    for file in ("__init__.py", "__main__.py"):
        (repository / "iam_sudo_client" / file).write_text("raise SystemExit('hostile')\n")
    (repository / "json.py").write_text("raise SystemExit('hostile')\n")
    finished = subprocess.run(
        command_of(tmp_path),
        env=environment, cwd=repository, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert json.loads(finished.stdout or "{}") == {"Version": 1, **service.body}, finished.stderr


def test_who_asked_the_broker_by_an_option_has_a_profile_that_asks_it(
    run: Run, service: Service, environment: dict[str, str], tmp_path: Path
) -> None:
    service.body = lasting(hours=1)
    (tmp_path / ".config" / "iam-sudo").mkdir(parents=True)
    settings = tmp_path / ".config" / "iam-sudo" / "config.toml"
    settings.write_text("[defaults]\nlocal = true\n")
    run("configure", "--profile", "orders", "--role-name", "orders-task", "--remote")
    finished = subprocess.run(
        command_of(tmp_path),
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert json.loads(finished.stdout or "{}") == {"Version": 1, **service.body}, finished.stderr
    assert service.asked == [{"role_name": "orders-task"}]


@pytest.mark.parametrize("by_option", [True, False])
def test_no_profile_is_written_that_would_ask_itself(
    run: Run, tmp_path: Path, *, by_option: bool
) -> None:
    configure = ("configure", "--profile", "orders", "--role-name")
    run(*configure, "orders-task")
    before = (tmp_path / ".aws" / "config").read_text()
    if by_option:
        finished = run(*configure, "bills-task", "--caller-profile", "orders")
    else:
        me: dict[str, str | None] = {"AWS_PROFILE": "orders"}
        finished = run(*configure, "bills-task", environ=me)
    assert "profile orders would ask itself; give --caller-profile" in one_error(finished, 2)
    assert (tmp_path / ".aws" / "config").read_text() == before


def test_a_profile_of_ours_may_be_written_again_and_another_may_not(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / ".aws").mkdir()
    config = tmp_path / ".aws" / "config"
    config.write_text('[profile "orders"]\noutput = json\n[profile x]\ncredential_process = y\n')
    for role in ("one", "two"):
        assert run("configure", "--profile", "orders", "--role-name", role).returncode == 0
    assert config.read_text().count("credential_process") == 2
    assert "--role-name two" in config.read_text()
    assert "with credential_process" in one_error(
        run("configure", "--profile", "x", "--role-name", "o"), 253
    )
    (tmp_path / ".aws" / "credentials").write_text("[keys]\naws_access_key_id = ASIAX\n")
    said = one_error(run("configure", "--profile", "keys", "--role-name", "o"), 253)
    assert "has keys of it, which would win" in said


def test_a_profile_that_would_ask_itself_says_so(
    run: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    run("configure", "--profile", "orders", "--role-name", "orders-task")
    del environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
    finished = run("credential-process", "--role-name", "x", environ={"AWS_PROFILE": "orders"})
    assert finished.returncode == 253
    assert "run it by hand to see what it says" in finished.stderr


def test_the_callers_profile_wins_over_keys_of_variables(
    run: Run, service: Service, tmp_path: Path
) -> None:
    service.body = lasting(hours=1)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        "[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = s\n"
    )
    assert run(*ORDERS, "--caller-profile", "dev").returncode == 0
    assert "AKIADEV" in service.authorizations[0]
