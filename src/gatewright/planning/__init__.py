"""Planning: what is decided about the loops of a program, each decision with its reason.

In: loops, the budget, the operators of the target, and what the user has decided.
Out: loops in which the mechanics of `transforms/loops` have done what is decided, and the plan at the function.
May not know: schedules, hardware, and how the mechanics do what they do.
"""
