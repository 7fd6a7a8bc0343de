"""Finds rows of the log by text, server and person in a time that does not grow with the log: see docs/decisions/0018."""
