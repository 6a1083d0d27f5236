"""A bank with one client-money account: pain.001 in, pain.002 back, camt.054 and camt.053 out.

`orders` reads and judges payment orders, `camt` writes what was booked, `store` keeps the
account, `feed` delivers files until they are taken, `app` has the doors and the pages.
"""
