import pytest

pytest.importorskip("aws_cdk")

import aws_cdk as cdk

from iam_sudo_cdk import InvalidChoice, InvalidConfiguration, RoleSelection
from tests.cdk.templates import stack

pytestmark = pytest.mark.slow

ARN = "arn:aws-us-gov:iam::000000000000:role/IAMSudoUser"


@pytest.mark.parametrize(
    "role_names",
    [[], None, "orders-*", [""], [1], ["a/b"], ["role name"], ["[a-z]*"], ["!x"], ["a", ""],
     ["arn:aws:iam::111122223333:role/x"], [f"{cdk.Aws.STACK_NAME}-*"]],
)  # fmt: skip
def test_role_names_that_no_role_can_have_are_refused(role_names):
    with pytest.raises(InvalidChoice, match=r"^role_names: .*wildcards") as refusal:
        RoleSelection(role_names=role_names)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize(
    "principals",
    [[], "Service:ecs-tasks.amazonaws.com", ["ecs-tasks.amazonaws.com"], ["Service:"], [":x"],
     ["Servce:ecs-tasks.amazonaws.com"], ["service:ecs-tasks.amazonaws.com"], [None],
     ["Service: ecs-tasks.amazonaws.com"], [{"Service": "ecs-tasks.amazonaws.com"}],
     # What somebody else would put in.
     ["Service:{{resolve:ssm:service}}"], [f"Service:{cdk.Fn.import_value('service')}"]],
)  # fmt: skip
def test_principals_that_the_broker_would_refuse_are_refused(principals):
    with pytest.raises(InvalidChoice, match=r"^principals: .*TYPE:ID") as refusal:
        RoleSelection(principals=principals)
    assert len(str(refusal.value).splitlines()) == 1


def test_a_principal_splits_at_its_first_colon():
    selection = RoleSelection(principals=["AWS:arn:aws:iam::111122223333:role/ci"])
    scope = stack()
    environment = scope.resolve(selection.environment(scope, base_role=ARN, name="IAMSudoUser"))
    assert '{"AWS":"arn:aws:iam::111122223333:role/ci"}' in environment["IAM_SUDO_POLICY"]


def test_each_pattern_is_there_once_and_in_order():
    selection = RoleSelection(role_names=["b", "a", "b"])
    assert selection.role_names == ("b", "a")


def size_of(environment):
    """As Lambda measures it: the JSON of the whole map, quotes escaped."""
    escaped = {
        name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in environment.items()
    }
    return len("{" + ",".join(f'"{n}":"{v}"' for n, v in escaped.items()) + "}")


def test_a_selection_may_fill_the_brokers_environment_and_not_a_byte_more():
    scope = stack()

    def environment(length):
        selection = RoleSelection(role_names=["x" * length])
        return scope.resolve(selection.environment(scope, base_role=ARN, name="IAMSudoUser"))

    room = 4096 - size_of(environment(1)) + 1
    assert size_of(environment(room)) == 4096
    with pytest.raises(InvalidConfiguration, match=r"needs 4,097 bytes and Lambda accepts 4,096"):
        environment(room + 1)
