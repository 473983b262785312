from headwater.generation.log import Log
from headwater.logs.memory import MemoryLog
from tests.logs.contract import LogContract


class TestMemoryLog(LogContract):
    def new_log(self) -> Log:
        return MemoryLog()
