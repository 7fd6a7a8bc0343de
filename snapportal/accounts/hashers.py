"""Argon2id as OWASP advises it for servers that answer many at once."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class PasswordHasher(Argon2PasswordHasher):
    """19 MiB a hash: Django's 100 MiB times all threads would let a few sign-ins at once fill a small machine."""

    time_cost = 3
    memory_cost = 19 * 1024
    parallelism = 1
