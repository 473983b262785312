"""Whose starts are counted together, and for how long they are remembered."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from quart import Quart
from quart_rate_limiter import KeyCallable, RateLimit, RateLimiter, RateLimitExceeded, SkipCallable
from quart_rate_limiter.store import RateLimiterStoreABC

from headwater.errors import RateLimitedError
from headwater.settings import Rate

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


class StartLimiter(RateLimiter):
    """Limits how often one client starts a reply: by `limit()` on a route, by `take()` for what has none.

    All of it counts together, whatever the route and the transport, where the library counts each route by
    itself.
    """

    def __init__(self, app: Quart, rate: Rate, key: KeyCallable) -> None:
        super().__init__(app, key, PassingStore())
        self._count, self._period = rate.count, timedelta(seconds=rate.seconds)

    def limit(self, skip: SkipCallable | None = None) -> RateLimit:
        """The limit for a route that starts replies, but where `skip` says that it does not."""
        return RateLimit(self._count, self._period, skip_function=skip)

    async def take(self, counted_as: str) -> None:
        """Count a start that is no request of its own. Raises `RateLimitedError`."""

        async def key() -> str:
            return counted_as

        limits = [RateLimit(self._count, self._period, key)]
        try:
            await self._raise_on_rejection("", limits)
        except RateLimitExceeded as error:
            raise too_fast(error) from None
        await self._update_limits("", limits)

    async def _create_key(self, endpoint: str, rate_limit: RateLimit) -> str:  # noqa: ARG002
        return await (rate_limit.key_function or self.key_function)()


def too_fast(error: RateLimitExceeded) -> RateLimitedError:
    """The library's refusal, as ours."""
    seconds = int(str(error.retry_after))
    return RateLimitedError(
        f"You are starting replies too fast; try again in {seconds} s.", retry_after=seconds
    )


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
