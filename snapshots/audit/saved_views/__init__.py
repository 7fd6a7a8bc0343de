"""Named filters of the log, of one person or shared with everybody who may read the log: see docs/decisions/0035.

What the fields of a filter mean is known to the page of the log alone (views/forms/audit.py); here they are texts.
"""
