"""The application's choices, read from the CDK's context: `cdk.json`, or `-c key=value`.

Each key has a default here but `development_accounts`; `cdk.json` spells the defaults out. A value
that is missing or wrong is an error, and so is a key that looks like one of ours misspelt: a choice
must not be lost silently. `reader` has how values may be written.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_logs as logs

from iam_sudo_core.errors import quoted

from ..accounts import parse_accounts
from ..errors import InvalidChoice, InvalidConfiguration
from ..iam_sudo import Strategy
from ..selection import RoleSelection
from ..session_policy import SessionPolicyStrategy, SudoAlarms
from ..sudo_rules import SudoRule
from ..tag_trust import TRUST_POLICY_CHARACTERS, Tag, TagTrustStrategy
from .reader import ContextReader

STRATEGIES = ("session-policy", "tag-trust", "both")
KEYS = (
    "strategy",
    "development_accounts",
    "used_by",
    "role_names",
    "principals",
    "role_paths",
    "ignore_case",
    "rules",
    "developers",
    "base_role_managed_policies",
    "base_role_name",
    "function_name",
    "allow_local_simulation",
    "allowed_regions",
    "denied_services",
    "permissions_boundary",
    "role_path",
    "alarms",
    "dashboard",
    "log_retention_days",
    "keep_logs",
    "developer_tag",
    "trust_whole_account",
    "session_tag_keys",
    "source_identity",
    "protect_tag",
    "trust_policy_characters",
    "stack_name",
    "demo",
)

# CloudWatch Logs API Reference, "PutRetentionPolicy": retentionInDays.
_RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    5: logs.RetentionDays.FIVE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    120: logs.RetentionDays.FOUR_MONTHS,
    150: logs.RetentionDays.FIVE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    400: logs.RetentionDays.THIRTEEN_MONTHS,
    545: logs.RetentionDays.EIGHTEEN_MONTHS,
    731: logs.RetentionDays.TWO_YEARS,
    1096: logs.RetentionDays.THREE_YEARS,
    1827: logs.RetentionDays.FIVE_YEARS,
    2192: logs.RetentionDays.SIX_YEARS,
    2557: logs.RetentionDays.SEVEN_YEARS,
    2922: logs.RetentionDays.EIGHT_YEARS,
    3288: logs.RetentionDays.NINE_YEARS,
    3653: logs.RetentionDays.TEN_YEARS,
}

_SUFFIX_OF_DEMO = "-demo"
# CloudFormation User Guide, "CreateStack": StackName, at most 128 characters, ours and the demo's.
_STACK_NAME_LENGTH = 128 - len(_SUFFIX_OF_DEMO)
_STACK_NAME = re.compile(rf"[A-Za-z][A-Za-z0-9-]{{0,{_STACK_NAME_LENGTH - 1}}}")
_POLICY = re.compile(
    r"arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/[!-~]+|[A-Za-z0-9_+=,.@/-]{1,128}"
)
_DEVELOPER = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user|group)/[!-~]+")


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What `app.py` builds."""

    development_accounts: tuple[str, ...]
    strategy: list[Strategy]
    developers: tuple[str, ...]
    stack_name: str
    demo: bool

    @property
    def demo_stack_name(self) -> str:
        return self.stack_name + _SUFFIX_OF_DEMO

    @classmethod
    def read(cls, context: Mapping[str, object]) -> Choices:
        """Read all keys; foreign ones (feature flags, other people's) are left alone.

        Raises:
            InvalidChoice: for the first key that is wrong.
        """
        _refuse_misspelt(context)
        read = ContextReader(context)
        chosen = read.one_of("strategy", STRATEGIES)
        selection = _selection(read)
        # Both are read, so that a wrong value is found before the day of the switch.
        strategies: dict[str, Strategy] = {
            "session-policy": _session_policy(read, selection, chosen),
            "tag-trust": _tag_trust(read, selection),
        }
        return cls(
            development_accounts=parse_accounts(read.strings("development_accounts")),
            strategy=[each for name, each in strategies.items() if chosen in (name, "both")],
            developers=read.strings(
                "developers",
                pattern=_DEVELOPER,
                allowed="ARNs of roles, users and groups of IAM, as in "
                "arn:aws:iam::111122223333:role/developer (not of a session: "
                "arn:aws:sts::…:assumed-role/…)",
            ),
            stack_name=read.text(
                "stack_name",
                default="iam-sudo",
                pattern=_STACK_NAME,
                allowed="letters, digits and hyphens, a letter first, at most "
                f"{_STACK_NAME_LENGTH} of them",
            ),
            demo=read.truth("demo"),
        )


def _selection(read: ContextReader) -> RoleSelection:
    used_by = read.strings("used_by")
    paths = read.strings("role_paths")
    try:
        defaults = RoleSelection(used_by=used_by, paths=paths)
        return RoleSelection(
            used_by=used_by,
            paths=paths,
            role_names=read.strings("role_names", default=defaults.role_names),
            principals=read.strings("principals") or defaults.principals,
            ignore_case=read.truth("ignore_case"),
        )
    except InvalidChoice as error:
        # The one option that has another name here.
        if error.key == "paths":
            raise InvalidChoice(
                key="role_paths", value=error.value, allowed=error.allowed
            ) from None
        raise


def _tag_trust(read: ContextReader, selection: RoleSelection) -> TagTrustStrategy:
    defaults = TagTrustStrategy()
    return TagTrustStrategy(
        selection=selection,
        scope="app",
        tag=Tag.parse(read.text("developer_tag", default=str(defaults.tag)), key="developer_tag"),
        trust_whole_account=read.truth("trust_whole_account"),
        session_tag_keys=read.strings("session_tag_keys"),
        source_identity=read.truth("source_identity"),
        protect_tag=read.truth("protect_tag"),
        trust_policy_characters=read.number(
            "trust_policy_characters",
            range(TRUST_POLICY_CHARACTERS, 2 * TRUST_POLICY_CHARACTERS + 1),
            default=TRUST_POLICY_CHARACTERS,
        ),
    )


def _session_policy(
    read: ContextReader, selection: RoleSelection, chosen: str
) -> SessionPolicyStrategy:
    defaults = SessionPolicyStrategy()
    role_name = read.text("base_role_name", default=defaults.role_name)
    function_name = read.text("function_name", default=defaults.function_name)
    entries = read.entries("rules")
    try:
        rules = tuple(map(SudoRule.parse, entries))
    except InvalidConfiguration as error:
        allowed = f"rules as the broker reads them: {error.__dict__['problem']}"
        raise InvalidChoice(key="rules", value="…", allowed=allowed) from None
    if rules and chosen != STRATEGIES[0]:
        # What is selected is for the other strategy.
        selection = RoleSelection()
    try:
        return SessionPolicyStrategy(
            selection=selection,
            rules=rules,
            scope="stage",
            base_role_managed_policies=read.strings(
                "base_role_managed_policies",
                default=("PowerUserAccess",),
                pattern=_POLICY,
                allowed="names of AWS managed policies, or ARNs of policies, at least one",
                required=True,
            ),
            role_name=role_name,
            function_name=function_name,
            allow_local_simulation=read.truth("allow_local_simulation"),
            allowed_regions=read.strings("allowed_regions") or None,
            denied_services=read.strings("denied_services"),
            permissions_boundary=read.text("permissions_boundary", default="") or None,
            role_path=read.text("role_path", default=defaults.role_path),
            alarms=SudoAlarms() if read.truth("alarms") else None,
            dashboard=read.truth("dashboard"),
            log_retention=_RETENTION[read.number("log_retention_days", _RETENTION, default=90)],
            removal_policy=(
                cdk.RemovalPolicy.RETAIN if read.truth("keep_logs") else cdk.RemovalPolicy.DESTROY
            ),
        )
    except InvalidChoice as error:
        # The one property that has another name here.
        if error.key == "role_name":
            raise InvalidChoice(
                key="base_role_name", value=error.value, allowed=error.allowed
            ) from None
        raise


def _refuse_misspelt(context: Mapping[str, object]) -> None:
    for key in context:
        if key in KEYS:
            continue
        likely = difflib.get_close_matches(key.replace("-", "_"), KEYS, n=1, cutoff=0.85)
        if likely:
            raise InvalidChoice(
                key=key, value=context[key], allowed=f"nothing; did you mean {quoted(likely[0])}?"
            )
