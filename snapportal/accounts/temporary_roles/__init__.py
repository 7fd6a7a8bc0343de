"""Temporary roles: a person asks for a role on some servers for some hours, somebody else grants it, and it ends by itself.

The operations ask the person (models.User), who asks `TemporaryRole`. Nobody who guards something counts with one.
"""
