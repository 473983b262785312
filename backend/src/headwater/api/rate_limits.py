"""Whose starts are counted together, and for how long they are remembered."""

from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address, ip_network

from quart_rate_limiter.store import RateLimiterStoreABC

IPV6_PREFIX = 64
"""Bits of an IPv6 address that name a network: everybody in one has all of its addresses."""

FEWEST = 1000
"""Keys that are worth looking through for those that can be forgotten."""


def network_of(address: str) -> str:
    """What an address counts as: itself, or for IPv6 its network. What is no address counts as it is."""
    try:
        parsed = ip_address(address.split("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed)


class PassingStore(RateLimiterStoreABC):
    """Keeps of a key when it has its whole limit again, and forgets it then.

    The library's own store keeps every key for ever, and whoever has many addresses fills it.
    """

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}
        self._most = FEWEST

    def __len__(self) -> int:
        return len(self._until)

    async def get(self, key: str, default: datetime) -> datetime:
        """See `RateLimiterStoreABC.get`."""
        return self._until.get(key, default)

    async def set(self, key: str, tat: datetime) -> None:
        """See `RateLimiterStoreABC.set`."""
        self._until[key] = tat
        if len(self._until) > self._most:
            now = datetime.now(UTC)
            self._until = {known: until for known, until in self._until.items() if until > now}
            self._most = max(FEWEST, 2 * len(self._until))

    async def before_serving(self) -> None:
        """Nothing is needed."""

    async def after_serving(self) -> None:
        """Nothing is left."""
