"""The room behind collections' doors: lock the cases, decide each, carry out many.

`following` hears the other services and lets a day's steps be taken; `sending` deals with
Kronofogden, `asking` with people; all carry out through `carrying`.
"""
