"""Whose role a workload has, in an account in memory."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from iam_sudo_client.errors import InvalidOption, ServiceFailed
from iam_sudo_client.ways_in.session import CallerSession
from iam_sudo_client.workloads.asking import Denied
from iam_sudo_client.workloads.reference import Workload
from iam_sudo_client.workloads.roles import find
from tests.aws_account import ACCOUNT
from tests.client.workloads.conftest import REGION, Made, Stacks, arn_of


def role_of(caller: CallerSession, text: str) -> str:
    return str(find(caller, Workload.parse(text)).role)


def test_a_service_s_role_is_that_of_its_current_task_definition(
    made: Made, caller: CallerSession
) -> None:
    old = made.task("orders", taskRoleArn=made.role("old"))
    arn = made.service("dev", "orders", old)
    new = made.task("orders", taskRoleArn=made.role("new", path="/tasks/"))
    assert role_of(caller, "ecs:dev/orders") == arn_of("old")
    made.client("ecs").update_service(cluster="dev", service="orders", taskDefinition=new)
    assert role_of(caller, "ecs:dev/orders") == arn_of("new", "/tasks/")
    assert role_of(caller, arn) == arn_of("new", "/tasks/")


def test_a_task_definition_s_role_is_that_of_its_revision(
    made: Made, caller: CallerSession
) -> None:
    made.task("orders", taskRoleArn=made.role("old"))
    made.task("orders", taskRoleArn=made.role("new"))
    assert role_of(caller, "task-definition:orders") == arn_of("new")
    assert role_of(caller, "task-definition:orders:1") == arn_of("old")


def test_a_role_that_a_definition_has_by_its_name_is_of_the_same_account(
    made: Made, caller: CallerSession
) -> None:
    made.task("orders", taskRoleArn="by-name")
    assert role_of(caller, "task-definition:orders") == arn_of("by-name")


def test_a_function_s_role(made: Made, caller: CallerSession) -> None:
    made.function("orders", made.role("function"))
    assert role_of(caller, "lambda:orders") == arn_of("function")


def test_a_function_s_alias_has_the_role_of_its_version(made: Made, caller: CallerSession) -> None:
    made.function("orders", made.role("function"))
    client = made.client("lambda")
    version = client.publish_version(FunctionName="orders")["Version"]
    client.create_alias(FunctionName="orders", Name="live", FunctionVersion=version)
    assert role_of(caller, "lambda:orders:live") == arn_of("function")
    with pytest.raises(ServiceFailed, match="no such function, or alias of it,"):
        role_of(caller, "lambda:orders:dead")


def cdk_role(path: str) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "Metadata": {"aws:cdk:path": path},
    }


def test_a_stack_s_role_is_the_one_that_cloudformation_named(
    stacks: Stacks, caller: CallerSession
) -> None:
    stacks.add("dev-orders", TaskRole30FC=cdk_role("Dev/orders/Orders/TaskRole/Resource"))
    physical = stacks.physical("dev-orders", "TaskRole30FC")
    for text in (
        "stack:dev-orders/TaskRole30FC",
        "stack:dev-orders/Orders/TaskRole",
        "stack:dev-orders/Orders/TaskRole/Resource",
        "stack:dev-orders/TaskRole",
    ):
        assert role_of(caller, text) == arn_of(physical)


def test_a_construct_path_is_of_one_role_or_of_none(stacks: Stacks, caller: CallerSession) -> None:
    stacks.add(
        "orders",
        A=cdk_role("orders/A/TaskRole/Resource"),
        B=cdk_role("orders/B/TaskRole/Resource"),
    )
    with pytest.raises(ServiceFailed, match="several roles .* stack:orders/A, stack:orders/B"):
        role_of(caller, "stack:orders/TaskRole")
    # A part of a name is no name: neither is this the end of a path.
    with pytest.raises(ServiceFailed, match="no role of that .* stack:orders/A, stack:orders/B"):
        role_of(caller, "stack:orders/askRole")
    assert role_of(caller, "stack:orders/A/TaskRole").endswith(role_of(caller, "stack:orders/A"))


def test_what_is_no_role_in_a_stack_is_told_what_to_type(
    stacks: Stacks, caller: CallerSession
) -> None:
    stacks.add("orders", Jobs={"Type": "AWS::SQS::Queue"}, Fn={"Type": "AWS::Lambda::Function"})
    with pytest.raises(ServiceFailed, match="it is no role but AWS::SQS::Queue"):
        role_of(caller, "stack:orders/Jobs")
    with pytest.raises(ServiceFailed, match="give --role-of lambda:orders-Fn-1A2B3C"):
        role_of(caller, "stack:orders/Fn")


def test_an_instance_s_role_is_that_of_its_profile(
    made: Made, caller: CallerSession, deny: Any
) -> None:
    iam, ec2 = made.client("iam"), made.client("ec2")
    made.role("instance")
    iam.create_instance_profile(InstanceProfileName="profile")
    iam.add_role_to_instance_profile(InstanceProfileName="profile", RoleName="instance")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    launched = ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "profile"}
    )
    instance = launched["Instances"][0]["InstanceId"]
    assert role_of(caller, f"ec2:{instance}") == arn_of("instance")
    # As ViewOnlyAccess has it: the list.
    deny("GetInstanceProfile")
    assert role_of(caller, f"ec2:{instance}") == arn_of("instance")
    bare = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    with pytest.raises(ServiceFailed, match="has no instance profile, and so no role"):
        role_of(caller, f"ec2:{bare}")


def test_a_state_machine_s_role(made: Made, caller: CallerSession) -> None:
    made.client("stepfunctions").create_state_machine(
        name="orders", definition='{"StartAt": "A"}', roleArn=made.role("machine")
    )
    assert role_of(caller, "state-machine:orders") == arn_of("machine")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ecs:nowhere/orders", "there is no cluster nowhere in eu-west-1"),
        ("ecs:dev/others", "cluster dev of eu-west-1 has no such service"),
        ("task-definition:others", "there is no such task definition"),
        ("lambda:others", "there is no such function"),
        ("stack:others/TaskRole", "there is no stack others in eu-west-1"),
        ("ec2:i-00000000000000000", "there is no such instance"),
        ("state-machine:others", "there is no such state machine"),
    ],
)
def test_what_is_not_there_is_said_with_where_to_look(
    made: Made, stacks: Stacks, caller: CallerSession, text: str, said: str
) -> None:
    made.service("dev", "orders", made.task("orders"))
    with pytest.raises(ServiceFailed) as failed:
        role_of(caller, text)
    assert str(failed.value).startswith(f"{text}: {said}")
    assert "--region and AWS_PROFILE" in str(failed.value)


def test_a_workload_without_a_role_says_so(made: Made, caller: CallerSession) -> None:
    made.service("dev", "orders", made.task("orders"))
    with pytest.raises(ServiceFailed, match="task definition orders:1 has no task role"):
        role_of(caller, "ecs:dev/orders")


def test_a_service_that_was_deleted_is_not_there(made: Made, caller: CallerSession) -> None:
    made.service("dev", "orders", made.task("orders", taskRoleArn=made.role("task")))
    made.client("ecs").delete_service(cluster="dev", service="orders", force=True)
    with pytest.raises(ServiceFailed, match="has no such service"):
        role_of(caller, "ecs:dev/orders")


def test_an_arn_of_another_region_or_account_is_not_looked_up_here(
    made: Made, caller: CallerSession
) -> None:
    arn = made.service("dev", "orders", made.task("orders", taskRoleArn=made.role("task")))
    with pytest.raises(InvalidOption, match="is in us-east-1, and you ask in eu-west-1; give"):
        role_of(caller, arn.replace(REGION, "us-east-1"))
    # There is one of that name here, too.
    with pytest.raises(InvalidOption, match="is in account 999988887777, and you are in"):
        role_of(caller, arn.replace(ACCOUNT, "999988887777"))


# What may not be read.

TASK = {"ecs:dev/orders": "task", "task-definition:orders": "task"}


@pytest.fixture
def deny(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have AWS deny operations from now on."""

    def deny(*operations: str, code: str = "AccessDeniedException") -> None:
        make = CallerSession.client

        def denying(self: CallerSession, service: str, **options: Any) -> Any:
            made: Any = make(self, service, **options)
            for operation in operations:

                def denied(operation: str = operation, **_: Any) -> None:
                    reason = {"Code": code, "Message": f"ann may not {operation}."}
                    raise ClientError({"Error": reason}, operation)

                made.meta.events.register(f"before-call.*.{operation}", denied)
            return made

        monkeypatch.setattr(CallerSession, "client", denying)

    return deny


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("ecs:dev/orders", "ecs:DescribeServices"),
        ("task-definition:orders", "ecs:DescribeTaskDefinition"),
        ("lambda:orders:live", "lambda:GetFunctionConfiguration"),
        ("stack:orders/TaskRole", "cloudformation:ListStackResources"),
        ("ec2:i-0123456789abcdef0", "ec2:DescribeInstances"),
        ("state-machine:orders", "states:DescribeStateMachine"),
    ],
)
def test_a_denial_names_the_call_and_what_to_type_instead(
    made: Made, caller: CallerSession, deny: Any, text: str, action: str
) -> None:
    operation = action.partition(":")[2]
    deny(operation, code="UnauthorizedOperation" if "ec2" in text else "AccessDeniedException")
    with pytest.raises(Denied) as failed:
        role_of(caller, text)
    said = str(failed.value)
    assert said.startswith(f"{text}: {operation} failed: ")
    assert said.endswith(f"; ask for {action}, or name the role itself by --role-name")


def test_view_only_access_finds_a_function_by_the_list(
    made: Made, caller: CallerSession, deny: Any
) -> None:
    made.function("orders", made.role("function"))
    deny("GetFunctionConfiguration")
    assert role_of(caller, "lambda:orders") == arn_of("function")


def test_where_the_list_is_denied_too_the_first_call_is_named(
    made: Made, caller: CallerSession, deny: Any
) -> None:
    made.function("orders", made.role("function"))
    deny("GetFunctionConfiguration", "ListFunctions")
    with pytest.raises(Denied, match="ask for lambda:GetFunctionConfiguration"):
        role_of(caller, "lambda:orders")
