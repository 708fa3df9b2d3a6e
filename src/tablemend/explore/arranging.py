"""The order in which chosen entities and features stand side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tablemend.explore import clustering, questions
from tablemend.explore.chunks import Floats
from tablemend.explore.matrix import Answer

if TYPE_CHECKING:
    from tablemend.explore.matrix import Matrix


def arranged(matrix: Matrix, entities: Sequence[str], features: Sequence[str]) -> Answer:
    """The same entities and features in an order in which those that are alike stand together.

    Columns: side (entities or features), name. What is not measured at all has a place too. The order is that of
    `clustering.order`; a note says how each side was ordered. Raises NotFound for a name that is not there.
    """
    found = questions.part(matrix, entities=entities, features=features)
    down, along = clustering.order(grid(found.table, features, entities))
    sides = ["features"] * len(features) + ["entities"] * len(entities)
    named = [features[place] for place in down.places] + [entities[place] for place in along.places]
    table = pa.table({"side": pa.array(sides, pa.string()), "name": pa.array(named, pa.string())})
    return Answer(table, "", table.num_rows, (f"Entities are {along.how}, features {down.how}.",))


def grid(cells: pa.Table, features: Sequence[str], entities: Sequence[str]) -> Floats:
    """The means of `questions.part` as features × entities, NaN where nothing was measured."""
    down = pc.index_in(cells["feature"], pa.array(features, pa.string())).to_numpy()
    along = pc.index_in(cells["entity"], pa.array(entities, pa.string())).to_numpy()
    values = np.full((len(features), len(entities)), np.nan)
    values[down, along] = cells["mean"].to_numpy()
    return values
