"""Changes at the provider that no operation of the portal explains: found by comparing readings, recorded once.

Used by views and the worker.
"""
