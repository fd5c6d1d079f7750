"""The commands.

In: arguments of a command line. Out: files, text and exit codes. May not know: how anything is done: they only call.
"""
