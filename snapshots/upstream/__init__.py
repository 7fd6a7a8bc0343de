"""The provider's HTTP client: total deadlines, typed answers, errors that carry their effect. No Django.

client.py is the entry. Used by connection and, for its types and errors, the packages above.
"""
