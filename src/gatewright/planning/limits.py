"""Decisions for whole programs: how much is done in vain so that something else need not wait.

Each is a number of operations, or of bits; the passes that take them prove nothing by them.
"""

SHORT_BRANCH = 32
"""The most operations of a branch that is executed whether it is taken or not: its own control takes a few cycles."""

WIDEST_QUOTIENT = 32
"""The widest numbers that are divided by constants as products: a division takes more than a cycle a bit."""

WIDEST_QUOTIENT_IN_BUDGET = 6
"""The same where a budget of multipliers is for the products of the program: of so few bits a product is logic."""

MOST_STORES_IN_REGISTERS = 3
"""How many of the last stores of an array to keep in registers, where iterations wait for what is in memory."""

FEWEST_CYCLES_TO_SEARCH = 32
"""Nests that take fewer cycles stay as the rules plan them."""

MOST_OPERATIONS_TO_SEARCH = 120
"""So do nests with more operations: each plan would take too long to try."""

MOST_OPERATIONS_FOR_POOLS = 120
"""Programs with more operations are scheduled for one smaller pool of multipliers at most, to see if that is better."""

ENOUGH = 9, 8
"""A plan with no more than so many times the cycles of the lower bound is good enough."""
