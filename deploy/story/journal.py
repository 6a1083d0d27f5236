"""The journal of a story: what was said to the platform and what it answered, one JSON line each.

Written beside the platform and never read by it: an independent judge recomputes from the journal
and a calendar what must be. A line is written when the final answer is known; a command repeated
because its answer was lost stands there once.

Every line has `n` (1, 2, …), `day` (the business day) and `what`:

- `command`: `who` (a company's id, `operator`, `new`), `name`, `method`, `path`, `key`, `body`,
  `status`, `answer`. A refusal is a command with a status of 400 or more.
- `payments`: `payments` as the bank was given them, `answer` with the bank's references.
- `push`: the bank was asked to report; `version`, `answer` with the files.
- `script`: which way a case goes at Kronofogden; `reference`, `script`.
- `clock`: from here on it is `day`.
- `note`: anything that helps to read the rest.
"""

from pathlib import Path
from typing import IO, Any

import orjson


class Journal:
    """Appends lines to a file; without a file it only keeps the day and counts."""

    def __init__(self, file: Path | None = None) -> None:
        self.lines = 0
        self.day: str | None = None
        self._out: IO[bytes] | None = None
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._out = file.open("ab", buffering=0)

    def write(self, what: str, **fields: Any) -> None:
        """Append one line."""
        self.lines += 1
        if self._out is not None:
            line = {"n": self.lines, "day": self.day, "what": what, **fields}
            self._out.write(orjson.dumps(line, default=str) + b"\n")

    def close(self) -> None:
        """Close the file."""
        if self._out is not None:
            self._out.close()
