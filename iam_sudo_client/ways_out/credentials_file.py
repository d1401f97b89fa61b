"""The shared credentials file: which keys are written into which profile.

Four keys of one profile change, and its region; every other byte of the file stays, see
`edited_file`. Which profiles may be written, `writable_profile` says.
"""

from collections.abc import Mapping
from pathlib import Path

from iam_sudo_client.errors import (
    CredentialsFileUnusable,
    ProfileHoldsLongLivedKeys,
)
from iam_sudo_client.shared_files import CREDENTIALS_VARIABLE, shared_file
from iam_sudo_client.ways_out.edited_file import Change, write
from iam_sudo_client.ways_out.writable_profile import check_profile_name, config_has_region
from iam_sudo_core.credentials import Credentials

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

    def check(old: Mapping[str, str]) -> None:
        if not force and _is_long_lived(old):
            raise ProfileHoldsLongLivedKeys(profile, path=path)

    def unusable(reason: str) -> CredentialsFileUnusable:
        return CredentialsFileUnusable(path, reason=reason)

    write(path, Change(profile, wanted, unusable, check, gone=(_LEGACY_TOKEN,)))


def _is_long_lived(keys: Mapping[str, str]) -> bool:
    has_key = keys.get("aws_access_key_id") or keys.get("aws_secret_access_key")
    has_token = keys.get("aws_session_token") or keys.get(_LEGACY_TOKEN)
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    return bool(has_key) and (
        not has_token or keys.get("aws_access_key_id", "").upper().startswith("AKIA")
    )
