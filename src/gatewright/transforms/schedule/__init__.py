"""Passes from loops to a schedule, and on schedules.

In: loops of which each nest is one. Out: loopschedule. May not know: how hardware is built.
"""
