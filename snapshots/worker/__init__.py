"""The worker: a process that goes on with everything that was begun, with no page open. tasks.py lists what it does.

Used by the command run_worker and by views that show its state.
"""
