"""Where the endpoint may listen: at this machine alone, or where containers of it look.

SDKs send the token without TLS, so they ask nowhere but at a loopback address and at the two
addresses of container services; anywhere else nobody could ask, and anybody could listen.
Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from iam_sudo_client.errors import InvalidOption

# Amazon ECS, and Amazon EKS in both versions of IP. No router takes them anywhere else.
OF_CONTAINERS = ("169.254.170.2", "169.254.170.23", "fd00:ec2::23")
# Who can ask there: containers of a network of that kind, and this machine.
_CLIENTS = tuple(ip_network(each) for each in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32"))


@dataclass(frozen=True)
class Address:
    """An address to listen at, and whose requests are taken there."""

    ip: IPv4Address | IPv6Address

    @property
    def of_containers(self) -> bool:
        return not self.ip.is_loopback

    def names(self) -> list[str]:
        """What a URL calls it, the one that we say first."""
        own = f"[{self.ip}]" if isinstance(self.ip, IPv6Address) else str(self.ip)
        return [own, *(["localhost"] if self.ip.is_loopback else [])]

    def admits(self, client: str) -> bool:
        """Whether somebody at this address can be a client."""
        ip = ip_address(client.partition("%")[0])
        return ip.is_loopback or (self.of_containers and any(ip in each for each in _CLIENTS))


def address(host: str) -> Address:
    """The address that `--host` says.

    Raises:
        InvalidOption: it is none where an SDK would ask.
    """
    try:
        ip = ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError:
        ip = None
    if ip is None or not (ip.is_loopback or ip in map(ip_address, OF_CONTAINERS)):
        raise InvalidOption(
            f"--host {host!r} is no address at which SDKs ask without TLS; it is 127.0.0.1, or for "
            f"containers {', '.join(OF_CONTAINERS)}, as docs/recipes.md shows"
        )
    return Address(ip)
