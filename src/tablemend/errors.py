"""Every error that tablemend raises on purpose.

    TablemendError
    ├── SourceError          a source that cannot be read
    │   ├── SourceNotFound
    │   ├── UnreadableSource
    │   │   └── NothingAccepted
    │   └── LimitExceeded
    ├── OutputError          an output that cannot be written
    ├── SettingsError        a setting, rule, gate, scorecard or recipe that cannot be used
    ├── ScoreError           an item that a scorecard cannot score
    ├── RepairError          a repair that cannot be carried out as asked
    │   ├── UnknownOperation
    │   ├── UnknownColumn
    │   └── NothingToChange
    ├── StateError           this tool's own state does not allow what was asked
    │   ├── NotFound
    │   ├── DecisionRefused
    │   └── Conflict
    ├── DatabaseError        a database that fails or refuses
    │   ├── Unreachable          no answer, or the connection is lost
    │   ├── AccessDenied         wrong password, or no right
    │   ├── MissingObject        no such database, schema, table or column
    │   ├── ConstraintBroken     a row that a constraint forbids
    │   ├── Transient            trying again is safe: deadlock, serialisation, too many connections
    │   ├── Timeout              a statement or a free connection took too long
    │   ├── DataRefused          data that the database or its table cannot hold as it is
    │   ├── ColumnMissing        the table does not have a column of the data
    │   ├── StorageFull          the disk of the database has no room left
    │   └── CountMismatch        the database counted other rows than it was handed
    ├── BatchError           work in batches that cannot go on
    │   ├── WrongOutcome         a batch function reported what cannot be
    │   ├── ProcessDied          the process of a batch ended before it was done
    │   └── Stopped              it stopped before the source was through; `report` says how far it came
    ├── AccessError          somebody who may not do what was asked
    │   ├── NotSignedIn
    │   ├── SignInRefused        wrong name, password, link or token
    │   ├── TooManyAttempts      `wait` says for how many seconds
    │   └── Forbidden            the role does not have the right
    └── Cancelled            the user stopped the work

Each message says what was wrong and what was there instead; `hint` says what to do next.
"""

from typing import Any


class TablemendError(Exception):
    """Base of every error raised on purpose; `hint` is one sentence that says what to do.

    The message loses its full stop, since whoever shows it goes on with a stop and the hint.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        message = message if message.endswith("..") else message.removesuffix(".")
        super().__init__(message)
        self.message = message
        self.hint = hint


class SourceError(TablemendError):
    """A source that cannot be read."""


class SourceNotFound(SourceError):
    """The path, table or sheet does not exist."""


class UnreadableSource(SourceError):
    """The source exists, but its content is not what it claims to be."""


class NothingAccepted(UnreadableSource):
    """Every entry of the source was rejected; `run` is the failed run that keeps why."""

    def __init__(self, message: str, *, run: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.run = run


class LimitExceeded(SourceError):
    """The source is larger than a setting allows."""


class OutputError(TablemendError):
    """An output that cannot be written."""


class SettingsError(TablemendError):
    """A setting, rule, gate, scorecard or recipe that cannot be used."""


class ScoreError(TablemendError):
    """An item that a scorecard cannot score."""


class RepairError(TablemendError):
    """A repair that cannot be carried out as asked."""


class UnknownOperation(RepairError):
    """The operation is not in the vocabulary."""


class UnknownColumn(RepairError):
    """The table has no such column."""


class NothingToChange(RepairError):
    """The operation would leave every cell and row as it is."""


class StateError(TablemendError):
    """This tool's own state does not allow what was asked."""


class NotFound(StateError):
    """No run, item, change set or version of that name."""


class DecisionRefused(StateError):
    """The decision is not allowed for the item as it stands."""


class Conflict(StateError):
    """Somebody else changed the same thing first."""


class DatabaseError(TablemendError):
    """A database that fails or refuses."""


class Unreachable(DatabaseError):
    """The database does not answer, or the connection to it is lost."""


class AccessDenied(DatabaseError):
    """The password is wrong, or the user has no right to what was asked."""


class MissingObject(DatabaseError):
    """The database, schema, table or column does not exist."""


class ConstraintBroken(DatabaseError):
    """A row that a constraint of the database forbids."""


class Transient(DatabaseError):
    """The transaction was taken back through no fault of its own: trying it again is safe."""


class Timeout(DatabaseError):
    """A statement, a lock or a free connection took longer than allowed."""


class DataRefused(DatabaseError):
    """Data that the database, or the table it goes to, cannot hold as it is."""


class StorageFull(DatabaseError):
    """The disk of the database has no room left."""


class ColumnMissing(DataRefused, MissingObject):
    """The table does not have a column of the data."""


class CountMismatch(DatabaseError):
    """The database counted other rows than it was handed; nothing of them is kept."""


class BatchError(TablemendError):
    """Work in batches that cannot go on."""


class WrongOutcome(BatchError):
    """A batch function reported what cannot be; nothing of the batch is kept where a ledger has its transaction."""


class ProcessDied(BatchError):
    """The process of a batch ended before the batch was done."""


class Stopped(BatchError):
    """Work in batches stopped before its source was through; `report` says how far it came."""

    def __init__(self, message: str, *, report: Any = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.report = report


class AccessError(TablemendError):
    """Somebody may not do what was asked."""


class NotSignedIn(AccessError):
    """Nobody is signed in, or the session has ended."""


class SignInRefused(AccessError):
    """The name, password, link or token is wrong, or no longer valid."""


class TooManyAttempts(AccessError):
    """Too many sign-ins failed; `wait` says for how many seconds no other is tried."""

    def __init__(self, message: str, *, wait: float, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.wait = wait


class Forbidden(AccessError):
    """The role of the person does not have the right that this needs."""


class Cancelled(TablemendError):
    """The user stopped the work; `report` says how far work in batches came."""

    def __init__(self, message: str, *, report: Any = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.report = report
