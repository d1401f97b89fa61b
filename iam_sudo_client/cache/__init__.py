"""Credentials that were given out already, kept until they are nearly over: key, entries, answer.

Imports the standard library alone, and what locks (`filelock`), names folders (`platformdirs`) and
keeps secrets (`keyring`) within functions: an answer that is there shall be given at once.
Listed are the modules that others may use.
"""

__all__ = ["answer", "entries", "keys", "names"]
