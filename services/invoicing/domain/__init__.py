"""The rules of invoicing, pure: `orders` (what is asked for), `issuing` (it becomes an invoice),
`standing` (what is known of an invoice and what may be done with it), `timeline` (what became of
it, in Swedish), `printing` (what stands on its page).
"""
