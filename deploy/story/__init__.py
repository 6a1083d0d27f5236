"""The story that `make run` tells: some tens of companies, some thousands of invoices, four months.

`names` has the words, `plan` decides from a seed what everybody will do, `client` says it over
public HTTP and in bank files and writes a journal, `teller` lives through it day by day, `report`
counts what came of it. Nothing here touches a database.
"""

from deploy.story.telling import tell

__all__ = ["tell"]
