"""Reviews of the audit log: marks on its rows, questions to who acted, and signatures over all rows up to one.

Views call it. It reads the log, and writes to it through audit/journal.py; docs/decisions/0036-reviews.md has the reasons.
"""
