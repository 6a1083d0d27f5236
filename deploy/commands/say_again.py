"""`betalt say-again`: has a service repeat what it has said, when Kafka lost it or a hearer is new.

Hearers act on nothing twice, so it is harmless; what is older than any inbox remembers is refused.
"""

import time
from datetime import datetime
from typing import Annotated

import typer

from contracts.topics import TOPICS
from deploy.commands.operator import operator, say
from deploy.commands.parked import Service
from plumbing.clock import SWEDISH, real_now

LOOK_EVERY_SECONDS = 0.5


def say_again(
    service: Annotated[Service, typer.Argument(help="The service that shall repeat itself.")],
    since: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d"], help="From this day on; a real day, not a moved one."),
    ],
    topic: Annotated[str | None, typer.Option(help="Only this topic.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until it is said.")] = True,
) -> None:
    """Have a service say again what it has said since a day, in order and before anything new."""
    own = [each.name for each in TOPICS if each.name.startswith(f"{service.value}.")]
    if topic is not None and topic not in own:
        why = f"{service.value} says nothing on {topic!r}; it speaks on {', '.join(own)}"
        raise typer.BadParameter(why, param_hint="'--topic'")
    if since.date() > real_now().astimezone(SWEDISH).date():
        raise typer.BadParameter("nothing is said yet of a day to come", param_hint="'--since'")
    asked = operator()
    body = {"since": since.date().isoformat(), "topic": topic}
    asked.ask_service(service, "POST", "/ops/say-again", body)
    while wait:
        outbox = asked.ask_service(service, "GET", "/ops/numbers")["outbox"]
        if not outbox["say_again"]:
            break
        time.sleep(LOOK_EVERY_SECONDS)
    if wait and outbox["said_again"] == "stuck":
        say("Not everything could be said: a topic or partition takes nothing. See the log; then")
        say("mend it and say again: what was heard already is not acted on twice.")
        raise typer.Exit(1)
    done = "has said" if wait else "will say"
    what = f"of {topic} " if topic else ""
    say(f"{service.value} {done} everything {what}since {body['since']} again.")
