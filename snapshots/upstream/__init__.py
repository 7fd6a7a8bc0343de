"""The provider's HTTP client: total deadlines, typed answers, errors with their effect. No Django.

client.py is the entry point. Used by connection; packages above use its types and errors.
"""
