"""Analyses of the IR that more than one pass uses. They change nothing."""
