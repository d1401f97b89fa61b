"""Rules: who may have the sessions of which roles."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iam_sudo_core import Principal, Role, RoleSelectionPolicy
from iam_sudo_core.arns import RoleArn
from iam_sudo_core.broker.callers import CallerPattern, Identity
from iam_sudo_core.broker.rules import CallerRules, Grant, Rule
from iam_sudo_core.errors import InvalidSettings, ProofRefused, RulesUnreadable
from tests.aws_account import ECS

ANN = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Developer_1a2b/ann@example.com"
IAM, SESSION = "arn:aws:iam::111122223333", "arn:aws:sts::111122223333:assumed-role"
BASE = f"{IAM}:role/IAMSudoUser"
RULE: dict[str, Any] = {
    "effect": "allow",
    "callers": [ANN],
    "role-names": ["orders-*"],
    "principals": [{"Service": "ecs-tasks.amazonaws.com"}],
}
DENY = {**RULE, "effect": "deny", "principals": [{"*": "*"}]}


def policy(*rules: dict[str, Any], **more: Any) -> RoleSelectionPolicy:
    document = {"allowed-base-roles": [BASE], "rules": list(rules), **more}
    return RoleSelectionPolicy.parse(json.dumps(document))


def rules_of(caller: str, *rules: dict[str, Any]) -> CallerRules:
    identity = Identity.parse(caller)
    assert identity
    return policy(*rules).of(lambda: identity)


def grant(
    *rules: dict[str, Any],
    caller: str = ANN,
    role: str = "orders-task",
    path: str = "/",
    tags: dict[str, str] | None = None,
    trust: Any = ECS,
    principal: Principal | None = None,
) -> Grant | None:
    target = Role(role, RoleArn("aws", "111122223333", role, path), trust)
    return rules_of(caller, *rules).grant(target, tags=tags or {}, principal=principal)


def test_a_rule_gives_its_callers_its_roles_and_nobody_else_and_nothing_else() -> None:
    given = grant(RULE)
    assert given
    assert given.rule == (
        f"rule 1: caller {ANN}, role name orders-*, principal Service:ecs-tasks.amazonaws.com"
    )
    assert (given.duration_seconds, given.require_reason) == (3600, False)
    assert grant(RULE, caller=ANN.replace("ann@", "bob@")) is None
    assert grant(RULE, caller=ANN.replace("1111", "4444")) is None
    assert grant(RULE, role="payments-task") is None
    trust = {"Version": "2012-10-17", "Statement": []}
    assert grant(RULE, trust=trust) is None


def test_a_deny_wins_wherever_it_stands() -> None:
    everything = {**RULE, "callers": ["*"], "role-names": ["*"]}
    deny = {**DENY, "role-names": ["orders-prod-*"]}
    for rules in ([everything, deny], [deny, everything]):
        assert grant(*rules, role="orders-prod-1") is None
        assert grant(*rules, role="orders-task")


def test_a_deny_looks_at_all_whom_a_role_trusts_and_an_allow_at_the_one_that_is_asked_for() -> None:
    both = json.loads(json.dumps(ECS))
    both["Statement"][0]["Principal"] = {
        "Service": ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]
    }
    ecs = Principal("Service", "ecs-tasks.amazonaws.com")
    ec2 = Principal("Service", "ec2.amazonaws.com")
    assert grant(RULE, trust=both, principal=ecs)
    assert grant(RULE, trust=both, principal=ec2) is None
    deny = {**DENY, "principals": [{"Service": "ec2.amazonaws.com"}]}
    assert grant(RULE, deny, trust=both, principal=ecs) is None


def test_told_is_the_principal_that_was_asked_for() -> None:
    trust = json.loads(json.dumps(ECS))
    services = ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]
    trust["Statement"][0]["Principal"] = {"Service": services}
    for asked in services:
        given = grant(
            {**RULE, "principals": [{"*": "*"}]}, trust=trust, principal=Principal("Service", asked)
        )
        assert given
        assert given.rule.endswith(f"principal Service:{asked}")


def test_a_principal_that_the_role_does_not_trust_is_given_nothing() -> None:
    everybody = {**RULE, "principals": [{"*": "*"}]}
    assert grant(everybody)
    assert grant(everybody, principal=Principal("Service", "ec2.amazonaws.com")) is None
    assert grant(everybody, principal=Principal("AWS", "*")) is None


def test_an_account_stands_for_its_root_in_a_request_too() -> None:
    trust = json.loads(json.dumps(ECS))
    trust["Statement"][0]["Principal"] = {"AWS": "111122223333"}
    rule = {**RULE, "principals": [{"AWS": "111122223333"}]}
    for asked in ("111122223333", f"{IAM}:root"):
        assert grant(rule, trust=trust, principal=Principal("AWS", asked))
    assert grant(rule, trust=trust, principal=Principal("AWS", "444455556666")) is None


def test_tags_and_paths_narrow_a_rule() -> None:
    rule = {**RULE, "role-tags": {"Team": ["orders", "shop-*"]}, "role-paths": ["/team/*"]}
    assert grant(rule, path="/team/a/", tags={"team": "shop-1"})
    assert grant(rule, path="/", tags={"Team": "orders"}) is None
    assert grant(rule, path="/team/", tags={"Team": "Orders"}) is None
    assert grant(rule, path="/team/", tags={}) is None


def test_a_deny_by_tags_denies_in_any_case_of_the_key() -> None:
    deny = {**DENY, "role-tags": {"Secret": "*"}}
    assert grant(RULE, deny, tags={"SECRET": "yes"}) is None
    assert grant(RULE, deny, tags={"other": "yes"})


def test_the_order_means_nothing_and_the_strictest_of_those_that_allow_holds() -> None:
    strict = {**RULE, "max-duration-seconds": 900, "require-reason": True}
    long = {**RULE, "callers": ["*"], "max-duration-seconds": 43_200}
    for rules in ([strict, long], [long, strict]):
        given = grant(*rules)
        assert given
        assert (given.duration_seconds, given.require_reason) == (900, True)
    given = grant(long)
    assert given
    assert given.duration_seconds == 3600


@pytest.mark.parametrize(
    ("pattern", "caller", "fits"),
    [
        ("*", ANN, True),
        (f"{SESSION}/AWSReservedSSO_Developer_*/ann@example.com", ANN, True),
        ("arn:aws:sts::*:assumed-role/AWSReservedSSO_Developer_????/ann@*", ANN, True),
        (f"{IAM}:role/Dev", f"{SESSION}/Dev/x1", True),
        (f"{IAM}:role/a/b/Dev", f"{SESSION}/Dev/x1", True),
        (f"{IAM}:role/Dev", f"{SESSION}/Dev2/x1", False),
        (f"{IAM}:role/Dev", f"{IAM}:user/Dev", False),
        (
            f"{IAM}:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Developer_*",
            ANN,
            True,
        ),
        (f"{IAM}:user/ann", f"{IAM}:user/ann", True),
        (f"{IAM}:user/ann", f"{IAM}:user/x/ann", False),
        (f"{IAM}:user/*/ann", f"{IAM}:user/x/ann", True),
        (f"{IAM}:root", f"{IAM}:root", True),
        # The path of a user is anybody's to choose, a colon in it too.
        ("arn:aws:iam::*:user/ann", "arn:aws:iam::444455556666:user/x:user/ann", False),
        ("arn:aws:iam::*:user/ann", "arn:aws:iam::444455556666:user/ann", True),
        (f"{SESSION}/*/ann", f"{SESSION}/D/ann", True),
        ("arn:aws-cn:iam::111122223333:user/ann", f"{IAM}:user/ann", False),
        (f"{SESSION}/dev/*", f"{SESSION}/Dev/xx", False),
    ],
)  # fmt: skip
def test_callers_are_matched_part_by_part(pattern: str, caller: str, fits: bool) -> None:
    identity = Identity.parse(caller)
    assert identity
    parsed = CallerPattern.parse(pattern, where="callers", is_allow=True)
    assert parsed.matches(identity) is fits


def test_a_pattern_below_a_path_is_refused_where_it_would_let_others_in() -> None:
    pattern = f"{IAM}:role/team/*"
    with pytest.raises(InvalidSettings, match="has no path"):
        policy({**RULE, "callers": [pattern]})
    with pytest.raises(InvalidSettings, match="has no path"):
        policy({**RULE, "callers": [f"{IAM}:role/aws-reserved/sso.amazonaws.com/*"]})
    # In a deny it can only take away.
    assert policy({**DENY, "callers": [pattern]})


@pytest.mark.parametrize(
    "text",
    [
        "ann",
        "",
        f"{IAM}:user/",
        f"{IAM}:group/dev",
        f"{IAM}:role/",
        f"{IAM}:role/team/",
        f"{IAM}:assumed-role/Dev/ann",
        f"{SESSION}/Dev",
        f"{SESSION}/Dev/",
        f"{SESSION}/team/Dev/ann",
        "arn:aws:sts:eu-west-1:111122223333:assumed-role/Dev/ann",
        "arn:aws:*::111122223333:user/ann",
        "arn:aws:sts::dev:assumed-role/Dev/ann",
        "arn:aws:sts::1111222233334:assumed-role/Dev/ann",
        f"{IAM}:root2",
        "arn:*",
        " arn:aws:iam::111122223333:user/ann",
    ],
)
def test_a_pattern_that_fits_no_caller_is_an_error(text: str) -> None:
    with pytest.raises(InvalidSettings, match="rule 1: callers"):
        policy({**RULE, "callers": [text]})


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"effect": "Allow"}, "allow or deny"),
        ({"effect": ["deny"]}, "allow or deny"),
        ({"effect": None}, "effect is missing"),
        ({"callers": []}, "at least one pattern"),
        ({"callers": None}, "callers is missing"),
        ({"role-names": "orders-*"}, "has to be a list"),
        ({"role-names": None}, "role-names is missing"),
        ({"principals": None}, "principals is missing"),
        ({"principals": [{"service": "*"}]}, "no principal type"),
        ({"role-tags": {}}, "has to be an object"),
        ({"role-tags": {"a": []}}, "at least one pattern"),
        ({"role-tags": {"a": "x", "A": "y"}}, "another case"),
        ({"role-tags": {"a": 1}}, "has to be a list"),
        ({"role-paths": []}, "at least one pattern"),
        ({"role-paths": ["team/"]}, "fits no path"),
        ({"role-paths": ["/team"]}, "fits no path"),
        ({"max-duration-seconds": 60}, "900 to 43200"),
        ({"max-duration-seconds": True}, "900 to 43200"),
        ({"max-duration-seconds": 899}, "900 to 43200"),
        ({"max-duration-seconds": 43_201}, "900 to 43200"),
        ({"max-duration-seconds": -900}, "900 to 43200"),
        ({"max-duration-seconds": 10**30}, "900 to 43200"),
        ({"max-duration-seconds": "900"}, "900 to 43200"),
        ({"max-duration-seconds": 900.0}, "900 to 43200"),
        ({"require-reason": "yes"}, "true or false"),
        ({"require-reason": 1}, "true or false"),
        ({"rolenames": ["*"]}, 'unknown field "rolenames"'),
        ({"effect": "deny", "require-reason": True}, "no meaning where it denies"),
        ({"effect": "deny", "max-duration-seconds": 900}, "no meaning where it denies"),
    ],
)
def test_a_rule_with_a_slip_is_an_error(changes: dict[str, Any], problem: str) -> None:
    rule = {key: value for key, value in {**RULE, **changes}.items() if value is not None}
    with pytest.raises(InvalidSettings, match=problem) as caught:
        policy(RULE, rule)
    assert str(caught.value).startswith("IAM_SUDO_POLICY: rule 2")


@pytest.mark.parametrize("rules", [[], {}, None, "*", {"effect": "allow"}, [7], [[]]])
def test_rules_are_a_list_of_objects(rules: Any) -> None:
    problem = "rule 1 is .* an object" if rules and isinstance(rules, list) else "has to be a list"
    with pytest.raises(InvalidSettings, match=problem):
        RoleSelectionPolicy.parse(json.dumps({"allowed-base-roles": [BASE], "rules": rules}))


def test_rules_come_with_the_base_roles_that_are_allowed() -> None:
    for base_roles in ({}, {"allowed-base-roles": []}):
        with pytest.raises(InvalidSettings, match="allowed-base-roles"):
            RoleSelectionPolicy.parse(json.dumps({"rules": [RULE], **base_roles}))


@pytest.mark.parametrize("field", ["allowed-role-names", "allowed-principals", "allowed-role-arns"])
def test_rules_and_what_is_for_everybody_exclude_each_other(field: str) -> None:
    with pytest.raises(InvalidSettings, match="leave one of them out"):
        policy(RULE, **{field: []})


def test_a_policy_of_rules_selects_nothing_without_a_caller() -> None:
    parsed = policy({**RULE, "callers": ["*"], "role-names": ["*"]})
    arn = RoleArn("aws", "111122223333", "orders-task")
    assert parsed.rule(arn) is None
    assert parsed.allowed([Principal("Service", "ecs-tasks.amazonaws.com")]) is None


def test_nothing_is_told_of_rules_before_it_is_known_who_asks() -> None:
    def nobody() -> Identity:
        raise ProofRefused(problem="of nobody")

    def unreadable() -> tuple[Rule, ...]:
        raise RulesUnreadable(parameter="/iam-sudo/x", version=7)

    rules = CallerRules(unreadable, (BASE,), nobody)
    role = Role("orders-task", RoleArn("aws", "111122223333", "orders-task"), ECS)
    for tell in (
        lambda: rules.own,
        lambda: rules.look_at_tags,
        lambda: rules.refusal("orders-task"),
        lambda: rules.grant(role, tags={}, principal=None),
        lambda: rules.denied_by(role, tags={}),
    ):
        with pytest.raises(ProofRefused):
            tell()


def test_a_deny_by_name_denies_in_any_case() -> None:
    # IAM keeps names apart without regard to case, so that a role has one of them.
    everything = {**RULE, "role-names": ["*"]}
    deny = {**DENY, "role-names": ["orders-PROD-*"]}
    assert grant(everything, deny, role="Orders-prod-1") is None
    assert grant(everything, deny, role="orders-test-1")
    # An allow is by the letter.
    assert grant(RULE, role="Orders-task") is None
    assert "rule 2" in str(rules_of(ANN, everything, deny).refusal("Orders-Prod-1"))


TRUSTED_ONCE_MORE: list[dict[str, Any]] = [
    {"Principal": {"Federated": f"{IAM}:oidc-provider/ci"}, "Action": "sts:AssumeRoleWithWeb*"},
    {"Principal": {"Federated": f"{IAM}:saml-provider/x"}, "Action": "sts:AssumeRoleWithSAML"},
    {"Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": ["sts:TagSession"]},
    {"Principal": "*", "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"a": "b"}}},
    {"NotPrincipal": {"AWS": f"{IAM}:user/x"}, "Action": "sts:AssumeRole"},
    {"Principal": {"AWS": "111122223333"}, "NotAction": "sts:AssumeRole"},
]  # fmt: skip
DENIED_FOR_IT: list[dict[str, Any]] = [
    {"Federated": "*oidc-provider/ci"},
    {"Federated": "*:saml-provider/*"},
    {"Service": "pods.eks.amazonaws.com"},
    {"AWS": f"{IAM}:user/bob"},
    {"AWS": f"{IAM}:user/bob"},
    {"AWS": "111122223333"},
]


@pytest.mark.parametrize(
    ("more", "principals"), list(zip(TRUSTED_ONCE_MORE, DENIED_FOR_IT, strict=True))
)
def test_a_deny_by_principal_misses_nobody_whom_a_role_lets_in_by_whatever_action(
    more: dict[str, Any], principals: dict[str, Any]
) -> None:
    trust = {**ECS, "Statement": [*ECS["Statement"], {"Effect": "Allow", **more}]}
    deny = {**DENY, "principals": [principals]}
    assert grant(RULE, trust=trust)
    assert grant(RULE, deny, trust=trust) is None
    assert grant(RULE, deny)
    # An allow is about whom the role trusts with sts:AssumeRole, by name.
    allow = {**RULE, "principals": [principals]}
    assert grant(allow, trust=trust) is None


def test_limits_hold_whichever_principal_the_request_names() -> None:
    both = json.loads(json.dumps(ECS))
    both["Statement"][0]["Principal"] = {
        "Service": ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]
    }
    strict = {**RULE, "max-duration-seconds": 900, "require-reason": True}
    wide = {**RULE, "principals": [{"Service": "ec2.amazonaws.com"}]}
    for asked in (None, "ecs-tasks.amazonaws.com", "ec2.amazonaws.com"):
        principal = Principal("Service", asked) if asked else None
        given = grant(strict, wide, trust=both, principal=principal)
        assert given
        assert (given.duration_seconds, given.require_reason) == (900, True)
    given = grant(strict, wide, trust=both, principal=Principal("Service", "ec2.amazonaws.com"))
    assert given
    assert given.rule.startswith("rule 2: ")


def test_a_rule_about_one_type_of_principals_is_about_no_other() -> None:
    accounts = {"principals": [{"AWS": "*"}]}
    assert grant({**RULE, **accounts}) is None
    assert grant(RULE, {**DENY, **accounts})
    assert grant(RULE, {**DENY, "principals": [{"Service": "*"}]}) is None


def test_limits_of_an_allow_about_somebody_who_may_not_assume_the_role_are_none() -> None:
    more = {"Effect": "Allow", **TRUSTED_ONCE_MORE[0]}
    trust = {**ECS, "Statement": [*ECS["Statement"], more]}
    strict = {**RULE, "principals": [DENIED_FOR_IT[0]], "require-reason": True}
    given = grant(RULE, strict, trust=trust)
    assert given
    assert not given.require_reason


def test_a_deny_by_a_tag_denies_in_any_case_of_any_script() -> None:
    deny = {**DENY, "role-tags": {"\u00c9quipe": "x"}}
    assert grant(RULE, deny, tags={"\u00e9quipe": "x"}) is None
    allow = {**RULE, "role-tags": {"\u00c9quipe": "x"}}
    assert grant(allow, tags={"\u00e9quipe": "x"}) is None
    # Two keys that are one to the deny: neither hides the other.
    deny = {**DENY, "role-tags": {"stra\u00dfe": "x"}}
    for tags in ({"strasse": "y", "stra\u00dfe": "x"}, {"stra\u00dfe": "x", "strasse": "y"}):
        assert grant(RULE, deny, tags=tags) is None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"role-names": [f"{IAM}:role/orders-task"]}, "fits no name"),
        ({"role-names": ["team/orders-*"]}, "fits no name"),
        ({"role-names": ["orders task"]}, "fits no name"),
        ({"role-names": ["\u043erders-*"]}, "fits no name"),
        ({"role-names": ["orders-*,billing/*"]}, "fits no name"),
        ({"role-names": ["o" * 65]}, "fits no name"),
        ({"role-paths": ["/team \u2215/"]}, "fits no path"),
        ({"role-paths": ["/t\u0435am/*"]}, "fits no path"),
        ({"role-tags": {"team*": "x"}}, "no key of a tag"),
        ({"role-tags": {"": "x"}}, "no key of a tag"),
        ({"role-tags": {"te,am": "x"}}, "no key of a tag"),
        ({"role-tags": {"t" * 129: "x"}}, "no key of a tag"),
        ({"role-tags": {"team": "orders,billing"}}, "fits no value"),
        ({"role-tags": {"team": ["x" * 257]}}, "fits no value"),
        ({"principals": [{"Service": "ecs-tasks.amazonaws.com "}]}, "fits no principal"),
        ({"principals": [{"Service": ["ecs-t\u0430sks.amazonaws.com"]}]}, "fits no principal"),
    ],
)
@pytest.mark.parametrize("effect", ["allow", "deny"])
def test_a_rule_that_can_fit_no_role_is_an_error_so_that_no_deny_is_in_vain(
    effect: str, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidSettings, match=problem) as caught:
        policy({**RULE, "effect": effect, **changes})
    assert "rule 1" in str(caught.value)


def test_tags_of_any_script_are_tags() -> None:
    rule = {**RULE, "role-tags": {"\u043a\u043e\u043c\u0430\u043d\u0434\u0430 1": "a b*+-=._:/@"}}
    assert grant(rule, tags={"\u043a\u043e\u043c\u0430\u043d\u0434\u0430 1": "a bc+-=._:/@"})


@settings(max_examples=500)
@given(
    st.text("aA-", min_size=1, max_size=4),
    st.text("aA-*?", min_size=1, max_size=4),
    st.sampled_from(["/", "/a/", "/a/b/"]),
    st.sampled_from(["/*", "/a/", "/?/", "*"]),
    st.dictionaries(st.sampled_from(["a", "A", "b"]), st.sampled_from(["", "a", "A"]), max_size=2),
    st.dictionaries(st.sampled_from(["a", "B"]), st.sampled_from(["a", "*", "?"]), max_size=2),
    st.sampled_from([{"Service": "ecs-*"}, {"Service": "ec2.*"}, {"AWS": "*"}, {"*": "*"}]),
)
def test_what_a_rule_allows_the_same_rule_denies(
    role: str,
    name: str,
    path: str,
    paths: str,
    tags: dict[str, str],
    of_tags: dict[str, str],
    principals: dict[str, str],
) -> None:
    rule = {**RULE, "role-names": [name], "role-paths": [paths], "principals": [principals]}
    rule |= {"role-tags": of_tags} if of_tags else {}
    asked: dict[str, Any] = {"role": role, "path": path, "tags": tags}
    everything = {**RULE, "role-names": ["*"]}
    if grant(rule, **asked):
        assert grant(everything, {**rule, "effect": "deny"}, **asked) is None
    assert grant(everything, **asked)
