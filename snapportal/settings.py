"""All of SnapPortal's settings. Every SNAPPORTAL_ name is explained in the README."""

import os
import secrets
from pathlib import Path

from environs import ValidationError, validate

from snapportal import (
    content_policy,
    databases,
    languages,
    logs,
    mail_settings,
    page_templates,
    role_settings,
    sign_in_settings,
)
from snapportal.environment import Environment
from snapportal.setting_values import (
    parse_api_url,
    parse_base_path,
    parse_bind,
    parse_contacts,
    parse_file,
    parse_host_port,
    parse_log_origin,
    parse_networks,
    parse_secret,
    parse_support_contact,
    parse_url,
)

BASE_DIR = Path(__file__).resolve().parent.parent
environment = Environment()
env = environment.env

# --- Which provider -------------------------------------------------------------------------------------------------
SNAPPORTAL_API_URL: str = environment.parse("API_URL", parse_api_url)
SANDBOX = not environment.is_given("API_URL")  # also False with an invalid address
SNAPPORTAL_API_TIMEOUT_SECONDS: float = environment.read(
    env.float, "API_TIMEOUT_SECONDS", 15.0, validate=validate.Range(0.1, 25)
)  # three calls must fit into gunicorn's timeout of 90 s per request
SNAPPORTAL_SANDBOX_SPEED: float = environment.read(
    env.float, "SANDBOX_SPEED", 20.0, validate=validate.Range(0.01, 1e7)
)
SNAPPORTAL_API_RATE_LIMIT: int = environment.whole("API_RATE_LIMIT", 240, 1, 1_000_000)
DEBUG: bool = environment.read(env.bool, "DEBUG", False)
DATA_DIR = environment.folder("DATA_DIR", BASE_DIR / "var")

# --- Secrets --------------------------------------------------------------------------------------------------------
_keys = DATA_DIR / "keys" if SANDBOX else None
SECRET_KEY = environment.secret(
    "SECRET_KEY", made_at=_keys and _keys / "secret_key", make=secrets.token_urlsafe(48)
)
SNAPPORTAL_TOKEN_KEYS = environment.key_ring("TOKEN_KEYS", made_at=_keys and _keys / "token_keys")
SNAPPORTAL_AUDIT_KEYS = environment.key_ring("AUDIT_KEYS", made_at=_keys and _keys / "audit_keys")
SNAPPORTAL_LOG_SIGNING_KEYS = environment.seeds(
    "LOG_SIGNING_KEYS", made_at=_keys and _keys / "log_signing_keys"
)
if SECRET_KEY:
    try:
        parse_secret(SECRET_KEY)
    except ValidationError as error:
        environment.errors.append(f"SNAPPORTAL_SECRET_KEY {error}")

# --- Addresses -----------------------------------------------------------------------------------------------------
SNAPPORTAL_BIND: str = environment.parse("BIND", parse_bind)
SNAPPORTAL_BASE_PATH: str = environment.parse("BASE_PATH", parse_base_path)
SNAPPORTAL_WORKERS: int = environment.whole("WORKERS", 2, 1, 64)
SNAPPORTAL_WORKER: bool = environment.read(env.bool, "WORKER", True)
SNAPPORTAL_THREADS: int = environment.whole("THREADS", 8, 1, 128)
ALLOWED_HOSTS: list[str] = environment.read(
    env.list, "ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"] if SANDBOX else []
)
SNAPPORTAL_TRUSTED_PROXIES = environment.parse("TRUSTED_PROXIES", parse_networks)
if os.environ.get("SCRIPT_NAME"):
    environment.errors.append(
        "SCRIPT_NAME is set, and gunicorn would take it off each path: unset it, and set SNAPPORTAL_BASE_PATH instead"
    )
SECURE_HSTS_INCLUDE_SUBDOMAINS: bool = environment.read(env.bool, "HSTS_SUBDOMAINS", False)
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if host not in {"*", ""}]

if not SANDBOX:
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        environment.errors.append("SNAPPORTAL_ALLOWED_HOSTS must name the portal's own host names (no *)")
    if DEBUG:
        environment.errors.append(
            "SNAPPORTAL_DEBUG must be off with a real provider: its error pages show secrets"
        )

# --- Audit log: anchors, forgetting ---------------------------------------------------------------------------------
SNAPPORTAL_ANCHOR_FILE: str = environment.read(env.str, "ANCHOR_FILE", "") or str(DATA_DIR / "anchors.jsonl")
SNAPPORTAL_ANCHOR_URL: str = environment.parse("ANCHOR_URL", parse_url)
SNAPPORTAL_ERASE_ADDRESSES_AFTER_DAYS: int = environment.whole("ERASE_ADDRESSES_AFTER_DAYS", 0, 0, 36500)

# --- Streams of the audit log ---------------------------------------------------------------------------------------
SNAPPORTAL_STREAM_WEBHOOK_URL: str = environment.parse("STREAM_WEBHOOK_URL", parse_url)
SNAPPORTAL_STREAM_WEBHOOK_SECRET: list[bytes] = (
    environment.webhook_secrets("STREAM_WEBHOOK_SECRET", needed="with SNAPPORTAL_STREAM_WEBHOOK_URL")
    if SNAPPORTAL_STREAM_WEBHOOK_URL
    else []
)
SNAPPORTAL_STREAM_SYSLOG: tuple[str, int] | None = environment.parse("STREAM_SYSLOG", parse_host_port)
SNAPPORTAL_STREAM_SYSLOG_CA: str = environment.parse("STREAM_SYSLOG_CA", parse_file)
SNAPPORTAL_STREAM_SYSLOG_CERTIFICATE: str = environment.parse("STREAM_SYSLOG_CERTIFICATE", parse_file)
SNAPPORTAL_STREAM_SYSLOG_CONFIRM: str = environment.read(
    env.str, "STREAM_SYSLOG_CONFIRM", "close_notify", validate=validate.OneOf(["close_notify", "close"])
)
SNAPPORTAL_STREAM_PRIVATE_ADDRESSES: bool = environment.read(env.bool, "STREAM_PRIVATE_ADDRESSES", SANDBOX)
if not SANDBOX and SNAPPORTAL_STREAM_WEBHOOK_URL.startswith("http:"):
    environment.errors.append("SNAPPORTAL_STREAM_WEBHOOK_URL must begin with https:// with a real provider")

# --- Notifications ----------------------------------------------------------------------------------------------------
SNAPPORTAL_EMAIL = mail_settings.read_email(environment)
SNAPPORTAL_HEARTBEAT_URL: str = environment.parse("HEARTBEAT_URL", parse_url)
SNAPPORTAL_NOTIFY_PRIVATE_ADDRESSES: bool = environment.read(env.bool, "NOTIFY_PRIVATE_ADDRESSES", SANDBOX)

# --- What changes past the portal ---------------------------------------------------------------------------------------
SNAPPORTAL_LOOK_EVERY_MINUTES: int = environment.whole("LOOK_EVERY_MINUTES", 3, 0, 1440)
SNAPPORTAL_SILENT_AFTER_DAYS: int = environment.whole("SILENT_AFTER_DAYS", 0, 0, 3650)

# --- Checkpoints of the audit log's tree, which anybody can verify --------------------------------------------------
SNAPPORTAL_LOG_ORIGIN: str = environment.parse("LOG_ORIGIN", parse_log_origin)
if SANDBOX and not SNAPPORTAL_LOG_ORIGIN:
    SNAPPORTAL_LOG_ORIGIN = "snapportal.invalid/log"
if not SANDBOX and not environment.is_given("LOG_ORIGIN"):
    environment.errors.append("SNAPPORTAL_LOG_ORIGIN is missing: it names the audit log of a real provider")
SNAPPORTAL_LOG_PUBLIC: bool = environment.read(env.bool, "LOG_PUBLIC", False)
SNAPPORTAL_CHECKPOINT_FILE: str = environment.read(env.str, "CHECKPOINT_FILE", "")
SNAPPORTAL_DELETE_GRACE_DAYS: int = environment.whole("DELETE_GRACE_DAYS", 0, 0, 7)
SNAPPORTAL_ARCHIVE_AFTER_DAYS: int = environment.whole("ARCHIVE_AFTER_DAYS", 0, 0, 36500)
SNAPPORTAL_ARCHIVE_DIR: str = environment.read(env.str, "ARCHIVE_DIR", "") or str(DATA_DIR / "archive")

# --- How people sign in ----------------------------------------------------------------------------------------------
SNAPPORTAL_OIDC = sign_in_settings.read_single_sign_on(environment, is_sandbox=SANDBOX)
SNAPPORTAL_PASSWORD_SIGN_IN: bool = sign_in_settings.read_password_sign_in(environment)
SNAPPORTAL_BREAK_GLASS: frozenset[str] = environment.parse("BREAK_GLASS", sign_in_settings.parse_names)

# --- Sessions -------------------------------------------------------------------------------------------------------
SNAPPORTAL_SESSION_HOURS: int = environment.whole("SESSION_HOURS", 12, 1, 720)
SNAPPORTAL_STEP_UP_MINUTES: int = environment.whole("STEP_UP_MINUTES", 10, 1, 1440)
SNAPPORTAL_SECURITY_CONTACT: list[str] = environment.parse("SECURITY_CONTACT", parse_contacts)
SNAPPORTAL_SUPPORT_CONTACT: str = environment.parse("SUPPORT_CONTACT", parse_support_contact)
SNAPPORTAL_SESSION_IDLE_MINUTES: int = environment.whole("SESSION_IDLE_MINUTES", 240, 5, 43_200)
SNAPPORTAL_REQUIRE_SECOND_FACTOR = environment.parse("REQUIRE_SECOND_FACTOR", role_settings.parse_roles)

# --- Guards ---------------------------------------------------------------------------------------------------------
SNAPPORTAL_GUARD_DELAY_HOURS: int = environment.whole("GUARD_DELAY_HOURS", 24, 1, 168)

# --- Languages ------------------------------------------------------------------------------------------------------
SNAPPORTAL_LANGUAGE = languages.read_default(environment)
LOCALE_PATHS = languages.read_catalogues(environment, DATA_DIR)

# --- Database and cache ---------------------------------------------------------------------------------------------
DATABASES = {
    "default": databases.read_database(
        environment, f"sqlite:///{DATA_DIR / 'snapportal.sqlite3'}", threads=SNAPPORTAL_THREADS
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": databases.read_cache(environment), "html": databases.HTML_MEMORY}

environment.raise_errors()

# --- The site -------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "snapportal.accounts",
    "snapportal.first_run",
    "snapshots",
    "snapshots.sandbox",
    "snapshots.api",
    "snapshots.vault",
    "snapshots.audit",
    "snapshots.inventory",
    "snapshots.operations",
    "snapshots.jobs",
    "snapshots.schedules",
    "snapshots.deletions",
    "snapshots.approvals",
    "snapshots.notifications",
    "snapshots.observations",
    "snapshots.reviews",
    "snapshots.worker",
]
MIDDLEWARE = [
    "snapportal.middleware.RequestMiddleware",
    "snapportal.middleware.LookMiddleware",
    "snapportal.middleware.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "snapportal.middleware.ReadableMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "snapportal.accounts.session_middleware.SeenMiddleware",
    "snapportal.accounts.factors.required.SecondFactorMiddleware",
    "snapportal.accounts.step_up.StepUpMiddleware",
    "snapportal.middleware.FailureMiddleware",
]
ROOT_URLCONF = "snapportal.urls"
WSGI_APPLICATION = "snapportal.wsgi.application"
TEMPLATES = page_templates.engines(BASE_DIR / "templates", reloads=DEBUG)

# --- People ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["snapportal.accounts.backends.Backend"]
PASSWORD_HASHERS = ["snapportal.accounts.hashers.PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "snapportal.accounts.password_words.ContextWordsValidator"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "server_list"
LOGOUT_REDIRECT_URL = "sign_in"

# --- Cookies and headers (promises 23 to 26) ------------------------------------------------------------------------
# All browsers but Safari accept Secure cookies from http://127.0.0.1: see docs/decisions/0003.
COOKIE_PREFIX = "__Host-" if SNAPPORTAL_BASE_PATH == "/" else "__Secure-"
"""Under a path: a __Host- cookie would be sent to every path of the host, and so to its other applications."""
SESSION_ENGINE = "snapportal.accounts.sessions"
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}session"
SESSION_COOKIE_PATH = SNAPPORTAL_BASE_PATH
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = SNAPPORTAL_SESSION_HOURS * 3600
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrf"
CSRF_COOKIE_PATH = SNAPPORTAL_BASE_PATH
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "snapshots.views.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no cookie of its own
LOOK_COOKIE_NAME = LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}look"  # the second is Django's, which is not used
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 0 if SANDBOX else 31_536_000
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {"DIRECTIVES": content_policy.DIRECTIVES}

# --- Languages and time ---------------------------------------------------------------------------------------------
LANGUAGE_CODE = languages.SOURCE  # of commands, logs and the API, and of texts without a translation
LANGUAGES = languages.LANGUAGES
LANGUAGES_BIDI = languages.RIGHT_TO_LEFT
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files ---------------------------------------------------------------------------------------------------
STATIC_URL = f"{SNAPPORTAL_BASE_PATH}static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "snapportal.static_files.StaticFiles"},
}
WHITENOISE_MAX_AGE = 3600
WHITENOISE_MIMETYPES = {".svg": "image/svg+xml; charset=utf-8"}  # the others have theirs from WhiteNoise
WHITENOISE_ALLOW_ALL_ORIGINS = False

# --- Logs -----------------------------------------------------------------------------------------------------------
logs.configure_structlog()
LOGGING = logs.LOGGING
