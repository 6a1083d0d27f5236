"""The toy service from saying to hearing, with the real parts."""

import asyncio
from uuid import UUID

from contracts.ids import new_id
from joserfc.jwk import OKPKey
from plumbing import kafka as bus
from plumbing import operations
from sqlalchemy import text

import json
from tests.plumbing import toy


async def test_what_is_said_is_heard_once_and_in_order(make_database, kafka):
    desk_url, shelf_url = await make_database("template1"), await make_database("template1")
    await toy.prepare(desk_url)
    await toy.prepare(shelf_url)
    await bus.create_topics(kafka, [("library.loans", 12, 86_400_000)])
    public = json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=False))
    desk = toy.create_desk(toy.settings(desk_url, kafka, public))
    shelf = toy.create_shelf(toy.settings(shelf_url, kafka, public))
    books = [UUID(str(new_id())) for _ in range(200)]
    async with desk.router.lifespan_context(desk), shelf.router.lifespan_context(shelf):
        for step in range(1, 6):
            async with desk.state.database.transaction() as tx:
                tx.say(toy.BookLent(book_id=book, step=step) for book in books)
        for _ in range(200):
            async with shelf.state.database.transaction() as tx:
                total = (await tx.execute(text("select sum(heard) from shelf"))).scalar_one()
            if total == 1000:
                break
            await asyncio.sleep(0.05)
        async with shelf.state.database.transaction() as tx:
            rows = (await tx.execute(text("select heard, disorder from shelf"))).all()
        assert {tuple(r) for r in rows} == {(5, 0)}
        numbers = await operations.numbers(shelf.state)
        print(numbers)
        print(await operations.numbers(desk.state))
        assert numbers["timers"]["armed"] == 200
