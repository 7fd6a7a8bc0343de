"""What the portal itself says in the log: statements, each with a code and typed values, written in plain English.

The log stores the English text; `reading.py` finds the codes and values in it again, so that pages say them in the reader's
language. Each app keeps its statements in its own module statements.py, beside their writers. No Django. See decision 39.
"""
