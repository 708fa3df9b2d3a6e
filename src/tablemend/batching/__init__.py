"""Work in batches: a stream of rows through workers, each row with one outcome, to be taken up again where it ended."""

from tablemend.batching.attempt import Attempt
from tablemend.batching.batch import Batch
from tablemend.batching.ledger import Ledger, Settled
from tablemend.batching.outcome import Done, Rejection, Report, Unfinished
from tablemend.batching.runner import run
from tablemend.batching.sizing import Adaptive

__all__ = [
    "Adaptive",
    "Attempt",
    "Batch",
    "Done",
    "Ledger",
    "Rejection",
    "Report",
    "Settled",
    "Unfinished",
    "run",
]
