from headwater.generation.log import LogWriter
from headwater.live.memory import MemoryLog
from tests.live.log_contract import LogContract


class TestMemoryLog(LogContract):
    def new_log(self) -> LogWriter:
        return MemoryLog()
