"""Errors that are handed to another task than the one that met them."""

from openucwa.model.refusals import Refusal


def without_frames(error: Exception) -> Exception:
    """A refusal without the frames that it came through.

    They hold what it is handed over in, and that holds the refusal, so that only a garbage collection would free any of
    it. Other errors keep their frames, for the log.
    """
    return error.with_traceback(None) if isinstance(error, Refusal) else error
