"""What is asked at the same time shares a group, and nobody pays for it: not by waiting, not by
somebody else's fault, not by being served twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest

from plumbing.gathering import AT_ONCE, LARGEST_GROUP, Gathering

ONE, OTHER = UUID(int=1), UUID(int=2)


class Counter:
    """Serves numbers: doubles them, slowly, and remembers in which groups they came."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.open = asyncio.Event()
        self.gathering: Gathering[int, int] = Gathering(self.serve)

    async def serve(self, key: UUID, items: Sequence[int]) -> list[int | Exception]:
        self.groups.append(list(items))
        await self.open.wait()
        if 13 in items:
            raise ZeroDivisionError
        if 14 in items:
            raise ConnectionResetError
        return [ValueError("odd") if item == 15 else 2 * item for item in items]

    async def ask(self, *items: int, key: UUID = ONE) -> list[asyncio.Task[int]]:
        """Ask for each, one after the other, and let the last come in."""
        asked = []
        for item in items:
            asked.append(asyncio.create_task(self.gathering.ask(key, item)))
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        return asked

    async def answers(self, asked: Sequence[asyncio.Task[int]]) -> list[int | str]:
        """What each got, in their order; an error by its name."""
        self.open.set()
        got = await asyncio.gather(*asked, return_exceptions=True)
        return [each if isinstance(each, int) else type(each).__name__ for each in got]


async def test_who_comes_first_goes_at_once_and_who_comes_meanwhile_goes_together() -> None:
    counter = Counter()
    asked = await counter.ask(1, 2, 3)
    assert counter.groups == [[1]]
    assert await counter.answers(asked) == [2, 4, 6]
    assert counter.groups == [[1], [2, 3]]
    assert await counter.answers(await counter.ask(4)) == [8]


async def test_nobody_waits_for_another_company() -> None:
    counter = Counter()
    asked = await counter.ask(1) + await counter.ask(2, key=OTHER)
    assert counter.groups == [[1], [2]]
    assert await counter.answers(asked) == [2, 4]


async def test_when_all_turns_are_taken_the_next_company_gathers_a_group() -> None:
    counter = Counter()
    asked = []
    for key in range(AT_ONCE):
        asked += await counter.ask(key, key=UUID(int=key))
    late = await counter.ask(7, 8, 9, key=UUID(int=AT_ONCE))
    assert counter.groups == [[key] for key in range(AT_ONCE)]
    assert await counter.answers([*asked, *late]) == [
        *(2 * key for key in range(AT_ONCE)),
        14,
        16,
        18,
    ]
    assert counter.groups[AT_ONCE:] == [[7, 8, 9]]


async def test_a_refusal_is_the_answer_of_one() -> None:
    counter = Counter()
    assert await counter.answers(await counter.ask(1, 2, 15, 4)) == [2, 4, "ValueError", 8]
    assert counter.groups == [[1], [2, 15, 4]]


async def test_a_failure_of_one_does_not_fail_the_others() -> None:
    counter = Counter()
    assert await counter.answers(await counter.ask(1, 2, 13, 4)) == [2, 4, "ZeroDivisionError", 8]
    assert counter.groups == [[1], [2, 13, 4], [2], [13], [4]]


async def test_after_trouble_nothing_is_tried_twice() -> None:
    """It may have been committed before the connection was lost."""
    counter = Counter()
    lost = "ConnectionResetError"
    assert await counter.answers(await counter.ask(1, 2, 14)) == [2, lost, lost]
    assert counter.groups == [[1], [2, 14]]


async def test_what_must_stand_apart_goes_in_groups_of_its_own() -> None:
    counter = Counter()
    asked = await counter.ask(1)
    for item in (2, 3, 4):
        asked.append(asyncio.create_task(counter.gathering.ask(ONE, item, apart="k")))
    asked += await counter.ask(5)
    assert await counter.answers(asked) == [2, 4, 6, 8, 10]
    assert counter.groups == [[1], [2, 5], [3], [4]]


async def test_who_leaves_takes_nobody_along() -> None:
    counter = Counter()
    asked = await counter.ask(1, 2, 3)
    asked[0].cancel()
    asked[1].cancel()
    assert await counter.answers(asked) == ["CancelledError", "CancelledError", 6]


async def test_a_group_has_a_limit() -> None:
    counter = Counter()
    asked = await counter.ask(0, *range(20, 20 + LARGEST_GROUP + 1))
    await counter.answers(asked)
    assert [len(group) for group in counter.groups] == [1, LARGEST_GROUP, 1]


async def test_at_the_end_nobody_is_left_waiting() -> None:
    counter = Counter()
    asked = await counter.ask(1, 2)
    (task,) = counter.gathering._tasks
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.gather(*asked)
    assert all(each.cancelled() for each in asked)
