"""The rules of collection by subject: `cases`, `applications` at Kronofogden, and `disputes`.

`messages` holds the canonical content of what is sent to Kronofogden. Pure, one case at a time.
"""
