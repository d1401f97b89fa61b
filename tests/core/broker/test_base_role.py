"""Which base role a request means: one of those that are allowed, by its ARN or by its name."""

import pytest

from iam_sudo_core import errors
from tests.aws_account import ACCOUNT
from tests.core.broker.in_memory import EVERY_RULE, FOR_EVERYBODY, InMemory, ask
from tests.core.conftest import ONE
from tests.fake_sts import FakeSts, sign


def of_path(path: str, name: str = "IAMSudoUser") -> str:
    return f"arn:aws:iam::{ACCOUNT}:role{path}{name}"


@pytest.mark.parametrize(
    ("own", "allowed", "name", "assumed"),
    [
        ("/team/", [of_path("/team/")], "IAMSudoUser", of_path("/team/")),
        ("/team/", [of_path("/team/*", "*")], "IAMSudoUser", of_path("/team/")),
        ("/", [of_path("/"), of_path("/team/", "Other")], "Other", of_path("/team/", "Other")),
        ("/team/", [of_path("/team/"), of_path("/", "*")], "Other", of_path("/", "Other")),
        # What is listed comes before what a pattern would allow as well: names are an account's.
        ("/team/", ["*"], "IAMSudoUser", of_path("/team/")),
    ],
)
@pytest.mark.parametrize("by", ["names", "rules"])
def test_a_base_role_is_named_without_its_path(
    own: str, allowed: list[str], name: str, assumed: str, by: str
) -> None:
    account = InMemory(inline={"one": ONE})
    policy = {**(FOR_EVERYBODY if by == "names" else EVERY_RULE), "allowed-base-roles": allowed}
    event = {"role_name": "a", "base_role": name}
    sts = FakeSts()
    sts.url = "http://sts.example"
    event = event if by == "names" else {**event, "proof": sign(sts, event)}
    ask(event, account, policy, base_role=of_path(own))
    assert [each["RoleArn"] for each in account.assumed] == [assumed]


@pytest.mark.parametrize(
    ("allowed", "name", "said"),
    [
        ([of_path("/team/")], "iamsudouser", "is not allowed"),
        ([of_path("/team/")], "Other", "is not allowed"),
        ([of_path("/team/"), "arn:aws:iam::444455556666:role/p/Other"], "Other", "is not allowed"),
        ([of_path("/team/"), of_path("/*/", "Other")], "Other", "is not allowed"),
        (
            [of_path("/team/"), of_path("/other/")],
            "IAMSudoUser",
            "is one of several that are allowed: .*/other/IAMSudoUser, .*/team/IAMSudoUser; give",
        ),
    ],
)
def test_a_name_that_is_not_that_of_one_allowed_base_role_is_refused(
    allowed: list[str], name: str, said: str
) -> None:
    account = InMemory(inline={"one": ONE})
    policy = {**FOR_EVERYBODY, "allowed-base-roles": allowed}
    with pytest.raises(errors.BaseRoleNotAllowed, match=said):
        ask({"role_name": "a", "base_role": name}, account, policy, base_role=of_path("/team/"))
    assert account.assumed == []
