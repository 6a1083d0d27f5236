"""Kronofogden as a filer meets it: messages in with a receipt, numbered messages out, day by day.

`messages` is what may be sent in, `cases` what is kept and how a message changes it, `procedure`
what each day brings, `app` the doors and the page. The rules are the handbook's reading of lag
(1990:746) om betalningsföreläggande och handräckning, written anew here and shared with nobody.
"""
