"""Schedules: snapshots that the portal takes by itself, and which of its own it deletes again (promise 35).

Used by views and the worker. A run of a schedule is a job.
"""
