"""Invoicing's tables and the only SQL that touches them, by subject; every statement takes many."""
