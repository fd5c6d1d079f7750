"""From a schedule to registers, logic and memories.

In: loopschedule. Out: hw, comb and seq. May not know: loops, tensors.
"""
