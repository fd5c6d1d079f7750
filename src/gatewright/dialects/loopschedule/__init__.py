"""The `loopschedule` dialect: when everything happens.

In: nothing of ours. Out: operations, their syntax and verifier. May not know: how schedules are made or run.
"""
