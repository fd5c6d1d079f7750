"""Device families: what their parts cost in time and area, and how much of each a device has; a file for each family.

In: nothing. Out: figures, each with its source. May not know: operators, programs, schedules.
"""
