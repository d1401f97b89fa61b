"""The caller: what their variables and files say, their credentials, and botocore's whole session.

botocore reads both here, by the parts that its own session is made of: `configloader` and
`configprovider` for values, its chain of providers for credentials. The session itself, with what
makes clients, takes as long again; who needs it (`whole`) pays for it, and whatever a provider asks
that is not here is answered by it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore import configloader, configprovider, exceptions, utils

from iam_sudo_client.errors import NotConfigured
from iam_sudo_client.shared_files import check_shared_files
from iam_sudo_client.ways_in import caller_credentials
from iam_sudo_client.ways_in.wrong_settings import (
    invalid_setting,
    no_such_profile,
    unusable_setting,
)
from iam_sudo_core.errors import quoted

if TYPE_CHECKING:
    from botocore.session import Session

    from iam_sudo_core.account import Client
    from iam_sudo_core.credentials import Credentials

# For the calls by which providers get credentials: botocore's own patience is five minutes.
CONNECT_SECONDS = 4
_READ_SECONDS = 20
_ATTEMPTS = 2
_PROFILE = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")  # in botocore's order


class CallerSession:
    """Who asks. Towards botocore's providers it is a session."""

    def __init__(self, environ: Mapping[str, str], *, profile: str | None = None) -> None:
        self.environ = environ
        # A profile that is given, and not set, wins over keys of variables, as everywhere.
        self._given: dict[str, Any] = {} if profile is None else {"profile": profile}
        mapping = configprovider.create_botocore_default_config_mapping(self)
        self._values = configprovider.ConfigValueStore(mapping=mapping)

    # What botocore asks of a session.

    def instance_variables(self) -> dict[str, Any]:
        return dict(self._given)

    def get_config_variable(self, name: str) -> Any:
        """A value of the variables, else of the profile, by botocore's own names."""
        return self._values.get_config_variable(name)

    @cached_property
    def full_config(self) -> dict[str, Any]:
        config: dict[str, Any] = {"profiles": {}}
        with suppress(exceptions.ConfigNotFound):
            config = configloader.load_config(self.get_config_variable("config_file"))
        with suppress(exceptions.ConfigNotFound):
            saved = configloader.raw_config_parse(self.get_config_variable("credentials_file"))
            for name, keys in saved.items():
                config["profiles"].setdefault(name, {}).update(keys)
        return config

    def get_scoped_config(self) -> dict[str, Any]:
        """The keys of the profile in both files."""
        found: dict[str, Any]
        name, known = self.profile, self.full_config["profiles"]
        if name is None:
            found = known.get("default", {})
        elif name in known:
            found = known[name]
        else:
            raise exceptions.ProfileNotFound(profile=name)
        return found

    @property
    def profile(self) -> str | None:
        name: str | None = self.get_config_variable("profile")
        return name

    def user_agent(self) -> str:
        return "iam-sudo"

    def create_client(self, *arguments: Any, **options: Any) -> Any:
        # Providers take the method and seldom call it: with `__getattr__` the session were made.
        return self._session.create_client(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._session, name)

    # What we ask.

    @property
    def region(self) -> str:
        region: str = self.get_config_variable("region")
        return region

    @cached_property
    def credentials(self) -> caller_credentials.Keys:
        """The caller's credentials, of which every character can be sent.

        Raises:
            NotConfigured: there are none, or they are none.
            ServiceFailed: AWS, asked for them, does not answer.
        """
        return caller_credentials.load(self)

    @property
    def loaded(self) -> caller_credentials.Keys | None:
        """The caller's credentials if they are there: what fails on the way to them asks again."""
        keys: caller_credentials.Keys | None = self.__dict__.get("credentials")
        return keys

    @property
    def whole(self) -> Session:
        """Botocore's session, for its clients.

        Raises:
            NotConfigured, ServiceFailed: as `credentials`.
        """
        keys = self.credentials
        self._session.set_credentials(keys.access_key, keys.secret_key, keys.token)
        return self._session

    def clients(self) -> tuple[Client, Client]:
        """Clients of IAM and STS, as the caller.

        Raises:
            NotConfigured, ServiceFailed: as `credentials`; a setting that botocore does not take.
        """
        from iam_sudo_core.account import calls  # noqa: PLC0415 - it brings boto3

        session = self.whole
        try:
            return calls.clients(session)
        except Exception as error:  # whatever botocore makes of a variable or a key
            raise unusable_setting(error, self) from error

    def client(
        self, service: str, *, region: str | None = None, credentials: Credentials | None = None
    ) -> Client:
        """A client of a service, as the caller or with other credentials.

        Raises:
            NotConfigured, ServiceFailed: as `clients`.
        """
        # At DEBUG botocore writes every reply out, and some have secrets.
        logging.getLogger("botocore").setLevel(logging.INFO)
        options: dict[str, Any] = {"region_name": region or self.region}
        if credentials:
            options |= {
                "aws_access_key_id": credentials.access_key_id,
                "aws_secret_access_key": credentials.secret_access_key,
                "aws_session_token": credentials.session_token,
            }
        session = self.whole
        try:
            client: Client = session.create_client(service, **options)
        except Exception as error:  # whatever botocore makes of a variable or a key
            raise unusable_setting(error, self) from error
        return client

    @cached_property
    def _session(self) -> Session:
        from botocore.config import Config  # noqa: PLC0415 - see above
        from botocore.session import Session  # noqa: PLC0415

        session = Session()
        for name, value in self._given.items():
            session.set_config_variable(name, value)
        session.set_default_client_config(
            Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            )
        )
        return session

    def use_region(self, region: str) -> None:
        self._given["region"] = region
        self._values = configprovider.ConfigValueStore(
            mapping=configprovider.create_botocore_default_config_mapping(self)
        )


def open_session(
    region: str | None, environ: Mapping[str, str], *, profile: str | None = None
) -> CallerSession:
    """The caller of a profile, else of the environment and the files, in a region.

    The region is the option's, else `AWS_REGION` (which botocore alone would not read), else what
    botocore finds: `AWS_DEFAULT_REGION`, the profile's.

    Raises:
        NotConfigured: there is no region, no such profile, or a value that is none.
        SharedFileUnusable: a file of AWS's cannot be read.
    """
    check_shared_files(os.environ)
    caller = CallerSession(environ, profile=profile)
    try:
        caller.get_scoped_config()
    except exceptions.ProfileNotFound:
        set_by = next((name for name in _PROFILE if name in os.environ), "AWS_PROFILE")
        raise no_such_profile(
            caller.profile or "",
            variable="--caller-profile" if profile else set_by,
            known=caller.full_config["profiles"],
        ) from None
    except exceptions.ConfigParseError as error:
        raise NotConfigured(
            f"the file {error.kwargs.get('path')} cannot be read: a value that begins on a line "
            "of its own has to be lines of key = value. Repair it."
        ) from None
    _check_values(caller)
    named = region or environ.get("AWS_REGION") or caller.get_config_variable("region")
    if not named:
        raise NotConfigured(
            "no region: give --region, or set AWS_REGION or the region of "
            f"{f'profile {caller.profile}' if caller.profile else 'a profile'}"
        )
    try:
        utils.validate_region_name(named)
    except exceptions.InvalidRegionError:
        raise NotConfigured(
            f"{quoted(named)} is no region's name, such as eu-west-1: check --region, AWS_REGION, "
            "AWS_DEFAULT_REGION and the region of your profile"
        ) from None
    caller.use_region(named)
    return caller


def _check_values(caller: CallerSession) -> None:
    """Have botocore convert every value that it knows: a number that is none fails here."""
    for name, (keys, variables, *_) in configprovider.BOTOCORE_DEFAUT_SESSION_VARIABLES.items():
        try:
            caller.get_config_variable(name)
        except Exception:  # whatever a conversion makes of it
            raise invalid_setting(caller, keys=keys, variables=variables) from None
