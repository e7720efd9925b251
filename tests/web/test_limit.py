from __future__ import annotations

import asyncio

import pytest

from mailharvest.web.limit import Limits


def test_what_is_in_time_is_returned_and_leaves_nothing_behind() -> None:
    async def main() -> None:
        limits = Limits()
        assert await limits.hold(10, asyncio.sleep(0, "done")) == "done"
        with pytest.raises(ZeroDivisionError):
            await limits.hold(10, fails())
        assert not limits._until

    async def fails() -> None:
        raise ZeroDivisionError

    asyncio.run(main())


def test_what_is_late_is_cancelled_and_only_that() -> None:
    cleaned: list[int] = []

    async def work(number: int, seconds: float) -> int:
        try:
            await asyncio.sleep(seconds)
        finally:
            cleaned.append(number)
        return number

    async def main() -> None:
        limits = Limits()
        results = await asyncio.gather(
            limits.hold(0.05, work(1, 60)),
            limits.hold(60, work(2, 0.4)),
            limits.hold(0.15, work(3, 60)),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [TimeoutError, int, TimeoutError]
        assert sorted(cleaned) == [1, 2, 3]
        task = asyncio.current_task()
        assert task is not None and task.cancelling() == 0
        assert await limits.hold(10, asyncio.sleep(0, "again")) == "again"

    asyncio.run(main())


def test_a_cancellation_from_elsewhere_is_no_timeout() -> None:
    async def main() -> None:
        limits = Limits()
        task = asyncio.create_task(limits.hold(60, asyncio.sleep(60)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not limits._until

    asyncio.run(main())


def test_both_at_once_is_a_cancellation() -> None:
    async def main() -> None:
        limits = Limits()
        task = asyncio.create_task(limits.hold(0.0, asyncio.sleep(60)))
        await asyncio.sleep(0.001)
        limits._expire()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_nothing_in_flight_is_no_timer() -> None:
    async def main() -> None:
        limits = Limits()
        await limits.hold(10, asyncio.sleep(0))
        assert limits._look is not None
        limits._look.cancel()
        limits._expire()
        assert limits._look is None

    asyncio.run(main())
