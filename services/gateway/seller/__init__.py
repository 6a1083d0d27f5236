"""A company's pages, by subject: invoices, issuing one, registers, money and cases, settings."""

from services.gateway.seller import invoices, issuing, money, registers, settings

routers = (issuing.router, invoices.router, registers.router, money.router, settings.router)
