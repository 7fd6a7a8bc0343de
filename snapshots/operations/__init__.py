"""Create, restore and delete, from the confirmation to the proven outcome. Start reading at service.py.

The only package that sends writes to the provider. Used by views, commands, and later the API and the worker.
"""
