"""The provider's servers and snapshots as last read: shared readings of its lists, servers, and leases.

Read-only. Used by operations and the layers above it; does not import operations.
"""
