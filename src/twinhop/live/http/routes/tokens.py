"""Tokens of callers, for administrators."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Response
from pydantic import Field

from twinhop.live.gateway.tokens import Token
from twinhop.live.http.paths import TokenId, encoded
from twinhop.live.http.routes.guard import Api, needs, router
from twinhop.live.http.routes.pages import USUAL_LIMIT, Cursor, Limit, page_of_rows, row_of, unknown
from twinhop.live.http.routes.responses import answers
from twinhop.live.http.routes.shown import Answer, Page
from twinhop.scenario.fields import LONGEST_TEXT, Section

routes = router("tokens")

MOST_SCOPES = 64
LONGEST_SCOPE = LONGEST_TEXT + len("device:")

Scope = Annotated[str, Field(min_length=1, max_length=LONGEST_SCOPE)]


class TokenView(Answer):
    """What is kept of a token; not the token."""

    id: str
    name: str = Field(description="of who has it")
    scopes: list[str] = Field(description="what it allows")
    made_s: float = Field(description="when it was made, since 1970 [s]")


class TokenPage(Page[TokenView]):
    """Tokens, the oldest first."""


class MadeToken(TokenView):
    """A new token."""

    token: str = Field(description="the token; it is shown this once", json_schema_extra={"format": "password"})


class TokenToMake(Section):
    """What a token is to allow."""

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)] = Field(
        description="of who is to have it", examples=["car 1"]
    )
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=MOST_SCOPES)] = Field(
        description="admin, operate, read, gateway, or device: and the id of a twin", examples=[["device:car-1"]]
    )


@routes.get("/tokens", dependencies=needs("admin"), responses=answers(400))
async def list_tokens(api: Api, limit: Limit = USUAL_LIMIT, cursor: Cursor = None) -> TokenPage:
    """List the tokens, the oldest first; the one of the environment is not among them."""
    rows, following = await asyncio.to_thread(page_of_rows, api.tokens.all(), _oldest_first, cursor, limit, ["tokens"])
    return TokenPage(items=[_view(each) for each in rows], next_cursor=following)


@routes.post(
    "/tokens",
    dependencies=needs("admin"),
    status_code=201,
    responses={
        201: {"headers": {"Location": {"description": "of the token", "schema": {"type": "string"}}}},
        **answers(400),
    },
)
async def make_token(api: Api, body: TokenToMake, response: Response) -> MadeToken:
    """Make a token; it is shown in this answer, and never again: the server keeps its hash."""
    text, kept = await asyncio.to_thread(api.tokens.make, body.name, body.scopes)
    response.headers["Location"] = f"/v1/tokens/{encoded(kept.id)}"
    response.headers["Cache-Control"] = "no-store"
    return MadeToken(**_view(kept).model_dump(), token=text)


@routes.get("/tokens/{token}", dependencies=needs("admin"), responses=answers(404))
async def get_token(api: Api, token: TokenId) -> TokenView:
    """What a token allows."""
    return _view(row_of(api.tokens.all(), "token", token))


@routes.delete("/tokens/{token}", dependencies=needs("admin"), status_code=204, responses=answers(404))
async def delete_token(api: Api, token: TokenId) -> None:
    """Delete a token; from now on nobody gets in with it, and connections and streams that it opened end."""
    if not await api.gateway.revoke(token):
        raise unknown("token", token)


def _oldest_first(token: Token) -> str:
    return f"{token.made_s:020.3f} {token.id}"


def _view(token: Token) -> TokenView:
    return TokenView(id=token.id, name=token.name, scopes=list(token.scopes), made_s=token.made_s)
