"""What is written down: the user's file, the project's, variables; and which of them counts."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from iam_sudo_client.settings.files import SETTINGS
from tests.client.command_line import CLI, GIVEN, Run, Service, one_error
from tests.client.commands.test_role_of import DEFINITION

Write = Callable[[str], None]


@pytest.fixture
def user(tmp_path: Path) -> Write:
    folder = tmp_path / ".config" / "iam-sudo"
    folder.mkdir(parents=True)
    return lambda text: (folder / "config.toml").write_text(text) and None


@pytest.fixture
def project(tmp_path: Path) -> Write:
    return lambda text: (tmp_path / ".iam-sudo.toml").write_text(text) and None


def test_a_short_name_is_enough(run: Run, service: Service, user: Write) -> None:
    user('[roles.orders]\nrole-name = "Orders-Dev-TaskRole"\nregion = "eu-central-1"\n')
    assert run("simulate", "--role-name", "orders", "true").returncode == 0
    assert service.asked == [{"role_name": "Orders-Dev-TaskRole"}]
    assert "/eu-central-1/lambda/" in service.authorizations[0]


SERVICE = '[roles.orders]\nrole-of = "task-definition:orders"\n'


@pytest.mark.parametrize(
    "command",
    [
        ("simulate", "--role-name", "orders", "true"),
        ("simulate", "--refresh", "--role-name", "orders", "true"),
        ("serve", "--role-name", "orders", "true"),
        ("credential-process", "--role-name", "orders"),
        ("export", "--role-name", "orders"),
        ("configure", "--profile", "p", "--role-name", "orders"),
    ],
)
def test_a_short_name_may_stand_for_a_workload(
    run: Run, service: Service, user: Write, command: tuple[str, ...]
) -> None:
    user(SERVICE)
    service.body = {**GIVEN, "Expiration": "2036-11-22T13:00:00+00:00"}
    service.operations = {"DescribeTaskDefinition": {"taskDefinition": DEFINITION}}
    finished = run(*command)
    assert finished.returncode == 0, finished.stderr
    asked = [each["role_name"] for each in service.asked if "role_name" in each]
    assert asked == ([] if "configure" in command else [DEFINITION["taskRoleArn"]])


def test_a_profile_of_a_workload_looks_it_up_anew(
    run: Run, service: Service, user: Write, tmp_path: Path
) -> None:
    user(SERVICE)
    service.operations = {"DescribeTaskDefinition": {"taskDefinition": DEFINITION}}
    finished = run("configure", "--profile", "p", "--role-name", "orders")
    assert "gets the credentials of orders-task by itself" in finished.stderr
    command = (tmp_path / ".aws" / "config").read_text()
    assert "credential-process --role-of task-definition:orders" in command
    assert "orders-task" not in command


@pytest.mark.parametrize("typed", [("--role-name", "x"), ("--role-of", "task-definition:orders")])
def test_a_role_that_is_typed_takes_the_place_of_either_way_to_name_one(
    run: Run, service: Service, user: Write, typed: tuple[str, str]
) -> None:
    service.operations = {"DescribeTaskDefinition": {"taskDefinition": DEFINITION}}
    for default in ('role-name = "y"', 'role-of = "task-definition:payments"'):
        user(f"[defaults]\n{default}\n")
        assert run("simulate", "--no-cache", *typed, "true").returncode == 0
        role = {"--role-name": "x", "--role-of": DEFINITION["taskRoleArn"]}[typed[0]]
        assert service.asked[-1] == {"role_name": role}


def test_the_nearer_role_counts_by_whichever_way_it_is_named(
    run: Run, service: Service, user: Write, project: Write
) -> None:
    user('[defaults]\nrole-name = "of-the-user"\n')
    project('[defaults]\nrole-of = "task-definition:orders"\n')
    service.operations = {"DescribeTaskDefinition": {"taskDefinition": DEFINITION}}
    assert run("simulate", "true").returncode == 0
    assert service.asked[-1] == {"role_name": DEFINITION["taskRoleArn"]}
    environ: dict[str, str | None] = {"IAM_SUDO_ROLE_NAME": "of-a-variable"}
    assert run("simulate", "true", environ=environ).returncode == 0
    assert service.asked[-1] == {"role_name": "of-a-variable"}


def test_several_short_names_are_served_if_they_agree(
    run: Run, service: Service, user: Write
) -> None:
    service.body = {**GIVEN, "Expiration": "2036-11-22T13:00:00+00:00"}
    text = (
        '[roles.a]\nrole-name = "a-task"\nregion = "eu-south-1"\n'
        '[roles.b]\nrole-name = "b-task"\nregion = "{}"\n'
    )
    both = ("serve", "--role-name", "a", "--role-name", "b")
    user(text.format("eu-south-1"))
    assert run(*both, "true").returncode == 0
    assert [each["role_name"] for each in service.asked] == ["a-task", "b-task"]
    assert "/eu-south-1/lambda/" in service.authorizations[0]
    user(text.format("eu-south-2"))
    wrong = one_error(run(*both, "true"), code=125)
    assert "'eu-south-1' of one before it; serve them apart" in wrong
    assert run(*both, "--region", "eu-west-1", "true").returncode == 0


def test_a_default_role_is_served(run: Run, service: Service, user: Write) -> None:
    service.body = {**GIVEN, "Expiration": "2036-11-22T13:00:00+00:00"}
    user('[defaults]\nrole-name = "orders-task"\n')
    assert run("serve", "true").returncode == 0
    assert service.asked == [{"role_name": "orders-task"}]


def test_a_default_role_need_not_be_typed(run: Run, service: Service, user: Write) -> None:
    user('[defaults]\nrole-name = "orders"\n[roles.orders]\nrole-name = "orders-task"\n')
    assert run("simulate", "true").returncode == 0
    assert service.asked == [{"role_name": "orders-task"}]


def test_options_beat_variables_these_the_project_and_that_the_user(
    run: Run, service: Service, user: Write, project: Write
) -> None:
    def region(*options: str, **environ: str | None) -> str:
        run("simulate", "--role-name", "x", *options, "--no-cache", "true", environ=environ)
        return service.authorizations[-1].split("/")[2]

    assert region() == "eu-west-1"  # AWS_REGION
    user('[defaults]\nregion = "eu-south-1"\n')
    assert region() == "eu-south-1"
    project('[defaults]\nregion = "eu-south-2"\n')
    assert region() == "eu-south-2"
    assert region(IAM_SUDO_REGION="eu-north-1") == "eu-north-1"
    assert region(IAM_SUDO_REGION="") == "eu-south-2"
    assert region("--region", "us-east-1", IAM_SUDO_REGION="eu-north-1") == "us-east-1"


def test_a_short_names_region_is_beaten_by_a_variable_and_an_option(
    run: Run, service: Service, user: Write
) -> None:
    user('[roles.o]\nrole-name = "orders-task"\nregion = "eu-south-1"\n')
    run("simulate", "--role-name", "o", "true", environ={"IAM_SUDO_REGION": "eu-north-1"})
    run("simulate", "--role-name", "o", "--region", "us-east-1", "true")
    assert ["eu-north-1" in service.authorizations[0], "us-east-1" in service.authorizations[1]]


def test_what_is_typed_is_not_contradicted_by_what_is_written_down(
    run: Run, service: Service, user: Write
) -> None:
    user("[defaults]\nlocal = true\n")
    for typed in (["--remote"], ["--function-name", "other"]):
        finished = run("simulate", "--role-name", "x", *typed, "true")
        assert (finished.returncode, finished.stderr) == (0, "")
    user('[defaults]\nfunction-name = "other"\n')
    assert run("simulate", "--role-name", "x", "true").returncode == 0
    assert "/functions/other/" in service.paths[-1]
    said = run("simulate", "--role-name", "x", "--local", "true").stderr
    assert "asks no broker" not in said


def test_a_project_may_not_change_the_broker_without_a_question(
    run: Run, service: Service, project: Write
) -> None:
    for setting in ('function-name = "evil"', "local = true", 'base-role = "x"',
                    'caller-profile = "prod"', 'policy = "{}"'):  # fmt: skip
        name = setting.split()[0]
        for text in (f"[defaults]\n{setting}\n", f"[roles.x]\n{setting}\n"):
            project(text)
            said = one_error(run("simulate", "--role-name", "x", "true"), 253)
            assert f"wants {name} = " in said
            assert f"give --{name} yourself" in said
    assert service.asked == []


def test_what_is_typed_needs_no_question(run: Run, service: Service, project: Write) -> None:
    project('[defaults]\nfunction-name = "evil"\n')
    run("simulate", "--role-name", "x", "--function-name", "mine", "true")
    run("simulate", "--role-name", "x", "true", environ={"IAM_SUDO_FUNCTION_NAME": "mine"})
    assert all("/functions/mine/" in path for path in service.paths)
    assert len(service.paths) == 2


def answered(environment: dict[str, str], folder: Path, answer: bytes) -> str:
    """Run simulate with a terminal, and type an answer when it asks."""
    main, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "iam_sudo_client", "simulate", "--role-name", "x", "true"],
        env=environment, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # noqa: PLW1509 - it is ours from now on
    ) as child:  # fmt: skip
        os.close(theirs)
        shown = b""
        os.write(main, answer + b"\n")
        while True:
            try:
                read = os.read(main, 1_000)
            except OSError:
                break
            if not read:
                break
            shown += read
        child.wait()
    os.close(main)
    return shown.decode()


def test_the_question_is_asked_once_for_a_files_content(
    run: Run, service: Service, project: Write, environment: dict[str, str], tmp_path: Path
) -> None:
    project('[defaults]\nfunction-name = "theirs"\n')
    assert "you said no" in answered(environment, tmp_path, b"n")
    assert "you said no" in answered(environment, tmp_path, b"")
    assert service.paths == []
    shown = answered(environment, tmp_path, b"y")
    assert "wants function-name = 'theirs', which decides who gives out" in shown
    assert "/functions/theirs/" in service.paths[0]
    assert run("simulate", "--role-name", "y", "true").returncode == 0
    project('[defaults]\nfunction-name = "another"\n')
    assert "needs your yes" in one_error(run("simulate", "--role-name", "z", "true"), 253)


def test_the_question_names_all_that_the_yes_is_for(
    run: Run, service: Service, project: Write, environment: dict[str, str], tmp_path: Path
) -> None:
    project("[roles.x]\npolicy = '{}'\n[roles.other]\nfunction-name = 'evil'\nregion = 'r-1'\n")
    shown = answered(environment, tmp_path, b"n")
    assert "wants policy = '{}' of roles.x, function-name = 'evil' of roles.other, which" in shown


def test_a_folder_may_have_any_name(
    run: Run, service: Service, environment: dict[str, str], tmp_path: Path
) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)  # noqa: PTH102 - a name that is no text
    with open(folder + b"/.iam-sudo.toml", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write('[defaults]\nfunction-name = "theirs"\n')
    where = Path(os.fsdecode(folder))
    answered(environment, where, b"y")
    assert "/functions/theirs/" in service.paths[0]
    answered(environment, where, b"n")  # nobody asks
    assert len(service.paths) == 2


def test_a_role_itself_is_not_contradicted_by_what_is_written_of_simulated_ones(
    run: Run, service: Service, user: Write
) -> None:
    user('[defaults]\nfunction-name = "f"\nbase-role = "b"\nprincipal = "Service:x"\n')
    assert "--assume is the role itself" not in run("export", "--role-name", "x", "--assume").stderr
    user("[defaults]\nlocal = true\n[roles.o]\nassume = true\n")
    assert "--assume is the role itself" not in run("export", "--role-name", "o").stderr
    said = one_error(run("export", "--role-name", "o", "--assume", "--local"), 2)
    assert "--assume is the role itself" in said


@pytest.mark.parametrize("typed", [["--function-name", "f"], ["--remote"]])
def test_a_broker_that_is_typed_is_asked_whatever_is_written(
    run: Run, service: Service, user: Write, typed: list[str]
) -> None:
    user("[defaults]\nassume = true\n")
    assert run("export", "--role-name", "x", *typed).returncode == 0
    assert service.asked == [{"role_name": "x"}]


def test_a_project_is_the_folder_and_those_above_up_to_the_repository(
    run: Run, service: Service, project: Write, environment: dict[str, str], tmp_path: Path
) -> None:
    project('[roles.o]\nrole-name = "orders-task"\n')
    for folder, role in (("a/b", "orders-task"), ("repository/a", "o")):
        (tmp_path / "repository" / ".git").mkdir(parents=True, exist_ok=True)
        (tmp_path / folder).mkdir(parents=True)
        subprocess.run(
            [sys.executable, "-m", "iam_sudo_client", "simulate", "--role-name", "o", "true"],
            env=environment, cwd=tmp_path / folder, check=True,
        )  # fmt: skip
        assert service.asked[-1] == {"role_name": role}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="gives files away")
def test_another_users_file_is_no_project_of_ours(run: Run, project: Write, tmp_path: Path) -> None:
    project('[roles.o]\nrole-name = "orders-task"\n')
    os.chown(tmp_path / ".iam-sudo.toml", 12345, 12345)
    said = one_error(run("simulate", "--role-name", "o", "true"), 253)
    assert "belongs to another user" in said


def test_a_profiles_command_means_the_same_in_every_folder(
    run: Run, service: Service, project: Write
) -> None:
    project('[defaults]\nfunction-name = "evil"\n[roles.o]\nrole-name = "orders-task"\n')
    assert run("credential-process", "--role-name", "o").returncode == 0
    assert service.asked == [{"role_name": "o"}]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[defaults", "it is not TOML: "),
        ("a = " + "[" * 10_000, "it is not TOML: "),
        ("a = " + "1" * 10_000, "it is not TOML: "),
        ("[default]\n", "it has 'default', and may have [defaults] and [roles.NAME]"),
        ("defaults = 1\n", "defaults has to be a table, [defaults]"),
        ("[roles]\no = 1\n", "roles.o has to be a table, [roles.o]"),
        ("[defaults]\ncommand = 'rm'\n", "[defaults] has 'command', and may have role-name,"),
        ("[defaults]\nregion = 1\n", "region in [defaults] has to be a text"),
        ("[defaults]\nlocal = 'yes'\n", "local in [defaults] has to be true or false"),
        ("[roles.o]\nregion = ' '\n", "region in [roles.o] is empty"),
        ("[defaults]\ncache = 'x'\n", "cache in [defaults] has to be one of files, keyring, off"),
        ("[roles.o]\nrole-name='a'\nrole-of='b'\n", "[roles.o] has role-name and role-of"),
    ],
)
def test_a_slip_in_a_file_is_an_error(run: Run, user: Write, text: str, reason: str) -> None:
    user(text)
    said = one_error(run("simulate", "--role-name", "x", "true"), 253)
    assert "/.config/iam-sudo/config.toml cannot be used: " in said
    assert reason in said
    assert run("simulate", "--help").returncode == 0


def test_a_project_does_not_say_where_secrets_are_kept(run: Run, project: Write) -> None:
    project("[defaults]\ncache = 'files'\n")
    assert "no project's" in one_error(run("simulate", "--role-name", "x", "true"), 253)


def test_a_variable_that_is_none_is_an_error(run: Run) -> None:
    said = run("simulate", "--role-name", "x", "true", environ={"IAM_SUDO_LOCAL": "si"}).stderr
    assert "the settings of IAM_SUDO_LOCAL cannot be used: it is 'si'" in said


def test_variables_that_are_older_stay_what_they_were(run: Run, service: Service) -> None:
    selection = '{"allowed-role-names": ["*"]}'
    older: dict[str, str | None] = {"IAM_SUDO_POLICY": selection, "IAM_SUDO_BASE_ROLE": "Other"}
    assert run("simulate", "--role-name", "x", "true", environ=older).returncode == 0
    assert service.asked == [{"role_name": "x"}]


def test_config_shows_what_counts_and_where_it_is_from(
    run: Run, user: Write, project: Write, tmp_path: Path
) -> None:
    user('[defaults]\nregion = "eu-south-1"\nlocal = true\n')
    project('[defaults]\nfunction-name = "x"\n[roles.o]\nrole-name = "orders-task"\n')
    assert run("config", environ={"IAM_SUDO_PRINCIPAL": "Service:x"}).stdout.splitlines() == [
        f'function-name = "x"  # {tmp_path}/.iam-sudo.toml, after your yes',
        f"local = true  # {tmp_path}/.config/iam-sudo/config.toml",
        'principal = "Service:x"  # IAM_SUDO_PRINCIPAL',
        f'region = "eu-south-1"  # {tmp_path}/.config/iam-sudo/config.toml',
        f'roles.o.role-name = "orders-task"  # {tmp_path}/.iam-sudo.toml',
    ]
    found = json.loads(run("config", "--json").stdout)
    assert found["roles"]["o"]["role-name"]["value"] == "orders-task"


def test_every_setting_is_an_option() -> None:
    options = {
        option.removeprefix("--")
        for command in CLI.values()
        for param in command.params
        if isinstance(param, click.Option)
        for option in param.opts
    }
    # Which has --no-cache.
    assert SETTINGS.keys() - options == {"cache"}


def test_why_goes_by_the_text_and_not_by_a_default(run: Run, user: Write) -> None:
    user('[defaults]\nrole-name = "other"\n')
    text = (
        b"User: arn:aws:sts::111122223333:assumed-role/IAMSudoUser/me is not authorized to "
        b"perform: s3:GetObject on resource: y "
        b"because no identity-based policy allows the s3:GetObject"
    )
    assert "give --role-name" in run("why", stdin=text).stderr
