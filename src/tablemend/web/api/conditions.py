"""Which items are meant, in a query or a body."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from tablemend.web.api.body import LARGEST, Body, Name

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Total = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Number = Annotated[int, Field(ge=0, le=LARGEST)]


class Conditions(Body):
    """Conditions on items; every one that is given must hold."""

    type: Annotated[Name | None, Field(description="Such as repair or intel.")] = None
    decision: Annotated[Name | None, Field(description="One of open, approved, rejected, blocked.")] = None
    check: Name | None = None
    operation: Name | None = None
    column: Name | None = None
    dimension: Name | None = None
    flag: Name | None = None
    min_confidence: Share | None = None
    max_confidence: Share | None = None
    min_score: Annotated[Total | None, Field(description="Of the total; items without a scorecard never meet it.")] = (
        None
    )
    max_score: Total | None = None
    min_rows: Number | None = None
    max_rows: Number | None = None
    text: Annotated[Name | None, Field(description="In title, summary, claims or evidence, whatever the case.")] = None

    @property
    def given(self) -> dict[str, Any]:
        """The conditions that are set."""
        return {name: value for name in Conditions.model_fields if (value := getattr(self, name)) is not None}
