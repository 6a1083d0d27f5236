"""The operator's pages and API, by subject: the house at a glance, money, cases, letters."""

from services.gateway.operations import cases, letters, money, overview, payouts

routers = (overview.router, money.router, payouts.router, cases.router, letters.router)
