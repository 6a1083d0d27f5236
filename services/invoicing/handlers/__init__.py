"""The rooms behind the doors: `registers`, `issuing`, `standing` (credit, hand over), `following`
(what other services say). They lock, let `domain` decide, and carry out.
"""
