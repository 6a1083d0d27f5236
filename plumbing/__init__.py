"""How news moves: outbox, relay, inbox, timers, outbound work, clock, identity. Knows no invoice.

Three verbs. A service **says** (a row in the outbox, in the transaction that made it true),
**hears** (a row in the inbox, in the transaction that acts on it) and **wakes** (a timer's row).
"""
