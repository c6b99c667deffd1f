"""The OpenAPI description that the project ships, and whether an answer is as it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpx2
import jsonschema_rs
import orjson
import yaml

PATH: Final = Path(__file__).parents[2] / "docs" / "openapi.yaml"
METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})


@cache
def description() -> dict[str, Any]:
    """Return the description as it is written."""
    document: dict[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    return document


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each method in capitals, its path, and what is said of it."""
    for path, item in description()["paths"].items():
        for method in METHODS & item.keys():
            yield method.upper(), path, item[method]


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Follow references until there is none."""
    while "$ref" in node:
        found: Any = description()
        for name in node["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        node = found
    return node


def faults(schema: dict[str, Any], value: object) -> list[str]:
    """Return what of `value` is not as a schema of the description says."""
    return [
        f"/{'/'.join(map(str, each.instance_path))}: {each.message}"
        for each in _validator(orjson.dumps(schema)).iter_errors(value)
    ]


@cache
def _validator(schema: bytes) -> jsonschema_rs.Draft202012Validator:
    whole = {**orjson.loads(schema), "components": description()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def answer_faults(answer: httpx2.Response) -> list[str]:
    """Return what of an answer of the gateway the description does not say."""
    request = answer.request
    return undescribed(
        request.method,
        request.url.path,
        status=answer.status_code,
        media_type=answer.headers.get("content-type", ""),
        body=answer.content,
    )


def undescribed(method: str, path: str, *, status: int, media_type: str, body: bytes) -> list[str]:
    """Return what of an answer to `method` and `path` the description does not say."""
    told = _operation(method, path)
    if told is None:
        return [] if status in (404, 405, 421) else [f"{method} {path} is no operation"]
    response = told["responses"].get(str(status)) or told["responses"].get("default")
    if response is None:
        return [f"{method} {path} has no response {status}"]
    content = resolved(response).get("content", {})
    media_type = media_type.partition(";")[0]
    if not content:
        return [f"{method} {path} has a body"] if body else []
    if media_type not in content:
        return [f"{method} {path} has no {media_type}"]
    value = orjson.loads(body) if media_type == "application/json" else body.decode()
    return faults(content[media_type]["schema"], value)


def _operation(method: str, path: str) -> dict[str, Any] | None:
    """Return the operation that a path leads to; literal segments go before parameters."""
    templates = description()["paths"]
    found = [template for template in templates if _template(template).fullmatch(path)]
    if not found:
        return None
    operation: dict[str, Any] | None = templates[
        min(found, key=lambda template: template.count("{"))
    ].get(method.lower())
    return operation


@cache
def _template(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", path)
    return re.compile("[^/]+".join(map(re.escape, parts)) + "/?")
