"""SNAPPORTAL_TESTS_DEEP=1: tests that try a part of many combinations or of arbitrary inputs try all, or ten times as many."""

import os

DEEP = bool(os.environ.get("SNAPPORTAL_TESTS_DEEP"))
TIMES = 10 if DEEP else 1
