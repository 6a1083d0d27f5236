"""Text from outside is made such that PostgreSQL, UTF-8 and JSON can hold it."""

import orjson

from plumbing.texts import storable, storable_json


def test_what_no_column_can_hold_is_taken_out() -> None:
    assert storable("ett\0två \ud800 tre 🙂") == "etttvå ? tre 🙂"


def test_every_text_of_a_json_value_is_reached_and_nothing_else_changes() -> None:
    value = {"a\0": ["b\udfff", {"c": "\0"}], "n": 10**30, "t": True, "x": None, "f": 1.5}
    assert storable_json(value) == {
        **{"a": ["b?", {"c": ""}], "n": 10**30},
        **{"t": True, "x": None, "f": 1.5},
    }
    orjson.dumps(storable_json({"a\ud800": "b\ud800"}))
