"""Which addresses the house sends to: the same where an invoice is issued and where mail leaves."""

import pytest

from contracts.email_address import is_email_address


@pytest.mark.parametrize(
    "text", ["a@b.se", "fornamn.efternamn+faktura@post.exempel.se", "o'neil@x-y.example"]
)
def test_plain_addresses_are_sent_to(text: str) -> None:
    assert is_email_address(text)


@pytest.mark.parametrize(
    "text",
    [
        *("åsa@exempel.se", "x@räksmörgås.se", "a..b@x.se", "a,b@c.se", ".a@b.se", "a.@b.se"),
        *("a b@c.se", "a@b@c.se", "a@-b.se", "a@b..se", "", "a", "@b.se", "a@", "a@b.se\n"),
        *("a@b.se\r\nBcc: c@d.se", "<a@b.se>", f"{'a' * 65}@b.se", f"a@{'b' * 250}.se"),
    ],
)
def test_what_no_mail_reaches_or_breaks_a_line_is_none(text: str) -> None:
    assert not is_email_address(text)
