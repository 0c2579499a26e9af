"""Configs compared on the same sentences: the record, how it is made, and what shows it."""
