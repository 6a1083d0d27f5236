"""Puts dunning together: the only module that knows every other."""

from fastapi import FastAPI

from plumbing.service import create_service
from services.dunning import api
from services.dunning.settings import Settings
from services.dunning.subscribers import HEARS
from services.dunning.timers import WAKES


def create_app() -> FastAPI:
    """The service, from its environment."""
    return create_service("dunning", Settings(), hears=HEARS, wakes=WAKES, routers=[api.router])
