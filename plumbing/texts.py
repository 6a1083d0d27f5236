"""Text from outside as everything here can hold it: UTF-8 without NUL.

JSON may say `\\u0000`, which PostgreSQL's text cannot hold, and half of a surrogate pair, which
UTF-8 cannot; decoded file names and addresses may hold such halves too. Met too late, either looks
like a bug of whoever writes it down.
"""

from typing import Any


def storable(text: str) -> str:
    """The text without NUL, each half of a surrogate pair as `?`."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def storable_json(value: Any) -> Any:
    """JSON values as they were read, each text in them, names too, as `storable` leaves it."""
    match value:
        case str():
            return storable(value)
        case list():
            return [storable_json(each) for each in value]
        case dict():
            return {storable(name): storable_json(each) for name, each in value.items()}
        case _:
            return value
