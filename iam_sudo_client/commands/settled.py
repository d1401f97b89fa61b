"""Commands whose options, where nobody types them, are what was written down: see `settings`.

Options that are typed win. A short name given to --role-name becomes what it stands for. What a
project's file says of anything but roles and regions is asked about, at the terminal alone, before
it is used.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from iam_sudo_client.errors import CommandLineError, InvalidOption, NotConfigured

if TYPE_CHECKING:
    from iam_sudo_client.settings.resolved import Setting, Settings

_META = "iam_sudo_client.settings"
# Of whom a simulated role is asked, and which.
_SIMULATED = ("local", "function_name", "base_role", "principal")


def settings_of(context: click.Context) -> Settings:
    """The settings of a run, read when they are first asked for."""
    if _META not in context.meta:
        from iam_sudo_client.settings.resolved import resolved

        project = getattr(context.command, "reads_project", True)
        context.meta[_META] = resolved(os.environ, project=project)
    found: Settings = context.meta[_META]
    return found


def proposed_roles(_context: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """For the completion of shells: the roles that are known here without asking anybody."""
    from iam_sudo_client.cache import names
    from iam_sudo_client.settings.resolved import resolved

    found = set(names.known(os.environ))
    with suppress(CommandLineError):
        found |= resolved(os.environ).roles.keys()
    return sorted(name for name in found if name.startswith(begun) and names.is_plain(name))


class _Defaults(MutableMapping[str, Any]):
    """Click's `default_map`: `--help` shall not wait for files, nor fail by them."""

    def __init__(
        self, context: click.Context, names: Mapping[str, str], several: Collection[str]
    ) -> None:
        self._context = context
        self._names = names
        self._several = several

    def __contains__(self, name: object) -> bool:
        return name in self._names and self._names[str(name)] in self._defaults

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        value = self._defaults[self._names[name]].value
        return [value] if name in self._several else value

    @property
    def _defaults(self) -> Mapping[str, Setting]:
        return settings_of(self._context).defaults

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._names if name in self)

    def __len__(self) -> int:
        return len(self._names)

    def __setitem__(self, name: str, value: Any) -> None:
        raise TypeError(name)

    __delitem__ = None  # type: ignore[assignment]


class Settled(click.Command):
    """A command that takes defaults of its options, and names of roles, from the settings."""

    # Whether the project's file counts, and whether a role is taken that nobody has named.
    reads_project = True
    takes_default_role = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        names = {p.name: p.opts[0].removeprefix("--") for p in self.params if p.name}
        if not self.takes_default_role:
            names = {name: opt for name, opt in names.items() if not opt.startswith("role-")}
        several = {p.name for p in self.params if p.name and getattr(p, "multiple", False)}
        ctx.default_map = _Defaults(ctx, names, several)
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            self._settle(ctx)
        return rest

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        ctx.default_map = None  # help shows the defaults of the command
        super().format_help(ctx, formatter)

    def _settle(self, ctx: click.Context) -> None:
        settings = settings_of(ctx)
        typed = {
            name
            for name in ctx.params
            if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
        }
        said = {
            option.replace("-", "_"): setting
            for option, setting in settings.defaults.items()
            if ctx.get_parameter_source(option.replace("-", "_")) is ParameterSource.DEFAULT_MAP
        }
        # Of a role, an option takes the place of every setting, and so do the two ways to ask.
        for one, other in (("role_name", "role_of"), ("role_of", "role_name")):
            if one in typed and other not in typed and ctx.params.get(other):
                ctx.params[other] = () if isinstance(ctx.params[other], tuple) else None
                said.pop(other, None)
        said |= self._stand_for(ctx, settings, typed=typed, said=said)
        for each in _overruled(ctx.params, typed):
            ctx.params[each] = False if isinstance(ctx.params[each], bool) else None
            said.pop(each, None)
        _ask(said)

    def _stand_for(
        self,
        ctx: click.Context,
        settings: Settings,
        *,
        typed: set[str],
        said: Mapping[str, Setting],
    ) -> dict[str, Setting]:
        """Put in place of short names what they stand for; what the settings say by that.

        Raises:
            InvalidOption: of several names two say two things.
        """
        from iam_sudo_client.settings.resolved import variable

        by_variable = {
            name for name in said if said[name].source == variable(name.replace("_", "-"))
        }
        params = {each.name: each for each in self.params}
        named: list[str] = []
        workloads: list[str] = []
        found: dict[str, Setting] = {}
        given = ctx.params.get("role_name")
        for role in given if isinstance(given, tuple) else (given,) if given else ():
            short = settings.roles.get(role, {})
            if not short.keys() & {"role-name", "role-of"}:
                named.append(role)
            for option, setting in short.items():
                name = option.replace("-", "_")
                if name in ("role_name", "role_of"):
                    (named if name == "role_name" else workloads).append(str(setting.value).strip())
                elif name not in params or name in typed or name in by_variable:
                    continue
                elif name in found and found[name].value != setting.value:
                    raise InvalidOption(
                        f"{setting.source} says {option} = {setting.value!r} of the role {role!r}, "
                        f"and {found[name].value!r} of one before it; serve them apart, or give "
                        f"--{option}"
                    )
                else:
                    ctx.params[name] = params[name].type_cast_value(ctx, setting.value)
                found[name] = setting
        if isinstance(given, tuple):
            ctx.params["role_name"] = tuple(named)
            ctx.params["role_of"] = (*ctx.params["role_of"], *workloads)
        elif workloads and ctx.params["role_of"] is None:
            ctx.params["role_name"], [ctx.params["role_of"]] = None, workloads
        elif named:
            [ctx.params["role_name"]] = named
        return found


def _overruled(params: Mapping[str, Any], typed: set[str]) -> Iterator[str]:
    """What was written down and contradicts what is typed: the broker, or one's own permissions.

    Or the role itself, which nothing is of that is written of simulated ones.
    """
    if params.get("assume"):
        if "assume" not in typed and typed & {"remote", *_SIMULATED}:
            yield "assume"
        else:
            yield from (name for name in _SIMULATED if params.get(name) and name not in typed)
    if params.get("local") and "local" not in typed and typed & {"remote", "function_name"}:
        yield "local"
    elif params.get("local") and "function_name" not in typed and params.get("function_name"):
        yield "function_name"


def _ask(said: Mapping[str, Setting]) -> None:
    """Have the user agree to what a project's file says and that needs it."""
    from iam_sudo_client.settings.resolved import allow, is_allowed

    asked = {name.replace("_", "-"): each for name, each in said.items() if each.asks}
    if not asked:
        return
    file = next(each.asks for each in asked.values() if each.asks)
    if is_allowed(file, os.environ):
        return
    from iam_sudo_client.report import printable
    from iam_sudo_client.ways_in.terminal import agreed_on_terminal

    wants = ", ".join(f"{name} = {each.value!r}" for name, each in asked.items())
    agreed = agreed_on_terminal(
        printable(
            f"{file.path} wants {', '.join(file.asks())}, which decides who gives out credentials. "
            "Use it?"
        )
    )
    if agreed is None:
        raise NotConfigured(
            f"{file.path} wants {wants}, which needs your yes, and there is no terminal to ask "
            f"on; run iam-sudo in a terminal once, or give --{next(iter(asked))} yourself"
        )
    if not agreed:
        raise NotConfigured(
            f"{file.path} wants {wants}, and you said no; give --{next(iter(asked))} yourself, or "
            "take it out of the file"
        )
    allow(file, os.environ)
