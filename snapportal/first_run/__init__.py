"""The guide to setting up a new installation: steps, each with the state that is found, for admins, until all are done.

Shown by the list of servers (through context_processors.py, since snapshots/ never imports this) and on a page of its own.
"""
