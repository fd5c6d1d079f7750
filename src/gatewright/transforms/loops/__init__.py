"""Passes on loops over arrays.

In: loops. Out: loops that are faster as hardware. May not know: schedules, hardware.
"""
