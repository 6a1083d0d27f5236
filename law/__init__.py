"""Swedish statutes as pure functions: every figure cites its law, section and wording.

Nothing here reads a clock, a file or a database; the same arguments always give the same answer.
Import from the modules themselves (`from law.interest import interest`); each is named for the
subject a lawyer would look up.
"""
