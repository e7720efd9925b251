from __future__ import annotations

import asyncio
import time

from mailharvest.web import gate as module
from mailharvest.web.gate import FIRST, LEAST, Gate


def test_no_more_than_the_limit_are_in_and_all_get_their_turn() -> None:
    most = 0

    async def exchange(gate: Gate) -> None:
        nonlocal most
        await gate.enter()
        most = max(most, gate.busy)
        await asyncio.sleep(0)
        gate.leave()

    async def main() -> None:
        gate = Gate(5)
        await asyncio.gather(*(exchange(gate) for _ in range(100)))
        assert gate.busy == 0

    asyncio.run(main())
    assert most == 5


def test_who_is_cancelled_in_line_takes_no_place() -> None:
    async def main() -> None:
        gate = Gate(1)
        await gate.enter()
        first, second = (asyncio.create_task(gate.enter()) for _ in range(2))
        await asyncio.sleep(0)
        gate.leave()  # the turn of the first, who is cancelled before it hears of it
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert first.cancelled()
        await second
        assert gate.busy == 1
        gate.leave()
        assert gate.busy == 0

    asyncio.run(main())


def test_a_visit_waits_until_there_is_room_for_another() -> None:
    async def main() -> None:
        gate = Gate(2)
        await gate.room(2)  # promised, until a look shows what has become of it
        visits = [asyncio.create_task(gate.room(1)) for _ in range(2)]
        await gate.enter()
        await asyncio.sleep(0)
        assert not any(visit.done() for visit in visits)
        async with asyncio.timeout(30):
            await visits[0]
            assert not visits[1].done()
            gate.leave()
            await visits[1]

    asyncio.run(main())


def test_the_limit_grows_while_the_loop_is_idle_and_shrinks_when_it_is_late(monkeypatch) -> None:
    monkeypatch.setattr(module, "EVERY", 0.01)
    monkeypatch.setattr(module, "CALM", 60.0)

    async def until(changed) -> None:
        async with asyncio.timeout(30):
            while not changed():
                await asyncio.sleep(0.01)

    async def main() -> None:
        gate = Gate(10_000)
        for _ in range(FIRST):
            await gate.enter()
        line = [asyncio.create_task(gate.enter()) for _ in range(FIRST)]
        await until(lambda: gate.limit > FIRST and all(task.done() for task in line))
        monkeypatch.setattr(module, "CALM", -1.0)
        high = gate.limit
        time.sleep(2 * module.LATE)  # the loop hears of nothing meanwhile
        await until(lambda: gate.limit < high)
        assert gate.limit >= LEAST

    asyncio.run(main())
