"""Several processes that serve on the same listeners: who starts and watches them, and what each of them does.

`supervisor.py` runs in the process that was started, `worker.py` in each of its workers, `link.py` is what they say to
each other. With one worker none of it is used: then the process itself serves.
"""
