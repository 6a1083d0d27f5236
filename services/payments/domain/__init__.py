"""The rules of the ledger, pure and split by subject; what refuses is a value, never an error."""
