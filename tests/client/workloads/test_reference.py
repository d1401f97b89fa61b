"""How a workload is named, and what is no name of one."""

import pytest

from iam_sudo_client.errors import InvalidOption
from iam_sudo_client.workloads.reference import Workload

ARN = "arn:aws:{}:eu-west-1:111122223333:{}"
UUID = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("ecs:dev/orders", "ecs", "dev/orders"),
        ("task-definition:orders", "task-definition", "orders"),
        ("task-definition:orders:12", "task-definition", "orders:12"),
        ("lambda:orders", "lambda", "orders"),
        ("lambda:orders:live", "lambda", "orders:live"),
        ("lambda:orders:$LATEST", "lambda", "orders:$LATEST"),
        ("stack:dev-orders/TaskRole30FC0FBB", "stack", "dev-orders/TaskRole30FC0FBB"),
        ("stack:orders/Orders/TaskRole", "stack", "orders/Orders/TaskRole"),
        ("ec2:i-0123456789abcdef0", "ec2", "i-0123456789abcdef0"),
        ("state-machine:orders", "state-machine", "orders"),
    ],
)
def test_a_workload_is_named_by_its_type(text: str, kind: str, name: str) -> None:
    workload = Workload.parse(text)
    assert (workload.kind, workload.name, str(workload)) == (kind, name, text)


@pytest.mark.parametrize(
    ("arn", "named"),
    [
        (ARN.format("ecs", "service/dev/orders"), "ecs:dev/orders"),
        (ARN.format("ecs", "task-definition/orders:3"), "task-definition:orders:3"),
        (ARN.format("lambda", "function:orders:live"), "lambda:orders:live"),
        (ARN.format("cloudformation", f"stack/orders/{UUID}/TaskRole"), "stack:orders/TaskRole"),
        (ARN.format("ec2", "instance/i-0123456789abcdef0"), "ec2:i-0123456789abcdef0"),
        (ARN.format("states", "stateMachine:orders"), "state-machine:orders"),
    ],
)
def test_a_workload_is_named_by_its_arn_as_people_paste_it(arn: str, named: str) -> None:
    for text in (arn, f"{named.partition(':')[0]}:{arn}"):
        workload = Workload.parse(text)
        assert str(workload) == named
        assert (workload.region, workload.account) == ("eu-west-1", "111122223333")


@pytest.mark.parametrize(
    "text",
    [
        "orders",
        "",
        ":",
        "eks:orders",
        "ECS:dev/orders",
        "ecs:orders",
        "ecs:dev/orders/x",
        "ecs:dev/",
        "ecs:/orders",
        "ecs:dev/orders\n",
        "ecs:dev/ord\x1bers",
        "task-definition:orders:latest",
        "task-definition:",
        "lambda:orders:",
        "lambda:a:b:c",
        "stack:orders",
        "stack:orders/",
        "stack:orders//x",
        "stack:-x/y",
        "ec2:orders",
        "ec2:i-XYZ",
        "state-machine:a/b",
        "state-machine:a b",
        ARN.format("ecs", "cluster/dev"),
        ARN.format("ecs", "service/orders"),
        ARN.format("s3", "service/dev/orders"),
        "arn:aws:iam::111122223333:role/orders",
        "lambda:" + ARN.format("ecs", "service/dev/orders"),
        "arn:aws:ecs:eu-west-1:1:service/dev/orders",
    ],
)
def test_what_names_no_workload_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match=r"^--role-of ") as refused:
        Workload.parse(text)
    assert str(refused.value).isprintable()
