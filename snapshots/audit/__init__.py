"""The audit log: rows that are only ever added, in a keyed hash chain.

journal.py is the only writer; verification, anchors and export read. Used by every package above it.
"""
