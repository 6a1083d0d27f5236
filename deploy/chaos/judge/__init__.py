"""An independent judge of a run: it recomputes what must be, and compares what is.

It imports nothing of this house, so that it cannot repeat a mistake made there. What must be comes
from what people commanded (the story's journal), what outside parties recorded (bank, mail,
Kronofogden) and the calendar; what is comes from the services' databases, read and never written,
and from the same parties' records. The statutes are written here a second time, from their text.
"""
