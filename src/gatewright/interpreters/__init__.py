"""Programs of the loops and the schedule level, run as Python that is generated from them."""
