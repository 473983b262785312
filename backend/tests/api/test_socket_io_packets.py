"""The queue of packets that wait for a client of Socket.IO."""

import asyncio

import pytest
from engineio.exceptions import SocketIsClosedError
from engineio.packet import MESSAGE, NOOP, PING, Packet

from headwater.api.socket_io import packets
from headwater.api.socket_io.packets import MAX_MESSAGES, Outbox


async def take(outbox: Outbox) -> Packet:
    packet = await outbox.get()
    outbox.task_done()
    return packet


async def test_messages_wait_for_room_and_control_packets_do_not() -> None:
    outbox = Outbox()
    messages = [Packet(MESSAGE, str(number)) for number in range(MAX_MESSAGES + 1)]
    for message in messages[:-1]:
        await outbox.put(message)
    waiting = asyncio.create_task(outbox.put(messages[-1]))
    control = [Packet(PING), Packet(NOOP), None]
    for packet in control:
        await outbox.put(packet)
    assert [await take(outbox) for _ in range(MAX_MESSAGES)] == messages[:-1]
    assert not waiting.done()
    assert [await take(outbox) for _ in control] == control
    await waiting
    assert await take(outbox) is messages[-1]


async def test_a_client_that_takes_nothing_counts_as_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "PATIENCE", 0.01)
    outbox = Outbox()
    for number in range(MAX_MESSAGES):
        await outbox.put(Packet(MESSAGE, str(number)))
    with pytest.raises(SocketIsClosedError):
        await outbox.put(Packet(MESSAGE, "one more"))
    await outbox.join()
    assert outbox.qsize() == MAX_MESSAGES
