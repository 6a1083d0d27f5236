"""Which e-mail addresses the house can send to: asked when one is given, and when it is used.

Invoicing refuses what notifications could not send to, so that no invoice is issued that nobody
gets. Plain ASCII (RFC 5321): most servers still refuse anything else, and nothing in such an
address can break a line of a mail.
"""

import re

_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{3,254}}\Z)(?=[^@]{{1,64}}@){_LOCAL}@{_LABEL}(?:\.{_LABEL})*")


def is_email_address(text: str) -> bool:
    """Whether mail can be sent there."""
    return _ADDRESS.fullmatch(text) is not None
