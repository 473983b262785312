from headwater.generation.log import Log
from headwater.live.memory import MemoryLog
from tests.live.log_contract import LogContract


class TestMemoryLog(LogContract):
    def new_log(self) -> Log:
        return MemoryLog()
