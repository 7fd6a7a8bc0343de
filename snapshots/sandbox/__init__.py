"""A small implementation of the provider's documented API on tables of the portal's database, for trial and tests.

transport.py serves it in process, http_server.py over HTTP, with faults on request. Used by connection only.
"""
