"""`--profile` never changes who somebody is."""

from pathlib import Path

import pytest
from botocore import credentials as botocore_credentials

from iam_sudo_client.errors import ProfileIsSomebody
from iam_sudo_client.shared_files import says_who
from iam_sudo_client.ways_out.writable_profile import check_profile
from tests.client.command_line import Run, Service, one_error


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / ".aws").mkdir()
    return {"HOME": str(tmp_path)}


def config(tmp_path: Path, text: str, name: str = "config") -> None:
    (tmp_path / ".aws" / name).write_text(text)


@pytest.mark.parametrize(
    "key",
    [
        "role_arn", "source_profile", "credential_source", "credential_process", "sso_session",
        "sso_start_url", "sso_account_id", "web_identity_token_file", "login_session",
        "aws_access_key_id", "aws_session_token", "mfa_serial", "ROLE_ARN", "source_role",
    ],
)  # fmt: skip
@pytest.mark.parametrize("header", ["profile orders", 'profile "orders"', "profile   orders"])
def test_a_profile_that_the_config_file_gives_an_identity_is_refused(
    tmp_path: Path, environ: dict[str, str], key: str, header: str
) -> None:
    config(tmp_path, f"[{header}]\nregion = x\n{key} = y\n")
    with pytest.raises(ProfileIsSomebody, match=rf"with {key.lower()}.*--profile iam-sudo-orders"):
        check_profile("orders", environ)
    check_profile("orders", environ, force=True)
    check_profile("iam-sudo-orders", environ)


def test_a_profile_that_is_mere_configuration_may_be_written(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    config(tmp_path, "[profile orders]\nregion = x\noutput = json\nca_bundle = /x\ns3 =\n  a = b\n")
    config(tmp_path, "[orders]\naws_access_key_id=ASIAX\naws_session_token=t\n", "credentials")
    check_profile("orders", environ)


def test_a_credentials_file_may_give_an_identity_too(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    config(tmp_path, "[orders]\nrole_arn = x\nsource_profile = y\n", "credentials")
    with pytest.raises(ProfileIsSomebody, match="with role_arn"):
        check_profile("orders", environ)


def test_default_replaces_the_caller(environ: dict[str, str]) -> None:
    with pytest.raises(ProfileIsSomebody, match="told no profile"):
        check_profile("default", environ)
    check_profile("default", environ, force=True)


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_the_callers_own_profile_is_refused(environ: dict[str, str], variable: str) -> None:
    with pytest.raises(ProfileIsSomebody, match=variable):
        check_profile("dev", {**environ, variable: "dev"})


@pytest.mark.parametrize(("file", "header"), [("config", "profile b"), ("credentials", "b")])
def test_a_profile_that_others_are_made_from_is_refused(
    tmp_path: Path, environ: dict[str, str], file: str, header: str
) -> None:
    config(tmp_path, f"[{header}]\nrole_arn = x\nsource_profile = base\n", file)
    with pytest.raises(ProfileIsSomebody, match="profile b is made from it"):
        check_profile("base", environ)


def test_what_botocore_takes_an_identity_from_says_who_somebody_is() -> None:
    keys = {
        botocore_credentials.SharedCredentialProvider.ACCESS_KEY,
        botocore_credentials.SharedCredentialProvider.SECRET_KEY,
        *botocore_credentials.SharedCredentialProvider.TOKENS,
        *botocore_credentials.SSOProvider._ALL_REQUIRED_CONFIG_VARS,
        *botocore_credentials.AssumeRoleWithWebIdentityProvider._CONFIG_TO_ENV_VAR,
    }
    assert set(says_who(dict.fromkeys(keys, ""))) == keys


def test_nobody_is_asked_for_credentials_that_could_not_be_saved(
    run: Run, service: Service, tmp_path: Path
) -> None:
    (tmp_path / ".aws").mkdir()
    config(tmp_path, "[profile orders]\nrole_arn = arn:aws:iam::111122223333:role/other\n")
    arguments = ("simulate", "--role-name", "orders-task", "--profile", "orders")
    finished = run(*arguments)
    assert one_error(finished, finished.returncode).endswith(
        "Choose another name, --profile iam-sudo-orders for one; --force writes it all the same."
    )
    assert finished.returncode > 2
    assert service.asked == []
    assert not (tmp_path / ".aws" / "credentials").exists()
    assert run(*arguments, "--force").returncode == 0


def test_a_saved_profile_has_the_region(run: Run, tmp_path: Path) -> None:
    run("simulate", "--role-name", "x", "--profile", "orders", "--region", "ap-south-1")
    assert "region = ap-south-1\n" in (tmp_path / ".aws" / "credentials").read_text()


def test_a_region_of_the_config_file_is_kept(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    config(tmp_path, "[profile orders]\nregion = eu-north-1\n")
    run("simulate", "--role-name", "x", "--profile", "orders")
    assert "region" not in (tmp_path / ".aws" / "credentials").read_text()
