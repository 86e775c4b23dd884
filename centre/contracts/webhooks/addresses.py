"""Where a webhook may go: public addresses, and those that the operator has listed. Pure.

Whoever may enter a URL could else let our server ask its neighbours (server-side request forgery):
the router's door, a database, a cloud's 169.254.169.254.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

Networks = Sequence[IPv4Network | IPv6Network]

_NAT64: Final = IPv6Network("64:ff9b::/96")
_URL_LENGTH: Final = 2000


def may_go_to(address: str, listed: Networks = ()) -> bool:
    """Whether an address, as the resolver gave it, is public or listed."""
    try:
        found = _inner(ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if any(found in network for network in listed if network.version == found.version):
        return True
    return found.is_global and not found.is_multicast and not found.is_reserved


def url_fault(url: str, listed: Networks = ()) -> str:
    """What is wrong with the URL of an endpoint, '' for nothing. Its name is looked up later, at
    each try, by `post`.
    """
    if len(url) > _URL_LENGTH or not url.isascii() or any(char <= " " for char in url):
        return f"an ASCII URL without blanks, at most {_URL_LENGTH} characters"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "not a URL"
    literal, plain = _is_literal(host), parts.scheme == "http"
    secret = parts.username is not None or parts.password is not None or parts.fragment
    rules = (
        (secret, "no user, password or fragment in the URL: a secret does not belong there"),
        (not host or port == 0, "a host, and a port from 1 to 65535 if any"),
        (
            literal and not may_go_to(host, listed),
            "a public address, or one of a network that the operator has listed",
        ),
        (
            parts.scheme != "https" and not (plain and literal and not may_go_to(host)),
            "https; http only to an address that the operator has listed",
        ),
    )
    return next((rule for broken, rule in rules if broken), "")


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, NAT64), if it is one of these."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
