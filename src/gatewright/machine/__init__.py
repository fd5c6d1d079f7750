"""The model of the machine: how long a schedule lasts, when its values are there, and what it occupies.

In: operations of `loopschedule`. Out: cycles, resources, and a check of both (`check_schedule`). May not know: how
schedules are made, run or lowered.
"""
