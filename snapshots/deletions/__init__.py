"""Planned deletions: snapshots with a grace time or a date until which they are kept. The worker deletes them when due.

Used by views and the worker.
"""
