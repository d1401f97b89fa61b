"""A profile of the config file that gets its credentials from us, at every start of a program.

Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from iam_sudo_client.errors import ConfigFileUnusable
from iam_sudo_client.shared_files import CONFIG_VARIABLE, read_shared_file, shared_file
from iam_sudo_client.ways_out.edited_file import Change, write
from iam_sudo_client.ways_out.writable_profile import PROCESS_KEY
from iam_sudo_core.credentials import Credentials


def process_text(credentials: Credentials) -> str:
    """What a `credential_process` prints."""
    return json.dumps({"Version": 1, **credentials.to_reply()})


def save_process_profile(
    profile: str, command: Sequence[str], environ: Mapping[str, str], *, region: str
) -> Path:
    """Write a profile whose credentials are those that a command prints; return the file.

    Raises:
        ConfigFileUnusable: the file is as it was.
    """
    path = shared_file(CONFIG_VARIABLE, environ)

    def unusable(reason: str) -> ConfigFileUnusable:
        return ConfigFileUnusable(path, reason=reason)

    # As each SDK takes it apart again.
    join = subprocess.list2cmdline if sys.platform == "win32" else shlex.join
    wanted = {PROCESS_KEY: join(command), "region": region}
    section = _section(profile, path)
    write(path, Change(section, wanted, unusable, check=lambda _old: None))
    return path


def _section(profile: str, path: Path) -> str:
    """The header under which the file has the profile, or shall have it."""
    known = read_shared_file(path, variable=CONFIG_VARIABLE) if path.is_file() else {}
    for section in known:
        try:
            words = shlex.split(section)
        except ValueError:
            continue
        if words == ["profile", profile]:
            return section
    return "default" if profile == "default" else f"profile {shlex.quote(profile)}"
