"""Several worker processes on the same listeners.

`supervisor.py` runs in the process that was started, `worker.py` in each of its workers; `link.py` connects them. With
one worker none of it is used: the process itself serves.
"""
