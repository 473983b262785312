"""The headers that tell a client what is left of its rate limit."""

from quart import Quart, Response, g

from headwater.api.principals import Visit
from headwater.identity.quota import Quota


def install_rate_limit(app: Quart, quota: Quota) -> None:
    """Report the rest of the rate limit with the answer to every start."""

    @app.after_request
    async def report(response: Response) -> Response:
        visit: Visit | None = g.get("visit")
        if visit is not None and visit.counts_start:
            rate = quota.rate_state(visit.principal.quota_key)
            response.headers["RateLimit-Limit"] = str(rate.limit)
            response.headers["RateLimit-Remaining"] = str(rate.remaining)
            response.headers["RateLimit-Reset"] = str(rate.reset)
        return response
