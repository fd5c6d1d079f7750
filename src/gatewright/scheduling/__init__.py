"""Scheduling as mathematics: a problem in, a schedule out, and a check between them. No IR."""
