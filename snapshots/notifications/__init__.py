"""Notifications: rules, the outbox and its channels. Events are read from the audit log; nothing below knows this package.

Used by views and the worker.
"""
