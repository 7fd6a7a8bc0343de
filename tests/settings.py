"""The portal's own settings, with the keys, folder and hasher of a test run."""

import os

from tests.support.run_folder import data_folder, own_data_folder

os.environ.setdefault("SNAPPORTAL_DATA_DIR", data_folder())
if os.environ["SNAPPORTAL_DATA_DIR"] == data_folder() and "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["SNAPPORTAL_DATA_DIR"] = own_data_folder(os.environ["PYTEST_XDIST_WORKER"])
os.environ.setdefault("SNAPPORTAL_SECRET_KEY", "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz")
os.environ.setdefault(
    "SNAPPORTAL_TOKEN_KEYS", "t1:0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdeffedcba9876543210"
)
os.environ.setdefault(
    "SNAPPORTAL_AUDIT_KEYS", "a1:8796a5b4c3d2e1f00f1e2d3c4b5a69780123456789abcdeffedcba9876543210"
)
os.environ.setdefault(
    "SNAPPORTAL_LOG_SIGNING_KEYS", "3c2b1a0f9e8d7c6b5a4f3e2d1c0b9a8ffedcba98765432100123456789abcdef"
)
# Tests that move the clock are about something else; accounts/test_step_up.py sets it.
os.environ.setdefault("SNAPPORTAL_STEP_UP_MINUTES", "1440")

from snapportal.settings import *  # noqa: F403

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
    # A file, because threads that share one database in memory meet locks that no timeout waits for.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "tests.sqlite3")}  # noqa: F405
    # A test's database need not survive a power failure: waiting for the disk is half the time of a transactional test.
    DATABASES["default"]["OPTIONS"]["init_command"] += "; PRAGMA synchronous=OFF"  # noqa: F405
else:
    # site/test_postgres.py names a database that is migrated already.
    DATABASES["default"]["TEST"] = {"TEMPLATE": os.environ.get("SNAPPORTAL_TESTS_TEMPLATE")}  # noqa: F405

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # argon2 is slow on purpose
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
