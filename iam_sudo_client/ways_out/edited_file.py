"""A file of AWS tools, changed without losing anybody's line.

A few keys of one section change; every other byte of the file stays. The rules by which lines are
found are those of the reader, botocore, which reads with `configparser`. They are restated here
because round-trip libraries rewrite more than they change (ConfigUpdater 4.1 drops the indentation
of a changed line, so that the next, indented key becomes part of its value). So each change is also
judged by `configparser` itself before it is written: unless the result reads as the file did, plus
the new keys, nothing is written.

The file is replaced whole, under a lock, by one that was born private: who reads it, or kills us,
at any moment finds the old file or the new one. Not attempted: hard links and ACLs are not carried
over.
"""

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from configparser import RawConfigParser
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from filelock import FileLock, Timeout

from iam_sudo_client.errors import CommandLineError
from iam_sudo_client.shared_files import Sections, parsed

LOCK_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Change:
    """`wanted` goes into `[section]`, and keys named `gone` go out of it.

    `check` is given the section as it is, and raises where it must stay; `unusable` makes the error
    of a reason.
    """

    section: str
    wanted: Mapping[str, str]
    unusable: Callable[[str], CommandLineError]
    check: Callable[[Mapping[str, str]], None]
    gone: Collection[str] = ()


def write(path: Path, change: Change) -> None:
    """Change a section of the file, which ends with mode 0600.

    A missing file is made, and its folders with mode 0700; of a symbolic link the target is
    replaced. When this raises, the file is as it was.
    """
    for key, value in change.wanted.items():
        if not value.isprintable() or value.strip() != value or not value:
            raise change.unusable(f"the new {key} is not one word of text")
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            # /dev/null is a common value of the variable; it must not be replaced.
            raise change.unusable("it is not a regular file")
        _make_private_folder(target.parent)
        with FileLock(f"{target}.lock", timeout=LOCK_TIMEOUT_SECONDS, mode=0o600):
            after = _changed(_text(target), change)
            _replace(target, after.encode("utf-8", "surrogateescape"))
    except Timeout:
        raise change.unusable(
            f"another process held {target}.lock for {LOCK_TIMEOUT_SECONDS:.0f} seconds"
        ) from None
    except OSError as error:
        raise change.unusable(f"{error.strerror or error} ({error.filename or path})") from error


def _changed(before: str, change: Change) -> str:
    old = _sections(before, change)
    of = old.get(change.section, {})
    change.check(of)
    after = _edited(before, change)
    kept = {key: text for key, text in of.items() if key not in change.gone}
    if _sections(after, change) != {**old, change.section: {**kept, **change.wanted}}:
        raise change.unusable(
            f"its layout around [{change.section}] does not let one profile change alone"
        )
    return after


def _sections(text: str, change: Change) -> Sections:
    """Return the file as botocore reads it, only that [DEFAULT] is a section like any other."""
    sections, reason = parsed(text, default_section="\0")
    if reason:
        raise change.unusable(reason)
    return sections


@dataclass(frozen=True)
class _Option:
    key: str
    start: int
    end: int  # after its last continuation line
    indent: str


def _find(lines: Sequence[str], name: str) -> tuple[int | None, list[_Option]]:
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
            inside, continuable = section["header"] == name, False
            header = number if inside else header
        else:
            continuable = True
            if inside:
                key = re.split("[=:]", content, maxsplit=1)[0].strip().lower()
                options.append(_Option(key, number, number + 1, margin))
    return header, options


def _edited(text: str, change: Change) -> str:
    wanted = change.wanted
    lines = list(StringIO(text, newline=""))  # splits where universal newlines do, keeps each end
    newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    header, options = _find(lines, change.section)
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
        if option.key not in {*wanted, *change.gone}:
            continue
        first, *rest = lines[option.start : option.end]
        # Comments and blank lines between the lines of a long value are somebody's lines too.
        changed = [line for line in rest if not line.strip() or line.strip()[0] in "#;"]
        if option.key in wanted:
            changed = [_with_value(first, wanted[option.key]), *changed]
        lines[option.start : option.end] = changed + (new if ours and option is ours[-1] else [])
    if header is None:
        gap = [newline] if lines and lines[-1].strip() else []
        lines += [*gap, f"[{change.section}]{newline}", *new]
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
