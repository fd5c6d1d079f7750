"""Random programs at the schedule level."""
