"""The desk of the hop, as a module that the server can load."""

from deploy.bench.hop import create_desk as create_app

__all__ = ["create_app"]
