"""The operator's pages and API, by subject: the house at a glance, money, cases, letters."""

from services.gateway.operations import cases, letters, money, overview, payouts, rates

routers = (
    overview.router,
    money.router,
    payouts.router,
    rates.router,
    cases.router,
    letters.router,
)
