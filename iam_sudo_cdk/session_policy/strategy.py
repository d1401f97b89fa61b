"""The strategy with a broker: sessions of a base role, cut down to what the target role may do.

`SessionPolicyStrategy` is a description; bound to a construct it becomes a `Broker`: the function
`iam-sudo`, its log group and its execution role, and the base role `IAMSudoUser`. The names are
fixed, so there is one of each in an account and region (the role: in an account).

Long, because each property has its words and its check here, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from iam_sudo_core.arns import BROKER_TAG

from ..accounts import possible_accounts
from ..errors import InvalidChoice
from ..identities import identity_problem
from ..names import BASE_ROLE_NAME, FUNCTION_NAME, INVOKE_POLICY_NAME
from ..selection import RoleSelection
from ..sudo_rules import SudoRule, rules_environment, rules_fit
from ..values import check_kinds, check_truths, has_attribute, listed
from .application_roles import ApplicationRoles
from .arn_patterns import function_arn
from .base_role import base_role, base_role_arn
from .broker import (
    Broker,
    broker_function,
    broker_role,
)
from .bundle import archive_bucket
from .dashboard import broker_dashboard
from .extras import Extras
from .guardrails import archive_denials, boundary_denial, broker_denials
from .limits import Limits, with_path
from .log import broker_log, log_group_name
from .metrics import SudoAlarms, build_alarms, watch_denials
from .rules_parameter import parameter_name, read_permission, rules_parameter
from .session_fit import SessionsFit

if TYPE_CHECKING:
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sqs as sqs

# IAM User Guide, "IAM and AWS STS quotas": names.
_ROLE_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
_WITH_PATH = re.compile(rf"/?(?:[A-Za-z0-9_+=,.@-]+/)*{_ROLE_NAME.pattern}")
_MANAGED_POLICY = re.compile(r"(arn:aws[a-z-]*:iam::(aws|\d{12}):policy/)?[\w+=,.@/-]+", re.ASCII)
_POLICY_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,128}")
# Lambda API Reference, "CreateFunction": FunctionName.
_FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, kw_only=True)
class SessionPolicyStrategy:
    """Simulate roles with session policies, through a broker that grantees may invoke.

    Attributes:
        selection: the roles that may be simulated; default: the blog's demo roles. Those of
            `used_by` and `paths` are this application's, in the broker's own account.
        scope: where those are looked for: the construct's own `stack` (nested ones included) or its
            `stage`; default: stack. A role of another stack that has no name becomes an export of
            that stack: it can go only after the broker was deployed without it.
        rules: who may have which roles (`SudoRule`), in the place of a selection for everybody who
            may invoke the broker; default: none. Callers then prove who they are, which the command
            does by itself, and are the source identity of their sessions. What Lambda's 4 KB of
            environment have no room for is in a parameter of Systems Manager, of 8 KB at most.
        base_role_managed_policies: the most that a session may do: names of AWS managed policies,
            ARNs, or `IManagedPolicy` objects; default: PowerUserAccess, which lacks most of
            `iam:*`. A role that may do more is simulated without that part.
        allowed_regions: where sessions may act, whatever their roles may do; default: everywhere.
            Services that have no region are spared: IAM, STS, CloudFront, Route 53, Organizations
            and their like (`GLOBAL_SERVICES` of `limits`). Of others whose only endpoint is one
            region's (Global Accelerator: us-west-2), that region has to be allowed.
        denied_services: which services sessions may not use, as IAM writes them (`ec2`, `rds`);
            default: none. Both are Denies of the base role, so they hold with `--local` as well.
            Of a service that nobody knows, `cdk synth` warns (`iam-sudo:unknownService:NAME`).
        permissions_boundary: of the base role and the execution role: the name of a managed policy
            of the account, an ARN or an `IManagedPolicy`; default: none. The execution role needs
            what its policy `broker` says, and no session may change the boundary.
        role_path: the IAM path of both roles, as in `/team/`; default: `/`. A role keeps its name
            and cannot move: of a broker that is deployed, change `role_name` as well.
        large_roles: carry what a session has no room for by managed policies, which the broker
            makes in the path `/iam-sudo/` and deletes after two days; default: True. With False,
            and where an SCP denies it, roles of more than 2,048 characters are refused.
        role_name: of the base role; default: IAMSudoUser.
        base_role: the name of a base role that another stack of the account has made, for a second
            broker, as in another region, behind its path if it has one (`team/IAMSudoUser`); none
            is made here then, and its owner has to know this broker's execution role
            (`other_brokers`). Default: one is made.
        other_brokers: ARNs of the execution roles of brokers that use this base role as well;
            default: none. Each may make any session of it.
        function_name: of the broker; default: iam-sudo.
        allow_local_simulation: trust the whole account with the base role, so that
            `iam-sudo simulate --local` works; default: False. Whoever may `sts:AssumeRole` on it
            (PowerUserAccess of a person is enough) then has *all* of the base role, selected or
            not. `grant_sudo` does not grant that.
        log_retention: of the broker's log, the audit trail; default: three months.
        removal_policy: of the broker's log group; default: DESTROY. Its name is fixed, so a log
            group that stays makes the next deployment fail; what was handed out remains in
            CloudTrail, as `AssumeRole` with the session's name. RETAIN keeps it.
        log_encryption_key: of the log; default: a key of CloudWatch Logs. The policy of an
            imported one has to let CloudWatch Logs use it. Sessions can use it, not change it. It
            is the key itself, never an alias, for which no policy could keep it.
        environment_encryption: the key of the function's environment; default: a key of Lambda's.
        reserved_concurrent_executions: of the function; default: what the account has left.
        vpc, vpc_subnets, security_groups: the network of the function, from which it has to reach
            IAM and STS; default: none.
        code_signing_config: of the function; default: none. One that enforces signatures needs an
            archive that your pipeline has signed.
        dead_letter_queue: for asynchronous requests that fail; default: none, since nobody asks
            that way. It holds the requests, never credentials.
        alarms: on refusals and failures, `SudoAlarms(…)`; default: none.
        dashboard: whether there is a CloudWatch dashboard, called after function and region: who
            has which roles, refusals, how long it took, the last decisions; default: False.
        policy_name: of the managed policy for permission sets of IAM Identity Center, which is made
            when one is granted something; default: iam-sudo-invoke.

    Raises:
        InvalidChoice: naming the key, the value and what is allowed.
    """

    selection: RoleSelection = field(default_factory=RoleSelection)
    rules: Sequence[SudoRule] = ()
    scope: Literal["stack", "stage"] = "stack"
    base_role_managed_policies: Sequence[str | iam.IManagedPolicy] = ("PowerUserAccess",)
    allowed_regions: Sequence[str] | None = None
    denied_services: Sequence[str] = ()
    permissions_boundary: str | iam.IManagedPolicy | None = None
    role_path: str = "/"
    large_roles: bool = True
    role_name: str = BASE_ROLE_NAME
    function_name: str = FUNCTION_NAME
    allow_local_simulation: bool = False
    log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS
    removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.DESTROY
    log_encryption_key: kms.IKey | None = None
    environment_encryption: kms.IKey | None = None
    reserved_concurrent_executions: int | None = None
    vpc: ec2.IVpc | None = None
    vpc_subnets: ec2.SubnetSelection | None = None
    security_groups: Sequence[ec2.ISecurityGroup] | None = None
    code_signing_config: lambda_.ICodeSigningConfig | None = None
    dead_letter_queue: sqs.IQueue | None = None
    alarms: SudoAlarms | None = None
    dashboard: bool = False
    policy_name: str = INVOKE_POLICY_NAME
    base_role: str | None = None
    other_brokers: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.scope not in ("stack", "stage"):
            raise InvalidChoice(key="scope", value=self.scope, allowed="stack, stage")
        for key, value, pattern, allowed in (
            ("role_name", self.role_name, _ROLE_NAME, "1 to 64 letters, digits and _+=,.@-"),
            ("function_name", self.function_name, _FUNCTION_NAME, "1 to 64 letters, digits, _ -"),
            ("policy_name", self.policy_name, _POLICY_NAME, "1 to 128 letters, digits and _+=,.@-"),
        ):
            if not isinstance(value, str) or not pattern.fullmatch(value):
                raise InvalidChoice(key=key, value=value, allowed=allowed)
        self._check_owner()
        self._check_rules()
        self._extras()
        self._limits()
        check_kinds({RoleSelection: "RoleSelection(…)"}, selection=self.selection)
        check_kinds({logs.RetentionDays: "logs.RetentionDays.…"}, log_retention=self.log_retention)
        check_kinds({cdk.RemovalPolicy: "RemovalPolicy.…"}, removal_policy=self.removal_policy)
        check_truths(
            allow_local_simulation=self.allow_local_simulation,
            dashboard=self.dashboard,
            large_roles=self.large_roles,
        )
        if self.alarms is not None:
            check_kinds({SudoAlarms: "SudoAlarms(…)"}, alarms=self.alarms)
        policies = "names of AWS managed policies, ARNs or IManagedPolicy objects"
        key = "base_role_managed_policies"
        for policy in listed(key, self.base_role_managed_policies, of=policies):
            is_text = isinstance(policy, str) and (
                cdk.Token.is_unresolved(policy) or _MANAGED_POLICY.fullmatch(policy)
            )
            if not is_text and not has_attribute(policy, "managed_policy_arn"):
                raise InvalidChoice(key=key, value=policy, allowed=f"a list of {policies}")

    def bind(self, scope: Construct, development_accounts: Sequence[str]) -> Broker:
        """Build the broker in `scope`, whose stack has the account guard.

        Raises:
            InvalidConfiguration: the selection does not fit the broker's environment.
        """
        stack, extras, limits = cdk.Stack.of(scope), self._extras(), self._limits()
        self._check_accounts(possible_accounts(stack) or development_accounts)
        boundary = limits.boundary(scope)
        name = self.base_role_name
        arn = base_role_arn(stack, name)
        published = bool(self.rules) and not rules_fit(
            self.rules, name=name, large_roles=self.large_roles
        )
        log_group = broker_log(
            scope,
            function_name=self.function_name,
            retention=self.log_retention,
            removal_policy=self.removal_policy,
            extras=extras,
        )
        role = broker_role(
            scope,
            function_name=self.function_name,
            base_role=arn,
            extras=extras,
            path=self.role_path,
            boundary=boundary,
            large_roles=self.large_roles,
            with_source_identity=bool(self.rules),
            more=[read_permission(stack, self.function_name)] if published else [],
        )
        denials = iam.PolicyDocument(
            statements=broker_denials(
                stack,
                function_name=self.function_name,
                log_group_name=log_group_name(self.function_name),
                base_role=arn,
                broker_role=role.role_arn,
            )
        )
        base = None
        if self.base_role is None:
            base = base_role(
                scope,
                name=self.role_name,
                path=self.role_path,
                boundary=boundary,
                limits=limits.policies(scope),
                managed_policies=self.base_role_managed_policies,
                broker_role=role,
                function_name=self.function_name,
                denials=denials,
                trust_whole_account=self.allow_local_simulation,
                other_brokers=self.other_brokers,
                with_source_identity=bool(self.rules),
            )
        roles = None
        if self.selection.reads_the_application:
            roles = ApplicationRoles(
                scope,
                self.selection,
                root=stack if self.scope == "stack" else cdk.Stage.of(scope) or scope.node.root,
                base_role_name=name,
                large_roles=self.large_roles,
            )
            scope.node.add_validation(roles)
        function = broker_function(
            scope,
            name=self.function_name,
            role=role,
            log_group=log_group,
            environment=self._environment(
                stack, base_role=base.role_arn if base else arn, roles=roles, published=published
            ),
            extras=extras,
        )
        if published:
            function.node.add_dependency(
                rules_parameter(scope, self.rules, function_name=self.function_name, after=base)
            )
        denials.add_statements(*archive_denials(stack, bucket_name=archive_bucket(function)))
        denials.add_statements(*extras.denials())
        if boundary:
            denials.add_statements(boundary_denial(boundary.managed_policy_arn))
        topic = self.alarms.topic if self.alarms else None
        denials.add_statements(*watch_denials(stack, function_name=self.function_name, topic=topic))
        for part in (log_group, role, function):
            cast(Any, part.node.default_child).tags.set_tag(BROKER_TAG, self.function_name)
        if not self.rules:
            scope.node.add_validation(
                SessionsFit(scope, self.selection, large_roles=self.large_roles)
            )
        return Broker(
            base_role=base,
            function=function,
            log_group=log_group,
            alarms=build_alarms(
                scope,
                self.alarms,
                function_name=self.function_name,
                rules_are_published=published,
            )
            if self.alarms
            else [],
            dashboard=broker_dashboard(scope, function_name=self.function_name, log_group=log_group)
            if self.dashboard
            else None,
            policy_name=self.policy_name,
            arn=function_arn(stack, self.function_name) if roles else None,
        )

    @property
    def base_role_name(self) -> str:
        """What follows `role/` in the ARN of the base role: its path, if it has one, and name."""
        return with_path("", self.base_role or with_path(self.role_path, self.role_name))

    def _environment(
        self, stack: cdk.Stack, *, base_role: str, roles: ApplicationRoles | None, published: bool
    ) -> dict[str, str]:
        if not self.rules:
            return self.selection.environment(
                stack,
                base_role=base_role,
                name=self.base_role_name,
                role_arns=roles,
                large_roles=self.large_roles,
            )
        return rules_environment(
            self.rules,
            stack,
            base_role=base_role,
            parameter=parameter_name(self.function_name) if published else None,
            large_roles=self.large_roles,
        )

    def _extras(self) -> Extras:
        return Extras(**{each.name: getattr(self, each.name) for each in fields(Extras)})

    def _limits(self) -> Limits:
        return Limits(**{each.name: getattr(self, each.name) for each in fields(Limits)})

    def _check_accounts(self, accounts: Sequence[str]) -> None:
        for arn in self.other_brokers:
            if (account := "".join(arn.split(":")[4:5])).isdigit() and account not in accounts:
                allowed = f"brokers of {', '.join(accounts)}"
                raise InvalidChoice(key="other_brokers", value=arn, allowed=allowed)

    def _check_rules(self) -> None:
        allowed = "a list of SudoRule(…)"
        for rule in listed("rules", self.rules, of="SudoRule(…)"):
            if not isinstance(rule, SudoRule):
                raise InvalidChoice(key="rules", value=rule, allowed=allowed)
        if self.rules and self.selection != RoleSelection():
            raise InvalidChoice(
                key="selection",
                value=self.selection,
                allowed="nothing beside rules, which say which roles; leave one of them out",
            )

    def _check_owner(self) -> None:
        """What a base role is made with has no meaning where it is another's."""
        for arn in listed("other_brokers", self.other_brokers, of="ARNs of execution roles"):
            problem = identity_problem(arn) if isinstance(arn, str) else "it is no text"
            if not problem and ":user/" in arn:
                problem = "it is that of a user"
            if problem:
                raise InvalidChoice(
                    key="other_brokers", value=arn, allowed=f"ARNs of execution roles; {problem}"
                )
        if self.base_role is None:
            return
        if not isinstance(self.base_role, str) or not _WITH_PATH.fullmatch(self.base_role):
            allowed = "a name of a role, behind its path if it has one"
            raise InvalidChoice(key="base_role", value=self.base_role, allowed=allowed)
        of_the_owner = (
            "role_name",
            "base_role_managed_policies",
            "allow_local_simulation",
            "allowed_regions",
            "denied_services",
            "other_brokers",
        )
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name in of_the_owner and value != each.default:
                allowed = "nothing beside base_role, whose owner says it"
                raise InvalidChoice(key=each.name, value=value, allowed=allowed)
