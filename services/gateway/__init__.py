"""The gateway: who you are and what you may see. Pages, the public API, the bank's feed.

Owns: sessions (in cookies), the keys of identity tokens, the links debtors hold. No business table.
Hears: nothing.
Says: nothing; it asks services over HTTP with a token made for each call.
Waits for: nothing; a service that does not answer in time is told to the person who asked.
Never: holds a rule, adds up money, or lets one company see another.
"""
