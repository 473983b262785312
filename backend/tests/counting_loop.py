"""An event loop that counts what it is given to do."""

import asyncio
from collections import Counter
from typing import Any


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts what is scheduled: steps of tasks, other callbacks, and timers."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:  # type: ignore[override]
        is_task = type(callback).__name__ in {"TaskStepMethWrapper", "TaskWakeupMethWrapper"} or isinstance(
            getattr(callback, "__self__", None), asyncio.Task
        )
        self.counts["steps of tasks" if is_task else "callbacks"] += 1
        return super().call_soon(callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Any, *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        self.counts["timers"] += 1
        return super().call_at(when, callback, *args, context=context)
