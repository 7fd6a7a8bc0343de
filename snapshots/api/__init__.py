"""The API for scripts: keys, and the endpoints, which speak the provider's contract and go through the same operations as pages.

keys.py makes, finds and revokes keys, for the pages too; endpoints/ may be called by urls.py only.
"""
