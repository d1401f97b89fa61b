"""Where the endpoint may listen, and who may ask there."""

import pytest

from iam_sudo_client.endpoint.addresses import OF_CONTAINERS, address
from iam_sudo_client.errors import InvalidOption


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]"])
def test_this_machine_may_be_listened_at(host: str) -> None:
    assert not address(host).of_containers


@pytest.mark.parametrize("host", OF_CONTAINERS)
def test_so_may_the_addresses_that_containers_use(host: str) -> None:
    at = address(host)
    assert at.of_containers
    assert at.admits("169.254.170.9")
    for client in ("8.8.8.8", "192.168.1.2", "10.0.0.1", "2001:db8::1"):
        assert not at.admits(client)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.2", "8.8.8.8", "example.com", "169.254.169.254",  # noqa: S104
             "169.254.170.3", "127.0.0.1:80", "::ffff:8.8.8.8", "0", "\x1b[2J", ""],
)  # fmt: skip
def test_no_other_may(host: str) -> None:
    with pytest.raises(InvalidOption, match="is no address at which"):
        address(host)


def test_these_are_the_addresses_that_botocore_asks_without_tls() -> None:
    from botocore.utils import ContainerMetadataFetcher  # noqa: PLC0415 - of one test

    assert set(OF_CONTAINERS) == set(ContainerMetadataFetcher._ALLOWED_HOSTS) - {"localhost"}
