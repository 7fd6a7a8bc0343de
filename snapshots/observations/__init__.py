"""What changed at the provider past the portal, and servers of which no snapshot was completed for too long.

Compares the shared readings with what was known before. Used by the worker and views; never asks for a write.
"""
