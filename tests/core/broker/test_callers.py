"""Patterns of callers: who chooses a name, a path or the name of a session fits no more."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iam_sudo_core.broker.callers import CallerPattern, Identity
from iam_sudo_core.errors import InvalidSettings
from iam_sudo_core.policy.patterns import matches

IAM, STS = "arn:aws:iam::111122223333", "arn:aws:sts::111122223333"
SESSION = f"{STS}:assumed-role"


def fits(pattern: str, caller: str, *, is_allow: bool = True) -> bool:
    identity = Identity.parse(caller)
    assert identity
    return CallerPattern.parse(pattern, where="callers", is_allow=is_allow).matches(identity)


@pytest.mark.parametrize(
    ("pattern", "caller"),
    [
        (f"{SESSION}/*Admin*", f"{SESSION}/Developer/Admin1"),
        (f"{SESSION}/Dev*Admin*", f"{SESSION}/Developer/xAdmin"),
        (f"{SESSION}/Dev*_0a1b*", f"{SESSION}/Developer/me_0a1b"),
        (f"{SESSION}/*-lead*", f"{SESSION}/Developer/x-lead"),
    ],
)
def test_who_chooses_a_session_s_name_does_not_fit_a_pattern_of_roles(
    pattern: str, caller: str
) -> None:
    assert not fits(pattern, caller)
    # A deny may mean one too many.
    assert fits(pattern, caller, is_allow=False)


def test_a_pattern_of_roles_without_a_session_means_all_of_theirs() -> None:
    assert fits(f"{SESSION}/Dev*Admin*", f"{SESSION}/DevOpsAdmins/ann")
    assert fits(f"{SESSION}/*", f"{SESSION}/Developer/ann")


@pytest.mark.parametrize(
    ("pattern", "caller"),
    [
        (f"{IAM}:user/ann*", f"{IAM}:user/annex/bob"),
        (f"{IAM}:user/*ann", f"{IAM}:user/team/joann"),
        (f"{IAM}:user/a?n", f"{IAM}:user/a/n"),
        (f"{IAM}:user/team/ann*", f"{IAM}:user/team/annex/bob"),
        (f"{IAM}:user/team/*x", f"{IAM}:user/team/y/x"),
        (f"{IAM}:user/ann", f"{IAM}:user/x/ann"),
    ],
)
def test_who_chooses_a_path_does_not_fit_a_pattern_of_names(pattern: str, caller: str) -> None:
    assert not fits(pattern, caller)


def test_a_star_in_the_place_of_a_name_means_all_below() -> None:
    for caller in (f"{IAM}:user/ann", f"{IAM}:user/team/ann", f"{IAM}:user/team/a/ann"):
        assert fits(f"{IAM}:user/*", caller)
        assert fits(f"{IAM}:user/team/*", caller) is ("team" in caller)
        assert fits(f"{IAM}:user/*/ann", caller) is ("team" in caller)


@pytest.mark.parametrize(
    ("pattern", "caller"),
    [
        # Names are unique in any case and whatever the path.
        (f"{IAM}:user/bob", f"{IAM}:user/Bob"),
        (f"{IAM}:user/bob", f"{IAM}:user/team/bob"),
        (f"{IAM}:user/bob*", f"{IAM}:user/team/Bobby"),
        (f"{IAM}:user/*/bob", f"{IAM}:user/team/Bob"),
        (f"{IAM}:role/Developer", f"{SESSION}/developer/bob"),
        (f"{SESSION}/Developer/bob@example.com", f"{SESSION}/Developer/Bob@Example.com"),
        (f"{IAM}:user/te*", f"{IAM}:user/team/bob"),
    ],
)
def test_a_deny_finds_a_caller_in_any_case_and_below_any_path(pattern: str, caller: str) -> None:
    assert fits(pattern, caller, is_allow=False)
    assert not fits(pattern, caller.replace("111122223333", "444455556666"), is_allow=False)


def test_a_deny_of_somebody_is_of_nobody_else() -> None:
    for pattern, caller in (
        (f"{IAM}:user/bob", f"{IAM}:user/bobby"),
        (f"{IAM}:user/bob", f"{SESSION}/Developer/bob"),
        (f"{IAM}:user/team/bob", f"{IAM}:user/other/bob"),
        (f"{IAM}:role/Developer", f"{SESSION}/Developer2/bob"),
        (f"{SESSION}/Developer/bob", f"{SESSION}/Other/bob"),
    ):
        assert not fits(pattern, caller, is_allow=False)


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:iam::*:role/team/Developer",
        "arn:aws:iam::11112222333?:role/team/Developer",
        "arn:*:iam::111122223333:role/team/Developer",
        f"{IAM}:role/team/Dev*",
        f"{IAM}:role/*/Dev?",
        # Named as a permission set's, and elsewhere.
        f"{IAM}:role/team/AWSReservedSSO_Dev_*",
        f"{IAM}:role/aws-reserved/AWSReservedSSO_Dev_*",
    ],
)
def test_an_allow_of_a_role_below_a_path_is_of_one_role(text: str) -> None:
    with pytest.raises(InvalidSettings, match="has no path"):
        CallerPattern.parse(text, where="callers", is_allow=True)
    # In a deny it can only take away.
    assert CallerPattern.parse(text, where="callers", is_allow=False)


def test_a_kind_of_callers_is_no_other() -> None:
    root, user, federated = f"{IAM}:root", f"{IAM}:user/*", f"{STS}:federated-user/*"
    for pattern, caller in (
        (user, root),
        (root, f"{IAM}:user/root"),
        (federated, f"{SESSION}/Dev/ann"),
        (f"{SESSION}/*", federated.replace("*", "ann")),
    ):
        assert not fits(pattern, caller)
        assert not fits(pattern, caller, is_allow=False)
    assert fits(federated, federated.replace("*", "ann"))


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "*",
        "arn:aws:iam::1:user/ann",
        "arn:aws:iam:::root",
        "arn:aws:sts::1:assumed-role/Dev/ann",
        "arn:aws:sts::*:assumed-role/Dev/ann",
        "arn:evil:iam::111122223333:user/ann",
        "arn:*:iam::111122223333:user/ann",
        "arn:aws:iam:eu-west-1:111122223333:user/ann",
        f"{IAM}:user/",
        f"{IAM}:user/team/",
        f"{IAM}:user/a*",
        f"{IAM}:user/a n",
        f"{IAM}:user/te am/ann",
        f"{IAM}:user/{'a' * 65}",
        f"{IAM}:user/ann\n",
        f"{IAM}:role/Dev",
        f"{IAM}:root/ann",
        f"{SESSION}/ann",
        f"{SESSION}/Dev/",
        f"{SESSION}/Dev/a",
        f"{SESSION}/team/Dev/ann",
        f"{SESSION}/Dev/a*",
        f"{SESSION}/Dev/{'a' * 65}",
        f"{STS}:federated-user/a/ann",
    ],
)
def test_who_has_a_name_of_another_form_is_nobody(arn: str) -> None:
    assert Identity.parse(arn) is None


@pytest.mark.parametrize(
    ("caller", "source_identity"),
    [
        (f"{IAM}:user/team/ann", "ann"),
        # STS takes no name of one character.
        (f"{IAM}:user/x", "user-x"),
        (f"{IAM}:root", "root"),
        (f"{SESSION}/Dev/ann@example.com", "ann@example.com"),
        (f"{SESSION}/Dev/{'a' * 64}", "a" * 64),
    ],
)
def test_a_caller_s_name_is_their_source_identity(caller: str, source_identity: str) -> None:
    identity = Identity.parse(caller)
    assert identity
    assert identity.source_identity == source_identity


def test_permission_sets_of_any_account_are_known_by_their_names() -> None:
    text = "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Dev_*"
    assert fits(text, f"{SESSION}/AWSReservedSSO_Dev_0a1b/ann")
    assert not fits(text, f"{SESSION}/Dev_0a1b/ann")


@pytest.mark.parametrize(
    "text",
    [
        # An account that has not twelve digits.
        "arn:aws:iam::11112222333:user/bob",
        "arn:aws:iam::1111?:user/bob",
        "arn:aws:iam::1111222233334*:user/bob",
        "arn:aws:iam::1111-2222-33*:user/bob",
        "arn:aws:iam::11112222333x:user/bob",
        "arn:asw:iam::111122223333:user/bob",
        "arn:aws_cn:iam::111122223333:user/bob",
        "arn:aws1:iam::111122223333:user/bob",
        # What no name has: blanks, lookalikes of other scripts, other characters.
        f"{IAM}:user/bo b",
        f"{IAM}:user/bob ",
        f"{IAM}:user/b\u043eb",
        f"{IAM}:user/team\u2215/bob",
        f"{IAM}:user/${{aws:username}}",
        f"{IAM}:user/[bo]b",
        f"{IAM}:role/Dev\u200b",
        f"{SESSION}/Dev/b\u00f6b",
        f"{SESSION}/D:ev/bob",
        f"{SESSION}/Dev/b",
        f"{SESSION}/Dev/{'b' * 65}",
        f"{IAM}:user/{'b' * 65}*",
        f"{STS}:federated-user/{'b' * 33}",
        f"{SESSION}/Dev*/a/b",
    ],
)
@pytest.mark.parametrize("is_allow", [True, False])
def test_a_pattern_that_can_fit_nobody_is_an_error_so_that_no_deny_is_in_vain(
    text: str, is_allow: bool
) -> None:
    with pytest.raises(InvalidSettings, match="fits no caller"):
        CallerPattern.parse(text, where="callers", is_allow=is_allow)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-iso-b", "aws-eusc"])
def test_callers_of_every_partition_are_known_and_are_of_that_partition(partition: str) -> None:
    for form in (
        "iam::111122223333:user/team/ann",
        "iam::111122223333:root",
        "sts::111122223333:assumed-role/Dev/ann",
        "sts::111122223333:federated-user/ann",
    ):
        assert fits(f"arn:{partition}:{form}", f"arn:{partition}:{form}")
        assert fits(f"arn:*:{form}", f"arn:{partition}:{form}")
        assert not fits(f"arn:{partition}-x:{form}", f"arn:{partition}:{form}")


def spoilt(text: str) -> st.SearchStrategy[str]:
    """An ARN in which stars and question marks take the place of some of it."""
    cuts = st.tuples(st.integers(8, len(text)), st.integers(0, 6), st.sampled_from("*?"))

    def cut(found: list[tuple[int, int, str]]) -> str:
        result = text
        for at, length, sign in found:
            result = result[:at] + sign + result[at + length :]
        return result

    return st.lists(cuts, max_size=4).map(cut)


NAMES = st.text("aA1.", min_size=2, max_size=4)
CALLERS = st.one_of(
    st.builds(f"{IAM}:user/{{}}{{}}".format, st.sampled_from(["", "a/", "A:a/", "a/A/"]), NAMES),
    st.builds(f"{SESSION}/{{}}/{{}}".format, NAMES, NAMES),
    st.builds(f"{STS}:federated-user/{{}}".format, NAMES),
    st.just(f"{IAM}:root"),
)  # fmt: skip


@settings(max_examples=500)
@given(CALLERS.flatmap(lambda caller: st.tuples(spoilt(caller), st.just(caller) | CALLERS)))
def test_an_allow_fits_no_more_than_it_says_and_a_deny_no_less(found: tuple[str, str]) -> None:
    pattern, caller = found
    try:
        allowed = fits(pattern, caller)
    except InvalidSettings:
        return
    written = pattern.removeprefix(f"{SESSION}/")
    of_all = pattern + "/*" if written != pattern and "/" not in written else pattern
    assert matches(of_all, caller) or not allowed
    assert fits(pattern, caller, is_allow=False) or not allowed
