"""The application's choices, read from the CDK's context: `cdk.json`, or `-c key=value`.

Each key has a default here but `development_accounts`; `cdk.json` spells the defaults out. A list
is comma-separated text or a JSON list, a truth value is true or false, as text or as JSON. A
value that is missing or wrong is an error of one line that names the key, the value and what is
allowed, and so is a key that looks like one of ours misspelt: a choice must not be lost silently.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_logs as logs

from iam_sudo_core.errors import quoted

from ..accounts import parse_accounts
from ..errors import InvalidChoice
from ..iam_sudo import Strategy
from ..selection import RoleSelection
from ..session_policy.strategy import SessionPolicyStrategy
from ..tag_trust.strategy import TagTrustStrategy
from ..tag_trust.trust_statement import TRUST_POLICY_CHARACTERS, Tag

STRATEGIES = ("session-policy", "tag-trust", "both")
KEYS = (
    "strategy",
    "development_accounts",
    "role_names",
    "principals",
    "role_paths",
    "developers",
    "base_role_managed_policies",
    "base_role_name",
    "function_name",
    "allow_local_simulation",
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
        read = _Reader(context)
        chosen = read.one_of("strategy", STRATEGIES)
        selection = _selection(read)
        # Both are read, so that a wrong value is found before the day of the switch.
        strategies: dict[str, Strategy] = {
            "session-policy": _session_policy(read, selection),
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


def _selection(read: _Reader) -> RoleSelection:
    defaults = RoleSelection()
    paths = read.strings("role_paths", default=defaults.paths)
    return RoleSelection(
        role_names=read.strings("role_names", default=defaults.role_names),
        principals=read.strings("principals", default=defaults.principals),
        paths=paths,
    )


def _tag_trust(read: _Reader, selection: RoleSelection) -> TagTrustStrategy:
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


def _session_policy(read: _Reader, selection: RoleSelection) -> SessionPolicyStrategy:
    defaults = SessionPolicyStrategy()
    role_name = read.text("base_role_name", default=defaults.role_name)
    function_name = read.text("function_name", default=defaults.function_name)
    try:
        return SessionPolicyStrategy(
            selection=selection,
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


class _Reader:
    """Typed values out of a context; a key that is absent, or null, has its default."""

    def __init__(self, context: Mapping[str, object]) -> None:
        self._context = context

    def text(
        self,
        key: str,
        *,
        default: str,
        pattern: re.Pattern[str] | None = None,
        allowed: str = "text",
    ) -> str:
        value = self._context.get(key)
        if value is None:
            return default
        if not isinstance(value, str) or (pattern and not pattern.fullmatch(value)):
            raise InvalidChoice(key=key, value=value, allowed=allowed)
        return value

    def one_of(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.text(key, default=choices[0], allowed=", ".join(choices))
        if value not in choices:
            raise InvalidChoice(key=key, value=value, allowed=", ".join(choices))
        return value

    def strings(
        self,
        key: str,
        *,
        default: Sequence[str] = (),
        pattern: re.Pattern[str] | None = None,
        allowed: str = "a comma-separated list",
        required: bool = False,
    ) -> tuple[str, ...]:
        value = self._context.get(key, default)
        if value is None:
            value = default
        if isinstance(value, str):
            value = [item for item in (part.strip() for part in value.split(",")) if item]
        if not isinstance(value, list | tuple) or (required and not value):
            raise InvalidChoice(key=key, value=value, allowed=allowed)
        for item in value:
            if not isinstance(item, str) or (pattern and not pattern.fullmatch(item)):
                raise InvalidChoice(key=key, value=item, allowed=allowed)
        return tuple(dict.fromkeys(value))

    def truth(self, key: str) -> bool:
        value = self._context.get(key)
        if value in (None, False, "false"):
            return False
        if value in (True, "true"):
            return True
        raise InvalidChoice(key=key, value=value, allowed="true, false")

    def number(self, key: str, choices: Mapping[int, object] | range, *, default: int) -> int:
        value = self._context.get(key, default)
        text = str(value)
        if text.isascii() and text.isdigit() and int(text) in choices:
            return int(text)
        listed = (
            f"{choices[0]} to {choices[-1]}"
            if isinstance(choices, range)
            else ", ".join(map(str, choices))
        )
        raise InvalidChoice(key=key, value=value, allowed=listed)


def _refuse_misspelt(context: Mapping[str, object]) -> None:
    for key in context:
        if key in KEYS:
            continue
        likely = difflib.get_close_matches(key.replace("-", "_"), KEYS, n=1, cutoff=0.85)
        if likely:
            raise InvalidChoice(
                key=key, value=context[key], allowed=f"nothing; did you mean {quoted(likely[0])}?"
            )
