"""The room behind the doors, split by subject: lock many, decide each, carry out many."""
