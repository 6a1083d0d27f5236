"""Payments' tables and the only SQL that touches them, split by subject; set-shaped."""
