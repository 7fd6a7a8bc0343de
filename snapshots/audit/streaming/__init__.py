"""Sends every row of the log, in order and at least once, to a signed webhook and to a syslog server over TLS.

sender.py reads, sends and advances the cursor; webhook.py and syslog.py are its channels; the command stream_audit calls it.
"""
