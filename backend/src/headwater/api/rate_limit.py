"""The headers that tell a client what is left of its rate limit."""

from quart import Quart, Response, g

from headwater.api.principals import current_principal
from headwater.identity.quota import Quota


def install_rate_limit(app: Quart, quota: Quota) -> None:
    """Report the rest of the rate limit with the answer to every start."""

    @app.after_request
    async def report(response: Response) -> Response:
        if g.get("counts_start"):
            rate = await quota.rate_state(current_principal().quota_key)
            response.headers["RateLimit-Limit"] = str(rate.limit)
            response.headers["RateLimit-Remaining"] = str(rate.remaining)
            response.headers["RateLimit-Reset"] = str(rate.reset)
        return response
