"""The rules of invoicing, pure: `issuing` (an order becomes an invoice), `standing` (what is known
of an invoice and what may be done with it), `timeline` (what became of it, in Swedish).
"""
