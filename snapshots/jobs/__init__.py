"""Jobs: work of several steps, such as a restore with a safety snapshot. Each step is an operation of its own.

Used by views and the worker.
"""
