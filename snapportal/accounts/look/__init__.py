"""How the portal looks to a person: language, theme, density, time zone, and whether it has keyboard shortcuts. Stored with the
person, and in a cookie for the pages that nobody is signed in for. snapshots/views/look.py says what holds.
"""
