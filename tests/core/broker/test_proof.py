"""Proof of who asks: what STS is sent, what is refused before, and what others learn."""

import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError

from iam_sudo_core import errors
from iam_sudo_core.account.identity import IdentityService
from iam_sudo_core.broker.callers import Identity
from iam_sudo_core.broker.proof import Proof, Proofs, function_arn
from iam_sudo_core.broker.ruled import roles_of
from tests.aws_account import Account, Calls
from tests.core.broker.conftest import Ask, assumed
from tests.core.conftest import BASE_ROLE, ONE, decided
from tests.fake_sts import (
    ANN,
    BOB,
    BODY,
    CONTENT_TYPE,
    FUNCTION,
    REGION,
    TOKEN,
    FakeSts,
    fake_sts,
    sign,
)

PRINCIPALS = [{"Service": "ecs-tasks.amazonaws.com"}]
RULES = [
    {"effect": "allow", "callers": [ANN], "role-names": ["orders-*"], "principals": PRINCIPALS},
    {"effect": "allow", "callers": [BOB], "role-names": ["payments-*"], "principals": PRINCIPALS},
    {"effect": "deny", "callers": ["*"], "role-names": ["*-secret"], "principals": [{"*": "*"}]},
]
ASKED = {"role_name": "orders-task"}


@pytest.fixture
def rules() -> list[dict[str, Any]]:
    return [dict(rule) for rule in RULES]


@pytest.fixture
def account(
    account: Account, rules: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Account:
    policy = {"allowed-base-roles": [BASE_ROLE], "rules": rules}
    monkeypatch.setenv("IAM_SUDO_POLICY", json.dumps(policy))
    for name in ("orders-task", "orders-secret", "payments-task"):
        account.role(name, inline={"one": ONE})
    return account


@pytest.fixture
def is_refused(ask: Ask, sts: FakeSts, calls: Calls) -> Callable[..., str]:
    """Ask with a proof that has to be refused without a call, not even one to STS."""

    def is_refused(proof: Any, match: str, event: dict[str, Any] = ASKED) -> str:
        before = len(sts.requests)
        with pytest.raises(errors.ProofRefused, match=match) as caught:
            ask(event, proof)
        assert (len(sts.requests), calls) == (before, [])
        return str(caught.value)

    return is_refused


def test_who_proves_it_gets_a_session_in_their_name(
    ask: Ask, sts: FakeSts, calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(ASKED, sign(sts, ASKED))["AccessKeyId"]
    (parameters,) = assumed(calls)
    assert parameters["SourceIdentity"] == "ann@example.com"
    assert parameters["RoleSessionName"] == "iam-sudo-orders-task,ann@example.com"
    log = capsys.readouterr().out
    line = decided(log)
    assert line["caller"] == ANN
    assert line["source_identity"] == "ann@example.com"
    assert line["rule"].startswith("rule 1: ")
    assert TOKEN not in log
    assert "Signature" not in log


def test_sts_is_sent_exactly_what_the_contract_says(ask: Ask, sts: FakeSts) -> None:
    proof = sign(sts, ASKED)
    ask(ASKED, proof)
    ((method, path, headers, body),) = sts.requests
    assert (method, path, body) == ("POST", "/", BODY)
    assert f"http://{headers.pop('host')}" == sts.url
    assert headers.pop("content-type") == CONTENT_TYPE
    assert headers.pop("content-length") == str(len(BODY))
    assert headers.pop("user-agent") == "iam-sudo"
    assert headers.pop("accept-encoding", "identity") == "identity"
    assert headers == proof


def test_two_developers_get_their_own_roles_and_not_each_other_s(ask: Ask, sts: FakeSts) -> None:
    theirs = {"role_name": "payments-task"}
    assert ask(theirs, sign(sts, theirs, who=BOB))
    for event, who in ((theirs, ANN), (ASKED, BOB)):
        with pytest.raises(errors.NotAllowedByRules):
            ask(event, sign(sts, event, who=who))


def test_a_refusal_is_the_same_whether_there_is_such_a_role_or_not(ask: Ask, sts: FakeSts) -> None:
    said = set()
    for name in ("payments-task", "payments-none", "orders-none"):
        for event in (
            {"role_name": name},
            {"role_name": name, "explain": True},
            {"role_name": name, "principal": "Service:ecs-tasks.amazonaws.com"},
        ):
            with pytest.raises(errors.NotAllowedByRules) as caught:
                ask(event, sign(sts, event))
            said.add(str(caught.value).replace(name, "NAME"))
    assert said == {
        f'there is no role "NAME" that {ANN} may simulate: no rule of the broker allows it; check '
        "the spelling, or ask whoever deploys the broker for a rule"
    }


@pytest.mark.parametrize("arn", ["123456789012:role", "444455556666:role"])
def test_nor_does_an_arn_tell(ask: Ask, sts: FakeSts, arn: str) -> None:
    for name in ("payments-task", "payments-none"):
        event = {"role_name": f"arn:aws:iam::{arn}/{name}"}
        with pytest.raises(errors.NotAllowedByRules):
            ask(event, sign(sts, event))


def test_an_arn_of_another_account_is_no_role_of_this_one_whatever_the_rules_give(
    ask: Ask, sts: FakeSts
) -> None:
    own = {"role_name": "arn:aws:iam::123456789012:role/orders-task"}
    assert ask(own, sign(sts, own))["AccessKeyId"]
    other = {"role_name": "arn:aws:iam::444455556666:role/orders-task"}
    with pytest.raises(errors.NotAllowedByRules):
        ask(other, sign(sts, other))


def test_who_is_denied_learns_by_which_rule(ask: Ask, sts: FakeSts) -> None:
    for name in ("orders-secret", "none-secret"):
        event = {"role_name": name}
        with pytest.raises(errors.NotAllowedByRules, match="rule 3 of the broker denies"):
            ask(event, sign(sts, event))


def test_a_part_of_a_name_lists_and_finds_only_what_is_the_caller_s(
    ask: Ask, sts: FakeSts, calls: Calls, account: Account
) -> None:
    event = {"role_name": "task"}
    ask(event, sign(sts, event))
    assert "orders-task" in assumed(calls)[0]["RoleSessionName"]
    account.role("orders-task-2", inline={"one": ONE})
    account.role("payments-task-2", inline={"one": ONE})
    event = {"role_name": "task-"}
    assert ask(event, sign(sts, event))
    event = {"role_name": "-task"}
    with pytest.raises(errors.RoleAmbiguous) as caught:
        ask(event, sign(sts, event))
    assert caught.value.candidates == ["orders-task", "orders-task-2"]


def test_a_role_of_somebody_else_does_not_hide_one_s_own(
    ask: Ask, sts: FakeSts, calls: Calls, account: Account
) -> None:
    account.role("task", inline={"one": ONE})
    event = {"role_name": "task"}
    ask(event, sign(sts, event))
    assert "orders-task" in assumed(calls)[0]["RoleSessionName"]


def test_an_explanation_is_by_the_caller_s_rules(ask: Ask, sts: FakeSts) -> None:
    event = {**ASKED, "explain": True}
    reply = ask(event, sign(sts, event))
    assert reply["rule"].startswith(f"rule 1: caller {ANN}")
    assert BOB not in json.dumps(reply)
    with pytest.raises(errors.NotAllowedByRules):
        ask(event, sign(sts, event, who=BOB))


@pytest.mark.parametrize(("who", "names"), [(ANN, {"orders-task"}), (BOB, {"payments-task"})])
def test_a_list_has_the_caller_s_own_roles(
    broker: ModuleType, account: Account, who: str, names: set[str]
) -> None:
    identity = Identity.parse(who)
    assert identity
    found = roles_of(
        broker._SETTINGS.selection.of(lambda: identity),
        iam=broker._IAM,
        wanted=lambda _name: True,
        asked="*",
    )
    assert {arn.name for arn in found} == names
    assert {grant.rule[:6] for grant in found.values()} < {"rule 1", "rule 2", "rule 3"}


def test_nothing_is_listed_before_it_is_known_who_asks(
    broker: ModuleType, account: Account, calls: Calls
) -> None:
    def nobody() -> Identity:
        raise errors.ProofRefused(problem="of nobody")

    with pytest.raises(errors.ProofRefused):
        roles_of(
            broker._SETTINGS.selection.of(nobody),
            iam=broker._IAM,
            wanted=lambda _name: True,
            asked="*",
        )
    assert calls == []


class TestTags:
    @pytest.fixture
    def rules(self) -> list[dict[str, Any]]:
        allow = {**RULES[0], "role-names": ["*"], "role-tags": {"team": "orders"}}
        return [
            {**allow, "max-duration-seconds": 900, "require-reason": True},
            {**RULES[2], "role-names": ["*"], "role-tags": {"secret": "*"}},
        ]

    def test_a_part_of_a_name_is_looked_for_among_roles_with_the_tags(
        self, ask: Ask, sts: FakeSts, calls: Calls, account: Account
    ) -> None:
        account.tag("payments-task", team="orders")
        account.tag("orders-secret", team="orders", secret="yes")
        event = {"role_name": "s-", "reason": "ticket 7"}
        ask(event, sign(sts, event))
        (parameters,) = assumed(calls)
        assert "payments-task" in parameters["RoleSessionName"]
        assert parameters["DurationSeconds"] == 900

    def test_a_tag_that_is_taken_away_while_the_role_is_assumed_takes_the_session_with_it(
        self, ask: Ask, broker: ModuleType, sts: FakeSts, account: Account
    ) -> None:
        account.tag("orders-task", team="orders")
        reads: list[bool] = []

        def taken_away(**_: Any) -> None:
            reads.append(True)
            # The second look, beside AssumeRole.
            if len(reads) > 1:
                account.tag("orders-task", team="payments")

        broker._IAM.meta.events.register("before-call.iam.GetRole", taken_away)
        event = {**ASKED, "reason": "ticket 7"}
        with pytest.raises(errors.RoleChanged):
            ask(event, sign(sts, event))
        assert len(reads) == 2

    def test_many_are_not_looked_at(self, ask: Ask, sts: FakeSts, account: Account) -> None:
        for number in range(51):
            account.role(f"many-{number}")
        event = {"role_name": "many-"}
        with pytest.raises(errors.NamePartTooShort, match="give more of the name"):
            ask(event, sign(sts, event))

    def test_a_reason_is_asked_for_and_kept(
        self, ask: Ask, sts: FakeSts, account: Account, capsys: pytest.CaptureFixture[str]
    ) -> None:
        account.tag("orders-task", team="orders")
        with pytest.raises(errors.ReasonRequired, match="^orders-task: rule 1: .*--reason"):
            ask(ASKED, sign(sts, ASKED))
        event = {**ASKED, "explain": True}
        assert ask(event, sign(sts, event))["reason_required"] is True
        capsys.readouterr()
        event = {**ASKED, "reason": "ticket 7"}
        assert ask(event, sign(sts, event))
        assert decided(capsys.readouterr().out)["reason_asked"] == "ticket 7"


@pytest.mark.parametrize(
    ("condition", "is_ended"),
    [
        ({"StringEqualsIgnoreCase": {"aws:SourceIdentity": ["Ann@Example.com"]}}, True),
        ({"StringEquals": {"aws:SourceIdentity": ["Ann@Example.com"]}}, False),
        ({"StringLike": {"aws:SourceIdentity": "ann@*"}}, True),
        # Nobody learns that somebody else's were.
        ({"StringEqualsIgnoreCase": {"aws:SourceIdentity": ["bob@example.com"]}}, False),
        ({"StringLike": {"aws:userid": ["*:iam-sudo-orders-task,*"]}}, True),
    ],
)
def test_that_one_s_own_sessions_were_ended_is_told(
    ask: Ask, sts: FakeSts, condition: dict[str, Any], is_ended: bool
) -> None:
    began = {"DateLessThan": {"aws:TokenIssueTime": "2026-01-31T12:00:00Z"}}
    ends = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": began | condition}
    boto3.client("iam").put_role_policy(
        RoleName="IAMSudoUser",
        PolicyName="iam-sudo-revoked-0",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [ends]}),
    )
    event = {**ASKED, "explain": True}
    assert bool(ask(event, sign(sts, event))["ended"]) is is_ended


def test_a_plain_request_is_refused_clearly(ask: Ask, sts: FakeSts, calls: Calls) -> None:
    with pytest.raises(errors.ProofRequired, match="needs a proof") as caught:
        ask(ASKED)
    assert caught.value.broker == FUNCTION
    assert (calls, sts.requests) == ([], [])


def test_to_be_asked_for_a_proof_is_no_refusal_that_rings(
    ask: Ask, sts: FakeSts, capsys: pytest.CaptureFixture[str]
) -> None:
    # The command learns by it whom to sign for, each time that somebody is given something.
    with pytest.raises(errors.ProofRequired):
        ask(ASKED)
    line = decided(capsys.readouterr().out)
    assert line["decision"] == "proof-required"
    assert not line.keys() & {"refused", "failed", "milliseconds", "error", "_aws"}
    assert line["role_asked"] == ASKED["role_name"]


def test_an_alias_or_a_version_is_the_same_function(ask: Ask, sts: FakeSts) -> None:
    assert ask(ASKED, sign(sts, ASKED), invoked=f"{FUNCTION}:live")


@pytest.mark.parametrize(
    ("keywords", "match"),
    [
        ({"age": 62}, "6[234] seconds old"),
        ({"age": 3600}, "seconds old"),
        ({"age": -30}, "future"),
        ({"broker": FUNCTION.replace("iam-sudo", "other")}, "another function"),
        ({"broker": FUNCTION.replace("eu-west-1", "eu-west-2")}, "another function"),
        ({"broker": FUNCTION.replace("1234", "4321")}, "another function"),
        ({"broker": f"{FUNCTION}:live"}, "another function"),
        ({"region": "us-east-1"}, "not for STS in eu-west-1"),
        ({"X_More": "1"}, "its headers have to be"),
        ({"X_Amz_Target": "AWSSecurityTokenService.AssumeRole"}, "its headers have to be"),
    ],
)
def test_a_proof_for_something_else_is_refused(
    is_refused: Callable[..., str], sts: FakeSts, keywords: dict[str, Any], match: str
) -> None:
    is_refused(sign(sts, ASKED, **keywords), match)


def test_a_proof_for_another_request_is_refused(
    is_refused: Callable[..., str], sts: FakeSts
) -> None:
    for event in (
        {"role_name": "orders-task-2"},
        {**ASKED, "explain": True},
        {**ASKED, "base_role": "Other"},
        {**ASKED, "reason": "x"},
        {**ASKED, "policy": {"Statement": []}},
    ):
        if "policy" in event:
            event["policy"] = ONE
        is_refused(sign(sts, ASKED), "another request", event)


def test_a_proof_is_good_for_one_request_of_an_instance(
    ask: Ask, is_refused: Callable[..., str], sts: FakeSts, calls: Calls
) -> None:
    proof = sign(sts, ASKED)
    ask(ASKED, proof)
    calls.clear()
    is_refused(proof, "used already")
    # Blanks that the signature does not see make no other proof of it.
    is_refused({**proof, "authorization": proof["authorization"].replace(", ", ",  ")}, "no form")


def test_of_two_requests_at_once_one_takes_the_proof() -> None:
    """The second asks while the first has looked and not yet written down what it takes."""
    both_have_looked = threading.Barrier(2)

    class Slow:
        signature = "a" * 64

        @property
        def expires(self) -> float:
            with suppress(threading.BrokenBarrierError):
                both_have_looked.wait(timeout=1)
            return 60

    proofs = Proofs(cast(IdentityService, SimpleNamespace(region=REGION)))

    def take(_: int) -> bool:
        try:
            proofs.take(cast(Proof, Slow()), now=0)
        except errors.ProofRefused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(take, range(2))) == [False, True]


def test_a_refused_proof_is_used_as_well(
    ask: Ask, is_refused: Callable[..., str], sts: FakeSts, calls: Calls
) -> None:
    proof = sign(sts, ASKED, who=BOB)
    with pytest.raises(errors.NotAllowedByRules):
        ask(ASKED, proof)
    calls.clear()
    is_refused(proof, "used already")


def signed_at(proof: dict[str, str]) -> float:
    date = datetime.strptime(proof["x-amz-date"], "%Y%m%dT%H%M%SZ")
    return date.replace(tzinfo=UTC).timestamp()


def parsed(proof: dict[str, str], *, later: float = 0, at: float | None = None) -> Proof:
    now = (signed_at(proof) if at is None else at) + later
    return Proof.parse(proof, event=ASKED, broker=FUNCTION, region=REGION, now=now)


def test_a_proof_holds_for_a_minute_and_no_second_more(sts: FakeSts) -> None:
    proof = sign(sts, ASKED)
    for later in (-5.0, 0.0, 60.0):
        assert parsed(proof, later=later)
    for later, match in ((-5.5, "from 6 seconds in the future"), (60.6, "61 seconds old")):
        with pytest.raises(errors.ProofRefused, match=match):
            parsed(proof, later=later)


def test_a_proof_is_remembered_as_long_as_it_holds_and_no_longer(sts: FakeSts) -> None:
    proofs = Proofs(IdentityService(sts.client()))
    signed = sign(sts, ASKED)
    proof, other, began = parsed(signed), parsed(sign(sts, ASKED, who=BOB)), signed_at(signed)
    proofs.take(proof, now=began - 5)
    for later in (0, 30, 60):
        with pytest.raises(errors.ProofRefused, match="used already"):
            proofs.take(proof, now=began + later)
    # Else an instance that lives for days would remember all that it has ever seen.
    proofs.take(other, now=began + 66)
    proofs.take(proof, now=began + 66)


@pytest.mark.parametrize(
    "time", ["1234Z", "123456", "1234567Z", "12345\u0666Z", "12 456Z", "126060Z"]
)
def test_a_date_has_one_form(sts: FakeSts, time: str) -> None:
    proof = sign(sts, ASKED)
    changed = {**proof, "x-amz-date": f"{proof['x-amz-date'][:9]}{time}"}
    with pytest.raises(errors.ProofRefused, match="x-amz-date is no time"):
        parsed(changed, at=signed_at(proof))


def test_what_is_printed_of_a_proof_is_no_proof(sts: FakeSts) -> None:
    proof = sign(sts, ASKED)
    printed = f"{parsed(proof)!r} {parsed(proof)}"
    assert TOKEN not in printed
    assert proof["authorization"][-64:] not in printed


@pytest.mark.parametrize(
    "invoked",
    [
        None,
        "",
        "iam-sudo",
        "123456789012:function:iam-sudo",
        f"{FUNCTION}:live:x",
        f"{FUNCTION}\n",
        FUNCTION.replace(":function:", ":layer:"),
        f"x{FUNCTION}",
    ],
)
def test_what_is_invoked_by_no_arn_takes_no_proof(
    ask: Ask, sts: FakeSts, calls: Calls, invoked: Any
) -> None:
    with pytest.raises(ValueError, match="no ARN"):
        function_arn(invoked)
    with pytest.raises(errors.BrokerFailure):
        ask(ASKED, sign(sts, ASKED, broker=str(invoked).strip()), invoked=invoked)
    assert (calls, sts.requests) == ([], [])


def test_with_rules_nothing_is_answered_when_nothing_looks_at_proofs(
    ask: Ask, sts: FakeSts, calls: Calls, broker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "_PROOFS", None)
    for proof in (None, sign(sts, ASKED)):
        with pytest.raises(errors.BrokerFailure):
            ask(ASKED, proof)
    assert (calls, sts.requests) == ([], [])


_SMUGGLED = [
    "x\r\nhost: evil.example",
    "x\nx-amz-target: AWSSecurityTokenService.AssumeRole",
    "x\x00",
    "x\u2028y",
    "\u0130",
    "x" * 100_000,
    "",
    " ",
]


@pytest.mark.parametrize("value", _SMUGGLED)
@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "x-amz-date",
        "x-amz-security-token",
        "x-iam-sudo-broker",
        "x-iam-sudo-request",
    ],
)
def test_no_header_takes_what_it_never_has(
    is_refused: Callable[..., str], sts: FakeSts, name: str, value: str
) -> None:
    proof = sign(sts, ASKED)
    said = is_refused({**proof, name: value}, "not accepted")
    assert len(said) < 300
    assert said.isprintable()
    is_refused({**proof, name: f"{proof[name]}{value or ' '}"}, "not accepted")


@pytest.mark.parametrize(
    "name",
    [
        "host",
        "Host",
        "content-type",
        "content-length",
        "transfer-encoding",
        "x-forwarded-host",
        ":authority",
        "url",
        "body",
        "method",
        "Authorization",
        "x-amz-content-sha256",
    ],
)
def test_no_other_header_is_taken(is_refused: Callable[..., str], sts: FakeSts, name: str) -> None:
    is_refused({**sign(sts, ASKED), name: "evil.example"}, "its headers have to be")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("/sts/", "/iam/"),
        lambda text: text.replace("content-type;host;", "content-type;"),
        lambda text: text.replace("content-type;", ""),
        lambda text: text.replace("x-iam-sudo-broker;", ""),
        lambda text: text.replace(";x-iam-sudo-request", ""),
        lambda text: text.replace("x-amz-security-token;", ""),
        lambda text: text.replace("SignedHeaders=", "SignedHeaders=accept;"),
        lambda text: text.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        lambda text: f"{text}, {text}",
        lambda text: text[:-64] + text[-64:].upper().replace("0", "A"),
        lambda text: text.replace("/aws4_request", "/aws4_request/"),
        lambda text: text.replace("/20", "/19", 1),
        lambda text: text.replace("Credential=", "Credential=@evil.example/"),
    ],
)
def test_no_other_form_of_a_signature_is_taken(
    is_refused: Callable[..., str], sts: FakeSts, change: Callable[[str], str]
) -> None:
    proof = sign(sts, ASKED)
    is_refused({**proof, "authorization": change(proof["authorization"])}, "not accepted")


@pytest.mark.parametrize("proof", ["", [], 7, True, {}, {"authorization": 7}, [["a", "b"]]])
def test_what_is_no_proof_is_refused(is_refused: Callable[..., str], proof: Any) -> None:
    is_refused(proof, "not accepted")


@pytest.mark.parametrize("value", [7, None, [], {"a": "b"}])
def test_a_header_is_text(is_refused: Callable[..., str], sts: FakeSts, value: Any) -> None:
    is_refused({**sign(sts, ASKED), "x-amz-security-token": value}, "no text")


@pytest.mark.parametrize(
    "keywords",
    [
        {"body": b"Action=AssumeRole&Version=2011-06-15"},
        {"body": BODY + b"&RoleArn=arn"},
        {"method": "GET"},
        {"url": "http://evil.example"},
        {"url": "http://127.0.0.1@evil.example"},
    ],
)
def test_what_is_signed_for_another_call_or_host_does_not_fit_ours(
    ask: Ask, sts: FakeSts, calls: Calls, keywords: dict[str, Any]
) -> None:
    with pytest.raises(errors.ProofRefused, match="STS says SignatureDoesNotMatch"):
        ask(ASKED, sign(sts, ASKED, **keywords))
    (request,) = sts.requests
    assert request[3] == BODY
    assert assumed(calls) == []


def test_a_forged_name_is_no_signature(ask: Ask, sts: FakeSts, calls: Calls) -> None:
    proof = sign(sts, ASKED, who=BOB)
    proof["authorization"] = proof["authorization"].replace("ASIABOB", "ASIAANN")
    with pytest.raises(errors.ProofRefused, match="SignatureDoesNotMatch"):
        ask(ASKED, proof)
    assert assumed(calls) == []


def test_a_redirect_is_not_followed(ask: Ask, sts: FakeSts, calls: Calls) -> None:
    with fake_sts() as other:
        for status in (301, 302, 307, 308):
            sts.answer = (status, b"", {"location": f"{other.url}/"})
            with pytest.raises(errors.AwsCallFailed, match="cannot be read"):
                ask(ASKED, sign(sts, ASKED, age=310 - status))
        assert other.requests == []
    assert len(sts.requests) == 4
    assert assumed(calls) == []


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"", {}),
        (200, b"<html>", {}),
        (200, b"<a><Arn>arn:1</Arn><Arn>arn:2</Arn></a>", {}),
        (200, b'<!DOCTYPE a [<!ENTITY b "c">]><a><Arn>&b;</Arn></a>', {}),
        (200, b"<a><Arn>" + b"a" * 100_000 + b"</Arn></a>", {}),
        (200, b"<a>" * 20_000, {}),
        (200, b"<a><Arn></Arn></a>", {}),
        (503, b"<Error><Code>ServiceUnavailable</Code></Error>", {}),
        (204, b"", {}),
    ],
)
def test_an_answer_that_cannot_be_read_is_no_name(
    ask: Ask, sts: FakeSts, calls: Calls, answer: Any
) -> None:
    sts.answer = answer
    with pytest.raises(errors.AwsCallFailed, match="GetCallerIdentity failed"):
        ask(ASKED, sign(sts, ASKED))
    assert assumed(calls) == []


def test_an_identity_of_a_form_that_is_not_known_is_refused(ask: Ask, sts: FakeSts) -> None:
    for number, arn in enumerate(("ann", "arn:aws:iam::111122223333:role/x", f"{ANN}/x", "*")):
        sts.arns["ASIAANN"] = arn
        # Dated later than the one before, however long that took: none is used twice.
        with pytest.raises(errors.ProofRefused, match="neither a user nor a session"):
            ask(ASKED, sign(sts, ASKED, age=10 - number))


def test_nothing_is_told_of_a_role_before_it_is_known_who_asks(
    ask: Ask, sts: FakeSts, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.role("orders-odd", trust={"Statement": 7})
    sts.answer = (403, b"<Error><Code>InvalidClientTokenId</Code></Error>", {})
    for name in ("orders-odd", "orders-task", "none"):
        event = {"role_name": name}
        with pytest.raises(errors.ProofRefused, match="STS says InvalidClientTokenId"):
            ask(event, sign(sts, event))
    assert '"role_found": "' not in capsys.readouterr().out


def test_not_even_that_the_reading_failed_is_told(
    ask: Ask, sts: FakeSts, broker: ModuleType
) -> None:
    def throttled(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "Throttling", "Message": "slow"}}, "GetRole")

    broker._IAM.meta.events.register("before-call.iam.GetRole", throttled)
    sts.answer = (403, b"<Error><Code>InvalidClientTokenId</Code></Error>", {})
    with pytest.raises(errors.ProofRefused, match="InvalidClientTokenId"):
        ask(ASKED, sign(sts, ASKED))


def test_an_sts_that_does_not_answer_grants_nothing(
    ask: Ask, broker: ModuleType, monkeypatch: pytest.MonkeyPatch, sts: FakeSts, calls: Calls
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        sts.url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        monkeypatch.setattr(broker, "_PROOFS", Proofs(IdentityService(sts.client())))
        with pytest.raises(errors.AwsCallFailed, match="STS gave no answer"):
            ask(ASKED, sign(sts, ASKED))
    assert assumed(calls) == []


def test_what_failed_is_counted_apart_from_what_was_refused(
    ask: Ask, sts: FakeSts, capsys: pytest.CaptureFixture[str]
) -> None:
    sts.answer = (503, b"", {})
    with pytest.raises(errors.AwsCallFailed):
        ask(ASKED, sign(sts, ASKED))
    line = decided(capsys.readouterr().out)
    assert line["failed"] == 1
    assert "refused" not in line


@pytest.mark.parametrize(
    "url",
    ["http://a@sts.example", "http://sts.example/path", "http://sts.example?x=1", "http://"],
)
def test_an_endpoint_is_a_host_and_nothing_else(url: str) -> None:
    meta = SimpleNamespace(endpoint_url=url, region_name="eu-west-1")
    with pytest.raises(ValueError, match="no URL of a host alone"):
        IdentityService(SimpleNamespace(meta=meta))  # type: ignore[arg-type]


def test_a_role_that_tests_the_source_identity_is_refused_where_a_session_gets_round_it(
    ask: Ask, sts: FakeSts, account: Account
) -> None:
    for number, (key, effect, operator, value) in enumerate(
        (
            ("aws:SourceIdentity", "Allow", "StringLike", "ann*"),
            ("aws:SourceIdentity", "Deny", "StringNotLike", "ann*"),
            ("sts:SourceIdentity", "Allow", "StringLike", "ann*"),
            ("sts:SourceIdentity", "Deny", "StringLike", "bob*"),
        )
    ):
        statement = {
            "Effect": effect,
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {operator: {key: value}},
        }
        name = f"orders-{number}"
        account.role(name, inline={"one": {"Version": "2012-10-17", "Statement": [statement]}})
        for explain in ({}, {"explain": True}):
            event = {"role_name": name, **explain}
            with pytest.raises(errors.CallerIdentityTested, match=key.partition(":")[2]):
                ask(event, sign(sts, event))
