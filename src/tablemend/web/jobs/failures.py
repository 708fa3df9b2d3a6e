"""What a person is told about an error: a title in words, the message, and what to do."""

from __future__ import annotations

import logging
import secrets

from tablemend import errors

logger = logging.getLogger(__name__)

TITLES: dict[type[errors.TablemendError], str] = {
    errors.SourceNotFound: "The source was not found",
    errors.NothingAccepted: "Nothing in the source could be used",
    errors.UnreadableSource: "The source cannot be read",
    errors.LimitExceeded: "The source is too large",
    errors.SourceError: "The source cannot be read",
    errors.OutputError: "The output cannot be written",
    errors.SettingsError: "A setting cannot be used",
    errors.ScoreError: "An item cannot be scored",
    errors.NothingToChange: "There is nothing to change",
    errors.RepairError: "The repair cannot be carried out",
    errors.NotFound: "It was not found",
    errors.DecisionRefused: "The decision is not allowed",
    errors.Conflict: "Somebody else was faster",
    errors.StateError: "This cannot be done now",
    errors.Unreachable: "The database does not answer",
    errors.AccessDenied: "The database refuses access",
    errors.MissingObject: "The database does not have it",
    errors.ConstraintBroken: "A constraint of the database forbids it",
    errors.Timeout: "The database took too long",
    errors.DataRefused: "The database cannot hold the data",
    errors.StorageFull: "The disk of the database is full",
    errors.DatabaseError: "The database refused",
    errors.BatchError: "The work in batches stopped",
    errors.NotSignedIn: "Nobody is signed in",
    errors.SignInRefused: "Signing in was refused",
    errors.TooManyAttempts: "Too many sign-ins failed",
    errors.Forbidden: "The role does not allow it",
    errors.AccessError: "Access was refused",
    errors.Cancelled: "It was cancelled",
}
"""Title of each kind of error; one that is not named has that of the kind above it."""

UNEXPECTED = "Something went wrong"


def title(problem: BaseException) -> str:
    """A title in words for an error."""
    return next((TITLES[kind] for kind in type(problem).__mro__ if kind in TITLES), UNEXPECTED)


def told(problem: BaseException) -> dict[str, str]:
    """Title, message and hint of an error; one that nobody expected is logged, and told by a reference to the log."""
    if isinstance(problem, errors.TablemendError):
        kind = type(problem).__name__
        found = {"title": title(problem), "message": problem.message, "hint": problem.hint or "", "kind": kind}
        return found | ({"run": problem.run} if isinstance(problem, errors.NothingAccepted) else {})
    if isinstance(problem, OSError) and problem.strerror:
        named = f"{problem.filename}: {problem.strerror}" if problem.filename else problem.strerror
        return {"title": "A file cannot be used", "message": named, "hint": "Check the path, and who may use it."}
    if isinstance(problem, MemoryError):
        hint = "Take a smaller table, or give the server more memory."
        return {"title": "The memory is not enough", "message": "There was too little memory for it.", "hint": hint}
    reference = secrets.token_hex(4)
    logger.error("unexpected error, reference %s", reference, exc_info=problem)
    hint = f"Nothing is half-applied. Tell whoever runs the server the reference {reference}; its log says more."
    return {"title": UNEXPECTED, "message": "An error occurred that nobody foresaw.", "hint": hint} | {
        "reference": reference
    }
