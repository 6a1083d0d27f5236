"""Who does it: five services and the gateway, each with its own database and none calling another.

What one has to tell another it says as an event; who hears what is in the README.
"""
