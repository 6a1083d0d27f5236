"""The crash run: everything is killed at random while a story is told, then judged from outside.

`python -m deploy.chaos --duration 120 --seed 1` starts a platform of its own, tells the story,
kills services, broker and database with SIGKILL, waits for quiet, and lets a judge that knows
nothing of this house (`deploy.chaos.judge`) say whether anything was lost, doubled or invented.
"""
