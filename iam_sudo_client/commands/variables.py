"""`--environment`: what CMD gets of the workload whose role it is, and what of one's own shell."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iam_sudo_client.commands.options import THE_ONLY_CONTAINER
from iam_sudo_client.errors import InvalidOption

if TYPE_CHECKING:
    from iam_sudo_client.commands.roles import AskedRole, KnownRole
    from iam_sudo_client.commands.ways import Strategy
    from iam_sudo_client.ways_in.session import CallerSession


@dataclass(frozen=True)
class Variables:
    """What `environment_options` say; without an `environment` CMD gets nothing of the workload."""

    environment: str | None
    secrets_as: str | None
    keep: Sequence[str]

    def check(self, asked: AskedRole, *, runs: bool) -> None:
        """Look at the options, before anybody is asked.

        Raises:
            InvalidOption: they say nothing that can be done.
        """
        if self.environment is None:
            for option, given in (("--secrets-as", self.secrets_as), ("--keep", self.keep)):
                if given:
                    raise InvalidOption(f"{option} is of no use without --environment; give both")
            return
        if asked.workload is None:
            raise InvalidOption(
                "--environment needs the workload and not its role alone: name it by --role-of "
                "ecs:…, task-definition:… or lambda:…"
            )
        if not runs:
            raise InvalidOption("--environment is what CMD gets, and there is no CMD; give one")
        for name in self.keep:
            if name not in os.environ:
                raise InvalidOption(
                    f"--keep {name}: your shell has no such variable; export it, or leave --keep "
                    "out"
                )

    def check_container(self, role: KnownRole) -> None:
        """Look at the container, before credentials that would be for nothing if it is none.

        Raises:
            InvalidOption, ServiceFailed: as `workloads.environment.stated`.
        """
        if self.environment is not None and role.found:
            from iam_sudo_client.workloads.environment import stated

            stated(role.found, self._container)

    def read(self, caller: CallerSession, role: KnownRole, strategy: Strategy) -> dict[str, str]:
        """The variables of the workload; none unless they were asked for.

        Raises:
            InvalidOption, Refused, ServiceFailed: as `workloads.environment.read`.
        """
        if self.environment is None or role.found is None:
            return {}
        from iam_sudo_client.workloads.environment import read

        return read(
            caller,
            role.found,
            self._container,
            as_caller=self.secrets_as == "caller",
            keep=set(self.keep),
            assumed=lambda execution: strategy(caller, str(execution), narrowed=False),
        )

    @property
    def _container(self) -> str | None:
        return None if self.environment == THE_ONLY_CONTAINER else self.environment
