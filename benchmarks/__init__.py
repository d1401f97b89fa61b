"""What `make bench` measures: this project beside the command it descends from, in one run.

`MEASUREMENTS` in `__main__` is the list; each is a module of its own that returns rows of a table.
Every number is measured when it is printed; nothing here knows a result in advance.
"""
