"""Schedules: recurring creates with retention. Each run is a job.

Used by views and the worker.
"""
