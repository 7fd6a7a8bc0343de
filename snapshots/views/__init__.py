"""The pages: one module for each screen. Views parse, call and render; rules live below.

Forms, texts and view models stand beside them. Used by urls only, besides access.py and actor.py, which the site uses too.
"""
