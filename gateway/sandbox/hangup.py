"""An answer that never comes: the connection closes instead.

ASGI has no word for it, so the server offers its own as an extension (`gateway.sandbox.server`).
Under another server the answer is an empty 500, which tells a caller as little.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

EXTENSION: Final = "dispatch-gateway.hang-up"


class Hangup(Response):
    """Close the connection without a byte."""

    def __init__(self) -> None:
        super().__init__(status_code=500)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hang_up = scope.get("extensions", {}).get(EXTENSION)
        if hang_up is None:
            await super().__call__(scope, receive, send)
            return
        hang_up["call"]()
        # The server takes a missing answer amiss until it has noticed that nobody is there.
        while (await receive())["type"] != "http.disconnect":
            pass
        if self.background is not None:
            await self.background()
