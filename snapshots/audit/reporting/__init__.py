"""What the report of a month says: few queries over a range of rows, which are not loaded (docs/decisions/0037)."""
