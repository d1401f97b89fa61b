"""The shared credentials file, changed without losing anybody's line.

Four keys of one profile change, and its region; every other byte of the file stays. The rules by
which lines are found are those of the reader, botocore, which reads with `configparser`. They are
restated here because round-trip libraries rewrite more than they change (ConfigUpdater 4.1 drops
the indentation of a changed line, so that the next, indented key becomes part of its value). So
each change is also judged by `configparser` itself before it is written: unless the result reads
as the file did, plus the new keys, nothing is written.

The file is replaced whole, under a lock, by one that was born private: who reads it, or kills us,
at any moment finds the old file or the new one. Not attempted: hard links and ACLs are not carried
over. Which profiles may be written, `writable_profile` says.
"""

import os
import re
from collections.abc import Mapping, Sequence
from configparser import RawConfigParser
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from filelock import FileLock, Timeout

from iam_sudo_client.errors import (
    CredentialsFileUnusable,
    ProfileHoldsLongLivedKeys,
)
from iam_sudo_client.shared_files import CREDENTIALS_VARIABLE, Sections, parsed, shared_file
from iam_sudo_client.ways_out.writable_profile import check_profile_name, config_has_region
from iam_sudo_core.credentials import Credentials

LOCK_TIMEOUT_SECONDS = 30.0

# botocore prefers this name, of the year 2011, to aws_session_token: left in place, it would win.
_LEGACY_TOKEN = "aws_security_token"  # noqa: S105 - the name of a key, not a secret


def credentials_path(environ: Mapping[str, str]) -> Path:
    """Return the file that botocore would read: its variable, else ~/.aws/credentials.

    Raises CredentialsFileUnusable when the variable is set but empty: botocore then reads no file;
    and when the home that it names is not there.
    """
    if not environ.get(CREDENTIALS_VARIABLE, "~"):
        raise CredentialsFileUnusable("''", reason=f"{CREDENTIALS_VARIABLE} is set but empty")
    path = shared_file(CREDENTIALS_VARIABLE, environ)
    if path.parts[:1] and path.parts[0].startswith("~"):  # else a folder of that name is made here
        raise CredentialsFileUnusable(path, reason="there is no such home directory; set HOME")
    return path


def save_credentials(
    profile: str,
    credentials: Credentials,
    environ: Mapping[str, str],
    *,
    region: str,
    force: bool = False,
) -> None:
    """`save_profile` where botocore reads, with the region unless the config file says one.

    Raises as `credentials_path` and `save_profile` do.
    """
    save_profile(
        credentials_path(environ),
        profile,
        credentials,
        region=None if config_has_region(profile, environ) else region,
        force=force,
    )


def save_profile(
    path: Path,
    profile: str,
    credentials: Credentials,
    *,
    region: str | None = None,
    force: bool = False,
) -> None:
    """Write the credentials, and a region, into `[profile]` of the file, which ends with mode 0600.

    A missing file is made, and its folders with mode 0700; of a symbolic link the target is
    replaced. Raises InvalidProfileName, ProfileHoldsLongLivedKeys (not with `force`) and
    CredentialsFileUnusable; the file is then as it was.
    """
    check_profile_name(profile)
    wanted = {
        "aws_access_key_id": credentials.access_key_id,
        "aws_secret_access_key": credentials.secret_access_key,
        "aws_session_token": credentials.session_token,
        "expiration": credentials.expiration,
    }
    if region is not None:
        wanted["region"] = region
    for key, value in wanted.items():
        if not value.isprintable() or value.strip() != value or not value:
            raise CredentialsFileUnusable(path, reason=f"the new {key} is not one word of text")
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            # /dev/null is a common value of the variable; it must not be replaced.
            raise CredentialsFileUnusable(path, reason="it is not a regular file")
        _make_private_folder(target.parent)
        with FileLock(f"{target}.lock", timeout=LOCK_TIMEOUT_SECONDS, mode=0o600):
            before = _text(target)
            after = _with_profile(before, profile, wanted, path=path, force=force)
            _replace(target, after.encode("utf-8", "surrogateescape"))
    except Timeout:
        reason = f"another process held {target}.lock for {LOCK_TIMEOUT_SECONDS:.0f} seconds"
        raise CredentialsFileUnusable(path, reason=reason) from None
    except OSError as error:
        reason = f"{error.strerror or error} ({error.filename or path})"
        raise CredentialsFileUnusable(path, reason=reason) from error


def _with_profile(
    before: str, profile: str, wanted: Mapping[str, str], *, path: Path, force: bool
) -> str:
    old = _sections(before, path=path)
    if not force and _is_long_lived(old.get(profile, {})):
        raise ProfileHoldsLongLivedKeys(profile, path=path)
    after = _edited(before, profile, wanted)
    kept = {key: text for key, text in old.get(profile, {}).items() if key != _LEGACY_TOKEN}
    if _sections(after, path=path) != {**old, profile: {**kept, **wanted}}:
        reason = f"its layout around [{profile}] does not let one profile change alone"
        raise CredentialsFileUnusable(path, reason=reason)
    return after


def _is_long_lived(keys: Mapping[str, str]) -> bool:
    has_key = keys.get("aws_access_key_id") or keys.get("aws_secret_access_key")
    has_token = keys.get("aws_session_token") or keys.get(_LEGACY_TOKEN)
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    return bool(has_key) and (
        not has_token or keys.get("aws_access_key_id", "").upper().startswith("AKIA")
    )


def _sections(text: str, *, path: Path) -> Sections:
    """Return the file as botocore reads it, only that [DEFAULT] is a section like any other."""
    sections, reason = parsed(text, default_section="\0")
    if reason:
        raise CredentialsFileUnusable(path, reason=reason)
    return sections


@dataclass(frozen=True)
class _Option:
    key: str
    start: int
    end: int  # after its last continuation line
    indent: str


def _find(lines: Sequence[str], profile: str) -> tuple[int | None, list[_Option]]:
    """Return the number of the section's header line and its options, by configparser's rules."""
    header: int | None = None
    options: list[_Option] = []
    inside = continuable = False
    indent = ""
    for number, line in enumerate(lines):
        content = line.strip()
        if not content or content[0] in "#;":
            continue
        margin = line[: line.index(content)]
        if continuable and len(margin) > len(indent):
            if inside:
                first = options.pop()
                options.append(_Option(first.key, first.start, number + 1, first.indent))
            continue
        indent = margin
        if section := RawConfigParser.SECTCRE.match(content):
            inside, continuable = section["header"] == profile, False
            header = number if inside else header
        else:
            continuable = True
            if inside:
                key = re.split("[=:]", content, maxsplit=1)[0].strip().lower()
                options.append(_Option(key, number, number + 1, margin))
    return header, options


def _edited(text: str, profile: str, wanted: Mapping[str, str]) -> str:
    lines = list(StringIO(text, newline=""))  # splits where universal newlines do, keeps each end
    newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    header, options = _find(lines, profile)
    ours = [option for option in options if option.key in wanted]
    # New keys stand next to those that were there, else at the top; indented as their neighbour,
    # since a line that stands further in than the key above it is read as more of that key's value.
    indent = (ours[-1] if ours else options[0]).indent if options else ""
    new = [
        f"{indent}{key} = {value}{newline}"
        for key, value in wanted.items()
        if key not in {option.key for option in ours}
    ]
    for option in reversed(options):  # from the end, so that the numbers above still hold
        if option.key not in {*wanted, _LEGACY_TOKEN}:
            continue
        first, *rest = lines[option.start : option.end]
        # Comments and blank lines between the lines of a long value are somebody's lines too.
        changed = [line for line in rest if not line.strip() or line.strip()[0] in "#;"]
        if option.key in wanted:
            changed = [_with_value(first, wanted[option.key]), *changed]
        lines[option.start : option.end] = changed + (new if ours and option is ours[-1] else [])
    if header is None:
        gap = [newline] if lines and lines[-1].strip() else []
        lines += [*gap, f"[{profile}]{newline}", *new]
    elif not ours:
        lines[header + 1 : header + 1] = new
    # What was the last line may now have successors, and had perhaps no end.
    ended = [line if line[-1] in "\r\n" else line + newline for line in lines[:-1]]
    return "".join([*ended, *lines[-1:]])


def _with_value(line: str, value: str) -> str:
    name_and_delimiter = re.match(r"[^=:]*[=:][ \t]*", line)
    end = line[len(line.rstrip("\r\n")) :]
    return (name_and_delimiter[0] if name_and_delimiter else "") + value + end


def _make_private_folder(folder: Path) -> None:
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def _text(target: Path) -> str:
    # Bytes that are not UTF-8 stay what they are.
    return target.read_bytes().decode("utf-8", "surrogateescape") if target.exists() else ""


def _replace(target: Path, content: bytes) -> None:
    # A fixed name: under the lock, a draft that is already there is a killed writer's, and goes.
    draft = target.with_name(f".{target.name}.iam-sudo-draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, 0o600)  # whatever the umask
            if target.exists() and (owner := target.stat()).st_uid != os.geteuid():
                os.fchown(descriptor, owner.st_uid, owner.st_gid)  # under sudo it stays the user's
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
