"""Approvals: what a policy, a lock or a freeze forbids is a request until other people approve it (promise 39).

Used by views, the API and the worker. Policies themselves are in operations/policies.py: they hold in every channel.
"""
