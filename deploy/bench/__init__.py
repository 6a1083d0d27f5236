"""Measures the house beside the raw baseline of the machine, in one run: `make bench`."""
