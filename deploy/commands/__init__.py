"""The operator's commands, one subject a module, all through the gateway and as an operator.

`operator` finds the gateway and the token; the others ask, show, and end with 0 when all is well,
1 when something is wrong or refused.
"""
