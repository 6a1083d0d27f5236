"""Stand-ins for outside parties: programs that speak the real formats on a local port.

Each is one process with its own folder of durable records, runs as
`python -m deploy.standins.NAME`, and imports nothing of the house, so that it cannot repeat the
house's mistakes. `mail` takes SMTP and shows the messages, `bank` takes pain.001 and pushes camt,
`kronofogden` takes applications and lets them run their course.
"""
