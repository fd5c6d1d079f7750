"""Passes on programs of tasks: one pass a file, which has its name.

In: a function of loops of which is decided which begin tasks; or tasks that are scheduled. Out: functions of tasks,
channels with their depths, times. May not know: why a task begins where it does.
"""
