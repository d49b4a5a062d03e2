"""Errors that are passed to another task."""

from openucwa.model.refusals import Refusal


def without_frames(error: Exception) -> Exception:
    """A refusal without its traceback.

    Frames reference the future that carries the refusal, which references the refusal, so only a garbage collection
    would free them. Other errors keep their traceback, for the log.
    """
    return error.with_traceback(None) if isinstance(error, Refusal) else error
