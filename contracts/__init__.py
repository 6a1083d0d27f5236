"""What is said: identifiers, the envelope, topics and every event that two services must agree on.

One pydantic model per event; JSON Schemas and samples generated from them are committed under
`schemas/` and `samples/`, and the gate refuses a change that breaks a reader (`compatibility.py`).
"""
