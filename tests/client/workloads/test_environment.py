"""What a container or a function is given, and how what cannot be read is said."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from iam_sudo_client.errors import CommandLineError, InvalidOption, Refused, ServiceFailed
from iam_sudo_client.ways_in.session import CallerSession
from iam_sudo_client.workloads.environment import read, stated
from iam_sudo_client.workloads.reading import variables_of_file
from iam_sudo_client.workloads.reference import Workload
from iam_sudo_client.workloads.roles import Found, find
from iam_sudo_core.arns import RoleArn
from iam_sudo_core.credentials import Credentials
from tests.client.workloads.conftest import Made

Read = Callable[..., dict[str, str]]
SECRET = "S3CR3T"


@pytest.fixture
def roles(made: Made) -> dict[str, str]:
    return {"taskRoleArn": made.role("task"), "executionRoleArn": made.role("execution")}


@pytest.fixture
def asked() -> list[str]:
    """The roles that were assumed to read something."""
    return []


@pytest.fixture
def variables(made: Made, caller: CallerSession, asked: list[str]) -> Read:
    def variables(
        text: str = "task-definition:orders",
        container: str | None = None,
        *,
        as_caller: bool = False,
        keep: tuple[str, ...] = (),
        refused: CommandLineError | None = None,
    ) -> dict[str, str]:
        def assumed(role: RoleArn) -> Credentials:
            asked.append(role.name)
            if refused:
                raise refused
            return Credentials("ASIAEXECUTION", "s", "t", "2026-11-25T13:00:00+00:00")

        found = find(caller, Workload.parse(text))
        return read(caller, found, container, as_caller=as_caller, keep=keep, assumed=assumed)

    return variables


def container(
    *, environment: dict[str, str] | None = None, secrets: dict[str, str] | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "environment": [{"name": n, "value": v} for n, v in (environment or {}).items()],
        "secrets": [{"name": n, "valueFrom": v} for n, v in (secrets or {}).items()],
        **more,
    }


def task(made: Made, roles: dict[str, str], *containers: dict[str, Any]) -> None:
    made.task("orders", *containers, **roles)


def secret(made: Made, text: str) -> str:
    client = made.client("secretsmanager")
    return str(client.create_secret(Name="orders/db", SecretString=text)["ARN"])


def test_plain_variables_need_nobody(
    made: Made, roles: dict[str, str], variables: Read, asked: list[str]
) -> None:
    task(made, roles, container(environment={"STAGE": "dev", "EMPTY": ""}))
    assert variables() == {"STAGE": "dev", "EMPTY": ""}
    assert asked == []


def test_one_container_of_several_has_to_be_named(
    made: Made, roles: dict[str, str], variables: Read
) -> None:
    task(
        made,
        roles,
        container(name="web", environment={"A": "1"}),
        container(name="proxy", environment={"B": "2"}),
    )
    assert variables(container="web") == {"A": "1"}
    assert variables(container="proxy") == {"B": "2"}
    with pytest.raises(InvalidOption, match=r"several containers \(proxy, web\); name one"):
        variables()
    with pytest.raises(InvalidOption, match='no container "python"; it has proxy, web. CMD comes'):
        variables(container="python")


def test_secrets_are_read_as_the_execution_role(
    made: Made, roles: dict[str, str], variables: Read, asked: list[str]
) -> None:
    arn = secret(made, json.dumps({"password": SECRET, "port": 5432, "tls": True}))
    made.client("ssm").put_parameter(Name="/orders/x", Value="of ssm", Type="SecureString")
    made.client("ssm").put_parameter(Name="flat", Value="flat one", Type="String")
    account = arn.split(":")[4]
    task(
        made,
        roles,
        container(
            secrets={
                "ALL": arn,
                "PASSWORD": f"{arn}:password::",
                "PORT": f"{arn}:port::",
                "TLS": f"{arn}:tls::",
                "STAGED": f"{arn}:password:AWSCURRENT:",
                "NAMED": "/orders/x",
                "BY_ARN": f"arn:aws:ssm:eu-west-1:{account}:parameter/orders/x",
                "FLAT": "flat",
            }
        ),
    )
    found = variables()
    assert json.loads(found.pop("ALL"))["password"] == SECRET
    assert found == {
        "PASSWORD": SECRET,
        "PORT": "5432",
        "TLS": "true",
        "STAGED": SECRET,
        "NAMED": "of ssm",
        "BY_ARN": "of ssm",
        "FLAT": "flat one",
    }
    assert asked == ["execution"]  # once for all of them


def test_a_version_of_a_secret_is_read_by_its_stage_and_its_id(
    made: Made, roles: dict[str, str], variables: Read
) -> None:
    arn = secret(made, "first")
    client = made.client("secretsmanager")
    first = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    client.put_secret_value(SecretId=arn, SecretString="second")
    [id] = first
    secrets = {"NOW": arn, "BEFORE": f"{arn}::AWSPREVIOUS:", "BY_ID": f"{arn}:::{id}"}
    task(made, roles, container(secrets=secrets))
    assert variables() == {"NOW": "second", "BEFORE": "first", "BY_ID": "first"}


def test_a_secret_is_read_with_the_credentials_of_who_reads_it(
    made: Made,
    roles: dict[str, str],
    variables: Read,
    asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used: list[tuple[str, str | None]] = []
    make = CallerSession.client

    def client(self: CallerSession, service: str, **options: Any) -> Any:
        credentials = options.get("credentials")
        used.append((service, credentials and credentials.access_key_id))
        return make(self, service, **options)

    monkeypatch.setattr(CallerSession, "client", client)
    made.client("ssm").put_parameter(Name="x", Value="y", Type="String")
    task(made, roles, container(secrets={"X": "x"}))
    variables()
    variables(as_caller=True)
    assert [each for each in used if each[0] == "ssm"] == [("ssm", "ASIAEXECUTION"), ("ssm", None)]
    assert asked == ["execution"]


def bucket(made: Made, **files: bytes) -> list[str]:
    s3 = made.client("s3")
    s3.create_bucket(
        Bucket="orders-env", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    for name, content in files.items():
        s3.put_object(Bucket="orders-env", Key=f"dev/{name}.env", Body=content)
    return [f"arn:aws:s3:::orders-env/dev/{name}.env" for name in files]


def with_files(definition: dict[str, Any], files: list[str]) -> dict[str, Any]:
    return definition | {"environmentFiles": [{"type": "s3", "value": each} for each in files]}


def test_of_files_the_first_wins_and_the_definition_wins_over_files(
    made: Made, roles: dict[str, str], variables: Read, asked: list[str]
) -> None:
    files = bucket(made, one=b"A=one\nB=one\n", two=b"A=two\nB=two\nC=two\n")
    task(made, roles, with_files(container(environment={"A": "definition"}), files))
    assert variables() == {"A": "definition", "B": "one", "C": "two"}
    assert asked == ["execution"]


def test_a_file_s_values_are_as_they_stand() -> None:
    content = (
        b'\xef\xbb\xbf# a comment\r\nURL=a=b=c\r\n\r\nQUOTED="x y" \r\nEMPTY=\n'
        b"  INDENTED=1\nNO_VALUE\nA=1\nA=2\nUMLAUT=\xc3\xa4"
    )
    assert variables_of_file(content) == {
        "URL": "a=b=c",
        "QUOTED": '"x y" ',
        "EMPTY": "",
        "INDENTED": "1",
        "A": "2",
        "UMLAUT": "ä",
    }


@pytest.mark.parametrize("content", [b"=S3CR3T", b"A B=S3CR3T", b"A=S3CR3T\xff"])
def test_a_file_that_cannot_be_used_is_named_and_not_quoted(
    made: Made, roles: dict[str, str], variables: Read, content: bytes
) -> None:
    task(made, roles, with_files(container(), bucket(made, one=content)))
    with pytest.raises(ServiceFailed, match=r"\(arn:aws:s3:::orders-env/dev/one.env\)") as failed:
        variables()
    assert SECRET not in str(failed.value)


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ('{"other": "S3CR3T"}', "password", "the secret has no JSON key 'password'"),
        ("S3CR3T", "password", "the secret is no JSON, and its key 'password' is asked for"),
        ('["S3CR3T"]', "password", "the secret has no JSON key 'password'"),
        ('{"password": null}', "password", "is no text; write it as text in the secret"),
        ('{"password": ["S3CR3T"]}', "password", "is no text"),
        ('{"password": {"a": "S3CR3T"}}', "password", "is no text"),
        # Amazon ECS would make 1.11122223333e+11 of it.
        ('{"password": 111122223333}', "password", "is no text"),
        ('{"password": NaN}', "password", "is no text"),
        ("[" * 100_000, "password", "the secret is no JSON"),
    ],
)
def test_what_is_no_text_of_a_secret_is_an_error_and_no_guess(
    made: Made, roles: dict[str, str], variables: Read, text: str, key: str, said: str
) -> None:
    arn = secret(made, text if len(text) < 60_000 else text[:60_000])
    task(made, roles, container(secrets={"DB_PASSWORD": f"{arn}:{key}::"}))
    with pytest.raises(ServiceFailed) as failed:
        variables()
    line = str(failed.value)
    assert f"DB_PASSWORD ({arn}:{key}::) cannot be read as the execution role execution: " in line
    assert said in line
    assert SECRET not in line


@pytest.mark.parametrize(
    "value_from",
    [
        "/not/there",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:not-there",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x:a:b:c:d",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:" + "x" * 8 + ":::no-such-id",
        "arn:aws:s3:::bucket/key",
        "arn:aws:s3:eu-west-1:123456789012:parameter/x",
        "arn:aws:ssm",
        "arn:aws:ssm:evil.example/:123456789012:parameter/x",
        "arn:aws:ssm:eu-west-1:12:parameter/x",
        "arn:aws:ssm:eu-west-1:123456789012:parameter/x y",
    ],
)
@pytest.mark.parametrize("as_caller", [False, True])
def test_what_cannot_be_read_names_the_variable_the_arn_and_who_asked(
    made: Made, roles: dict[str, str], variables: Read, value_from: str, as_caller: bool
) -> None:
    task(made, roles, container(environment={"A": "1"}, secrets={"DB_PASSWORD": value_from}))
    who = "you" if as_caller else "the execution role execution"
    with pytest.raises(ServiceFailed) as failed:
        variables(as_caller=as_caller)
    assert f"DB_PASSWORD ({value_from}) cannot be read as {who}: " in str(failed.value)


def test_an_execution_role_that_is_refused_is_named_with_the_variable(
    made: Made, roles: dict[str, str], variables: Read
) -> None:
    task(made, roles, container(secrets={"DB_PASSWORD": "/orders/db"}))
    with pytest.raises(Refused) as refused:
        variables(refused=Refused("execution may not be simulated"))
    line = str(refused.value)
    assert "DB_PASSWORD (/orders/db) is read as the execution role execution, and: exec" in line
    assert "--secrets-as caller" in line


def test_without_an_execution_role_nothing_is_left_out(made: Made, variables: Read) -> None:
    made.task("orders", container(secrets={"A": "x"}), taskRoleArn=made.role("task"))
    with pytest.raises(ServiceFailed, match=r"A \(x\) cannot be read: .* no execution role"):
        variables()


def test_what_is_kept_is_not_read(
    made: Made, roles: dict[str, str], variables: Read, asked: list[str]
) -> None:
    task(made, roles, container(environment={"A": "1", "B": "2"}, secrets={"C": "/not/there"}))
    assert variables(keep=("A", "C", "NEITHER")) == {"B": "2"}
    assert asked == []


def test_a_file_from_elsewhere_than_s3_is_refused(made: Made, roles: dict[str, str]) -> None:
    found = Found(
        Workload("task-definition", "orders"),
        RoleArn("aws", "123456789012", "task"),
        {
            "taskDefinitionArn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/orders:1",
            "containerDefinitions": [
                {"name": "web", "environmentFiles": [{"type": "efs", "value": "x"}]}
            ],
        },
    )
    with pytest.raises(ServiceFailed, match='an environment file is of type "efs", not s3'):
        stated(found, None)


@pytest.mark.parametrize("name", ["", "A=B", "A\0B"])
def test_a_name_that_no_variable_can_have_is_an_error(
    made: Made, roles: dict[str, str], variables: Read, name: str
) -> None:
    task(made, roles, container(environment={name: "S3CR3T"}))
    with pytest.raises(ServiceFailed, match="cannot be a variable's name") as failed:
        variables()
    assert SECRET not in str(failed.value)


@pytest.mark.parametrize("value", ["a\0b"])
def test_a_value_that_no_variable_can_have_is_named(
    made: Made, roles: dict[str, str], variables: Read, value: str
) -> None:
    arn = secret(made, json.dumps({"password": value + SECRET}))
    task(made, roles, container(secrets={"PASSWORD": f"{arn}:password::"}))
    with pytest.raises(ServiceFailed, match="the value of PASSWORD has a NUL") as failed:
        variables()
    assert SECRET not in str(failed.value)


def test_a_function_s_variables(made: Made, variables: Read, asked: list[str]) -> None:
    made.function("orders", made.role("function"), STAGE="dev")
    assert variables("lambda:orders") == {"STAGE": "dev"}
    with pytest.raises(InvalidOption, match="is a function and has no container"):
        variables("lambda:orders", "web")
    assert asked == []


def test_variables_that_lambda_does_not_show_are_not_none_at_all(
    made: Made, variables: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.function("orders", made.role("function"), STAGE="dev")
    error = {"ErrorCode": "AccessDeniedException", "Message": "not authorized to kms:Decrypt."}
    make = CallerSession.client

    def client(self: CallerSession, service: str, **options: Any) -> Any:
        made: Any = make(self, service, **options)

        def hidden(parsed: dict[str, Any], **_: Any) -> None:
            parsed["Environment"] = {"Error": error}

        made.meta.events.register("after-call.lambda.GetFunctionConfiguration", hidden)
        return made

    monkeypatch.setattr(CallerSession, "client", client)
    with pytest.raises(ServiceFailed, match="Lambda cannot show its variables to you: AccessD"):
        variables("lambda:orders")


def test_what_has_no_variables_is_told(made: Made, variables: Read) -> None:
    made.client("stepfunctions").create_state_machine(
        name="orders", definition='{"StartAt": "A"}', roleArn=made.role("machine")
    )
    with pytest.raises(InvalidOption, match="state-machine:orders has no variables; give it with"):
        variables("state-machine:orders")
