"""What PySpark makes of an interrupt of a call to Java: other errors, and tracebacks that tell nobody anything."""

from __future__ import annotations

import logging


def hush() -> None:
    """Keep broken calls out of the root of all logs, where PySpark tells them; other records are left alone."""
    logging.getLogger().addFilter(_told_otherwise)  # adding it again changes nothing


def broke(problem: BaseException | None) -> bool:
    """Whether an error came of an interrupt, which PySpark replaces by the error of the job that it cancels."""
    while problem is not None:
        if isinstance(problem, KeyboardInterrupt) or "reentrant call" in str(
            problem
        ):  # PySpark's handler of the signal
            return True
        problem = problem.__cause__ or problem.__context__
    return False


def _told_otherwise(record: logging.LogRecord) -> bool:
    """False for a call that an interrupt broke: the interrupt itself reaches the caller as KeyboardInterrupt."""
    return "py4j" not in record.pathname or not record.exc_info or not broke(record.exc_info[1])
