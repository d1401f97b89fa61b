"""The role that a command is about, as it was asked for: by its name, or by a workload that has it.

One of `--role-name` and `--role-of`, in every command that takes a role.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from iam_sudo_client.report import note

if TYPE_CHECKING:
    from iam_sudo_client.ways_in.session import CallerSession
    from iam_sudo_client.workloads.reference import Workload
    from iam_sudo_client.workloads.roles import Found
    from iam_sudo_core.broker import Request


class MayTakeRole(click.Command):
    """A command that may be told a role, by one of its two options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        if ctx.params["role_name"] is not None and ctx.params["role_of"] is not None:
            raise click.UsageError(
                "--role-name and --role-of are two ways to name one role; leave one of them out",
                ctx,
            )
        return rest


class TakesRole(MayTakeRole):
    """A command that has to be told a role."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        if ctx.params["role_name"] is ctx.params["role_of"] and not ctx.resilient_parsing:
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

    def look_up(self, caller: CallerSession) -> Found | None:
        """The workload's role; None where the role is named by itself.

        Raises:
            InvalidOption, ServiceFailed, NotConfigured: as `workloads.roles.find`.
        """
        if self.workload is None:
            return None
        from iam_sudo_client.workloads.roles import find

        found = find(caller, self.workload)
        note(role_of=self.workload, role=found.role)
        return found

    def requested(self, caller: CallerSession, request: Request) -> Request:
        """The request, for the role that was looked up."""
        found = self.look_up(caller)
        return for_role(request, str(found.role)) if found else request


def for_role(request: Request, role: str, **more: Any) -> Request:
    """A request for the role of an ARN, or for what was asked by name; `more` is changed too."""
    from iam_sudo_core.arns import RoleArn

    arn = RoleArn.named(role)
    return replace(request, role_name=arn.name if arn else role, arn=arn, **more)
