"""The archive: old rows of the log in files, verified before the database lets them go."""
