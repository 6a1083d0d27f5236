"""What this machine can do without us: COPY, `unnest`, commits, and aiokafka out and in."""

from __future__ import annotations

import asyncio
import time

import asyncpg
from aiokafka import AIOKafkaConsumer

from contracts.ids import new_id
from deploy.bench.figures import Figures
from plumbing.kafka import create_topics, start_producer

ROWS = 100_000
RECORDS = 100_000
VALUE = b"x" * 360
TOPIC = "bench.baseline"


async def measure_postgres(figures: Figures, url: str) -> None:
    """Rows a second by COPY and by `unnest` in thousands, and durable commits one by one."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "drop table if exists bench_row; create table bench_row "
        "(id uuid primary key, key uuid, amount bigint, body bytea)"
    )
    rows = [(new_id(), new_id(), nth, VALUE) for nth in range(ROWS)]
    begun = time.perf_counter()
    await connection.copy_records_to_table("bench_row", records=rows)
    figures.add("raw COPY", ROWS / (time.perf_counter() - begun), "rows/s")
    await connection.execute("truncate bench_row")
    arrays = "unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[])"
    insert = f"insert into bench_row select * from {arrays}"
    begun = time.perf_counter()
    for at in range(0, ROWS, 1000):
        await connection.execute(insert, *map(list, zip(*rows[at : at + 1000], strict=True)))
    figures.add("raw unnest", ROWS / (time.perf_counter() - begun), "rows/s")
    begun, commits = time.perf_counter(), 1000
    for nth in range(commits):
        await connection.execute("update bench_row set amount = $2 where id = $1", rows[nth][0], 1)
    figures.add("raw commits", commits / (time.perf_counter() - begun), "commits/s")
    await connection.execute("drop table bench_row")
    await connection.close()


async def measure_kafka(figures: Figures, bootstrap: str) -> None:
    """Keyed records of 360 bytes a second, sent and received by aiokafka in one process each."""
    await create_topics(bootstrap, [(TOPIC, 12, 3_600_000)])
    producer = await start_producer(bootstrap)
    begun = time.perf_counter()
    pending: list[asyncio.Future[object]] = []
    for nth in range(RECORDS):
        pending.append(await producer.send(TOPIC, VALUE, key=b"%d" % (nth % 5000)))
        if len(pending) == 10_000:
            await asyncio.gather(*pending)
            pending.clear()
    await asyncio.gather(*pending)
    figures.add("raw Kafka out", RECORDS / (time.perf_counter() - begun), "records/s")
    await producer.stop()
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="earliest", group_id=None
    )
    await consumer.start()
    begun, seen = time.perf_counter(), 0
    while seen < RECORDS:
        for records in (await consumer.getmany(timeout_ms=500, max_records=5000)).values():
            seen += len(records)
    figures.add("raw Kafka in", RECORDS / (time.perf_counter() - begun), "records/s")
    await consumer.stop()
