"""Browsers in which somebody is signed in."""

import secrets

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.test import Client

from snapportal.accounts.models import User
from snapportal.accounts.session_models import PersonSession
from snapportal.accounts.sessions import SessionStore


def signed_in_client(person: User) -> Client:
    """As by Client.force_login, with one query instead of nine: thousands of tests begin with it."""
    session = SessionStore(secrets.token_hex(16))
    data = {
        SESSION_KEY: str(person.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: person.get_session_auth_hash(),
    }
    PersonSession.objects.create(
        session_key=session.session_key,
        session_data=session.encode(data),
        expire_date=session.get_expiry_date(expiry=None),
        person_id=person.pk,
    )
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client
