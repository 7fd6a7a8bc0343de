"""The audit log: an append-only table whose rows form a keyed hash chain.

journal.py is the only writer; verification, anchors and export read. Every package above this one uses it.
"""
