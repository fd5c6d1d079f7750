"""What hardware can do: operators as netlists, with latency, interval, delay and area for each target.

In: a kind of operation, a clock and a target.
Out: operators, their logic and their figures.
May not know: the IR, the scheduler.
"""
