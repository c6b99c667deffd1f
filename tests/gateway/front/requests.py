"""Requests as bytes."""

from __future__ import annotations

import base64
from typing import Final

import orjson

from tests.support.world import API_KEY, API_SECRET, step, workflow

HOST: Final = "Host: gateway.example.com"
BASIC: Final = (
    f"Authorization: Basic {base64.b64encode(f'{API_KEY}:{API_SECRET}'.encode()).decode()}"
)
JSON: Final = "Content-Type: application/json"
BODY: Final = orjson.dumps(workflow(step("sms")))
"""A workflow that is accepted."""


def head(line: str, *lines: str) -> bytes:
    """Return a head."""
    return "\r\n".join([line, *lines, "", ""]).encode("latin-1")


def get(path: str = "/livez", *lines: str, host: str = HOST) -> bytes:
    """Return a GET."""
    return head(f"GET {path} HTTP/1.1", *([host] if host else []), *lines)


def post(*lines: str, body: bytes = BODY, path: str = "/v0.1/dispatch") -> bytes:
    """Return a POST with credentials, whose framing is in `lines`."""
    return head(f"POST {path} HTTP/1.1", HOST, BASIC, JSON, *lines) + body


def sized(*lines: str, body: bytes = BODY) -> bytes:
    """Return a POST with a Content-Length."""
    return post(f"Content-Length: {len(body)}", *lines, body=body)


def chunks(*parts: bytes, trailer: bytes = b"", extension: bytes = b"") -> bytes:
    """Return a chunked body."""
    chunked = b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts)
    return chunked + b"0\r\n" + trailer + b"\r\n"
