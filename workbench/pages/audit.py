"""Who saw and did what: the audit, searched; what was refused; whether each row stands as it was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from starlette.responses import Response

from workbench import audit
from workbench.asked import Asked
from workbench.policy import AGENCIES, PURPOSES, Policy
from workbench.store import audit as table
from workbench.visit import Visit, visiting

router = APIRouter()
ROWS_OF_A_PAGE = 50
REFUSED = ("missing", "forbidden", "refused")  # what somebody asked for that is not theirs
SHOWN = ("seq", "at", "who", "role", "agencies", "purpose", "act", "object", "versions")


@dataclass(frozen=True)
class State:
    """What the address says."""

    who: str
    act: str
    purpose: str
    q: str
    refused: bool
    page: int

    @classmethod
    def of(cls, asked: Asked) -> State:
        """Read it. Raises `BadAddress`."""
        return cls(
            who=asked.text("who"),
            act=asked.text("act"),
            purpose=asked.choice("purpose", ("", *PURPOSES), ""),
            q=asked.text("q"),
            refused=asked.flag("refused"),
            page=asked.number("page", 1, 1_000_000, 1),
        )

    def address(self, **changed: Any) -> dict[str, Any]:
        """Parameters of the address; a change other than of the page goes back to the first."""
        said = {**vars(self), "page": 1, **changed}
        return {name: value for name, value in said.items() if value != {"page": 1}.get(name, "")}

    def wanted(self) -> list[sa.ColumnElement[bool]]:
        """Conditions on the rows."""
        parts = [table.c[name] == value for name in ("who", "act", "purpose") if (value := getattr(self, name))]
        parts += [table.c.object.contains(self.q, autoescape=True)] if self.q else []
        return [*parts, table.c.act.in_(REFUSED)] if self.refused else list(parts)


@router.get("/audit")
def page(visit: Annotated[Visit, Depends(visiting("audit"))]) -> Response:
    """The page; the last row first."""
    state = State.of(visit.asked)
    wanted = [_theirs(visit.policy), *state.wanted()]
    with visit.bench.store.reading() as connection:
        total = connection.execute(sa.select(sa.func.count()).select_from(table).where(*wanted)).scalar_one()
        columns = [table.c[name] for name in SHOWN]
        listed = sa.select(*columns).where(*wanted).order_by(table.c.seq.desc()).limit(ROWS_OF_A_PAGE)
        rows = connection.execute(listed.offset((state.page - 1) * ROWS_OF_A_PAGE)).mappings().all()
        acts = connection.execute(sa.select(table.c.act).where(_theirs(visit.policy)).distinct()).scalars().all()
    is_asked = visit.asked.flag("verify")
    heads = audit.published(visit.bench.heads)
    return visit.page(
        "audit.html",
        state=state,
        rows=rows,
        total=total,
        pages=max(1, -(-total // ROWS_OF_A_PAGE)),
        acts=sorted(acts),
        problems=audit.verify(visit.bench.store, heads) if is_asked else None,
        last=audit.head(visit.bench.store),
    )


def _theirs(policy: Policy) -> sa.ColumnElement[bool]:
    """Rows of people who read for the reader's agencies and no other: what others looked at tells of their cases."""
    if policy.is_whole:
        return sa.true()
    others = [agency for agency in AGENCIES if agency not in policy.agencies]
    return sa.and_(table.c.agencies != "", *(~table.c.agencies.contains(agency) for agency in others))
