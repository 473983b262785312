from collections.abc import AsyncGenerator

from headwater.generation.log import Cursor, Log, Page, follow
from tests.generation.follow_contract import FollowContract


class TestFollow(FollowContract):
    def follow(
        self, log: Log, after: Cursor = 0, *, window: float = 0.025, idle: float | None = None
    ) -> AsyncGenerator[Page, None]:
        return follow(log, after, window=window, idle=idle)
