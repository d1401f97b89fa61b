"""The role that a command is about, as it was asked for: by its name, or by a workload that has it.

One of `--role-name` and `--role-of`, in every command that takes a role.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from iam_sudo_client.commands.settled import Settled
from iam_sudo_client.report import note

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession
    from iam_sudo_client.workloads.reference import Workload
    from iam_sudo_client.workloads.roles import Found
    from iam_sudo_core.broker import Request


class MayTakeRole(Settled):
    """A command that may be told a role, by one of its two options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        if isinstance(ctx.params["role_name"], str) and isinstance(ctx.params["role_of"], str):
            raise click.UsageError(
                "--role-name and --role-of are two ways to name one role; leave one of them out",
                ctx,
            )
        return rest


class TakesRole(MayTakeRole):
    """A command that has to be told a role."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        named = ctx.params["role_name"] or ctx.params["role_of"]
        if not named and not ctx.resilient_parsing:
            [option] = [each for each in self.params if each.name == "role_name"]
            raise click.MissingParameter(
                ctx=ctx, param=option, param_hint="'--role-name' or '--role-of'"
            )
        return rest


class RunsCmd(TakesRole):
    """A command that takes CMD, and says of its own options after CMD that they come before it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        typed = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter:
            names = [word.partition("=")[0] for word in typed]
            late = [name for name in names if name in ("--role-name", "--role-of")]
            if not late:
                raise
            raise click.UsageError(
                f"{late[0]} stands after CMD, which takes it for its own; the options of iam-sudo "
                f"come before CMD: {ctx.command_path} {late[0]} … CMD",
                ctx,
            ) from None


@dataclass(frozen=True)
class AskedRole:
    """What one of the two options says; the other is None."""

    name: str | None
    workload: Workload | None

    @classmethod
    def parse(cls, role_name: str | None, role_of: str | None) -> AskedRole:
        """The role of the options.

        Raises:
            InvalidOption: `--role-of` names no workload.
        """
        if role_of is None:
            return cls(role_name, None)
        from iam_sudo_client.workloads.reference import Workload

        return cls(None, Workload.parse(role_of))

    def look_up(self, caller: CallerSession) -> KnownRole:
        """The role that is named, or that of the workload.

        Raises:
            InvalidOption, ServiceFailed, NotConfigured: as `workloads.roles.find`.
        """
        if self.workload is None:
            return KnownRole(str(self.name))
        from iam_sudo_client.workloads.roles import find

        found = find(caller, self.workload)
        note(role_of=self.workload, role=found.role)
        return KnownRole(str(found.role), found)

    def requested(self, caller: CallerSession, request: Request) -> Request:
        """The request, for the role that was looked up."""
        return for_role(request, self.look_up(caller).text) if self.workload else request


@dataclass(frozen=True)
class KnownRole:
    """A role by its ARN, or as it was named; of a workload, what else was `found`."""

    text: str
    found: Found | None = None

    @property
    def name(self) -> str:
        from iam_sudo_core.arns import RoleArn

        arn = RoleArn.named(self.text)
        return arn.name if arn else self.text


def for_role(request: Request, role: str, **more: Any) -> Request:
    """A request for the role of an ARN, or for what was asked by name; `more` is changed too."""
    from iam_sudo_core.arns import RoleArn

    arn = RoleArn.named(role)
    return replace(request, role_name=arn.name if arn else role, arn=arn, **more)
