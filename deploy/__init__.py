"""Where it runs: the operator's command, the local parts, the stand-ins, and what describes them.

May import anything it starts or inspects; nobody imports it.
"""
