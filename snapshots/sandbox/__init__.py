"""The provider in small: its documented API over rows in our database, for trying out and for tests.

transport.py serves it in process, http_server.py over HTTP, with faults on demand. Used by connection only.
"""
