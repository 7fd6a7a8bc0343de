"""What the provider has, as last read: shared readings of its lists, views of one server, and leases.

Reads only. Used by operations and the layers above it; knows nothing of operations.
"""
