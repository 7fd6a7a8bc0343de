"""Argon2id with the parameters that OWASP recommends for servers with many simultaneous sign-ins."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class PasswordHasher(Argon2PasswordHasher):
    """19 MiB per hash: Django's 100 MiB in every thread could exhaust the memory of a small machine."""

    time_cost = 3
    memory_cost = 19 * 1024
    parallelism = 1
