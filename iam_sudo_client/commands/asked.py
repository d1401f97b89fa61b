"""What the options of `options` ask for: a function, a request, a policy; or an error."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from iam_sudo_client.commands.options import DEFAULT_FUNCTION_NAME
from iam_sudo_client.errors import InvalidOption

if TYPE_CHECKING:
    from iam_sudo_core.broker import Request

DEFAULT_BASE_ROLE = "IAMSudoUser"

_YET_UNKNOWN = 64 * "-"  # a role's name that is a part of no other, and is replaced


def asked_function(*, remote: bool, local: bool, function_name: str | None) -> str | None:
    """The broker's function to ask, or None where the caller's own permissions are to be used.

    Raises:
        InvalidOption: the options say both, or name what cannot be a function.
    """
    if local and (remote or function_name):
        other = "--remote" if remote else f"--function-name {function_name}"
        raise InvalidOption(
            f"--local asks no broker, and {other} does; leave one of them out, since the two need "
            "not come to the same"
        )
    if function_name and not function_name.strip("."):  # a path that leads elsewhere
        raise InvalidOption(f"--function-name {function_name} is no function's name")
    return None if local else function_name or DEFAULT_FUNCTION_NAME


def role_request(
    role_name: str | None,
    *,
    principal: str | None,
    base_role: str | None,
    policy: str | None,
    explain: bool,
    reason: str | None = None,
    function: str | None = None,
) -> Request:
    """The options of `simulated_role_options` as the broker is asked.

    Without a name the role is yet to be looked up, and the request is for none that there is.

    Raises:
        InvalidOption: one of them is none that the broker would take; a reason, and no broker.
    """
    if reason and function is None:
        raise InvalidOption(
            "--reason is for the broker's audit trail, and --local asks no broker; leave one of "
            "them out"
        )
    from iam_sudo_core.broker.request import Request
    from iam_sudo_core.errors import InvalidRequest

    options = {
        "role_name": role_name or _YET_UNKNOWN,
        "principal": principal,
        "base_role": base_role,
        "policy": None if policy is None else policy_document(policy),
        "explain": explain,
        "reason": reason,
    }
    try:
        return Request.parse({key: value for key, value in options.items() if value is not None})
    except InvalidRequest as error:
        raise InvalidOption(str(error)) from None


def policy_document(text: str) -> object:
    """The policy of `--policy`: JSON, or a file of it, by its path or as the AWS CLI writes one.

    Raises:
        InvalidOption: there is no such file, or it is no JSON, or JSON that may be read two ways.
    """
    import json
    from pathlib import Path

    from iam_sudo_core.errors import quoted

    where = "--policy"
    if not text.startswith("{"):
        # Unlike `Path.expanduser`, it leaves a home that is not there as it is.
        path = Path(os.path.expanduser(text.removeprefix("file://")))  # noqa: PTH111
        where = f"--policy {quoted(str(path))}"
        try:
            text = path.read_text("utf-8-sig")
        except OSError as error:
            raise InvalidOption(f"{where} cannot be read: {error.strerror or error}") from None
        except UnicodeError:
            raise InvalidOption(f"{where} is not UTF-8") from None
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise InvalidOption(
            f"{where} is not JSON, at line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise InvalidOption(f"{where} cannot be used: {error}") from None


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands there twice")
    return found


def default_base_role() -> str:
    """The base role of `--local` where no option names one; an empty variable is none."""
    return os.environ.get("IAM_SUDO_BASE_ROLE") or DEFAULT_BASE_ROLE
