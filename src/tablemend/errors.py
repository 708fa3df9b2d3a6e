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
    └── Cancelled            the user stopped the work

Each message says what was wrong and what was there instead; `hint` says what to do next.
"""


class TablemendError(Exception):
    """Base of every error raised on purpose; `hint` is one sentence that says what to do."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
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


class Cancelled(TablemendError):
    """The user stopped the work."""
