"""Stored API tokens: encrypted, bound to their row and owner, never displayed.

tokens.py stores and decrypts, service.py adds the check with the provider and the audit row. Used by connection and views.
"""
