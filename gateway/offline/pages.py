"""Pages for people: one HTML file each that asks nobody for anything, in one style.

Everything that is shown passes through `escape`; there is no template language to forget it in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from types import MappingProxyType
from typing import Final

from gateway.offline.page_style import PAGE_STYLE
from gateway.offline.shapes import Shape, name_channel
from gateway.offline.words import number
from translators.diagnostics import JsonValue

_CODE: Final = re.compile(r"`([^`]+)`")
_TAG: Final = re.compile(r"(<[^>]*>)")
_A_CODE: Final = re.compile(r"\b(?:[A-Z]{3}[0-9]{3}|DIFF-[0-9]{2,3})\b")
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_ARROW: Final = (
    '<svg class="arrow" width="56" height="12" viewBox="0 0 56 12" aria-hidden="true"'
    ' focusable="false"><path d="M1 6h50M46 1.5 52 6l-6 4.5" fill="none"/></svg>'
)


def page(
    *,
    title: str,
    style: str,
    body: str,
    foot: str,
    defs: str = "",
    codes: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Write a page: no scripts, no fonts, no images, nothing to fetch.

    Args:
        codes: what the codes mean that may stand in it, in a sentence. Those that do are listed at
            its end, and lead there.
        style: what it adds to the style sheet of every page.
        body: markup.
        foot: one sentence at the end, as text.
        defs: markup of what its drawings refer to.
    """
    linked, met = link_codes(body, codes)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="robots" content="noindex">\n'
        f"<title>{escape(title)}</title>\n"
        f"<style>\n{PAGE_STYLE}{style}</style>\n</head>\n<body>\n{defs}<main>\n"
        f"{linked}{_codes_section(met, codes)}"
        f"<footer>{escape(foot)}</footer>\n</main>\n</body>\n</html>\n"
    )


def link_codes(body: str, codes: Mapping[str, str]) -> tuple[str, list[str]]:
    """Make a link of every code in the text of some markup; return it, and the codes it has."""
    met: dict[str, None] = {}
    is_text, drawings = True, 0
    parts = _TAG.split(body)
    for place, part in enumerate(parts):
        if place % 2:
            drawings += part.startswith("<svg") - part.startswith("</svg")
            # Within a drawing or a summary a link would be none, or would unfold it.
            opens = part.startswith(("<summary", "<a "))
            is_text = not opens if opens or part.startswith(("</summary", "</a")) else is_text
            continue
        found = [code for code in _A_CODE.findall(part) if code in codes]
        met.update(dict.fromkeys(found))
        if found and is_text and not drawings:
            parts[place] = _A_CODE.sub(lambda code: _link(code[0], codes), part)
    return "".join(parts), sorted(met)


def _link(code: str, codes: Mapping[str, str]) -> str:
    return f'<a class="code" href="#code-{code}">{code}</a>' if code in codes else code


def _codes_section(met: Sequence[str], codes: Mapping[str, str]) -> str:
    if not met:
        return ""
    rows = "".join(
        f'<dt id="code-{code}">{code}</dt><dd>{prose(codes[code])}</dd>\n' for code in met
    )
    told = (
        "`dispatch-gateway explain CODE` tells more of each, and of the numbers of failed messages."
    )
    return section("codes", "Codes", f'<p>{prose(told)}</p>\n<dl class="codes">{rows}</dl>\n')


def section(anchor: str, title: str, body: str) -> str:
    """Write a part of the page under its heading."""
    return (
        f'<section aria-labelledby="{anchor}">\n<h2 id="{anchor}">{escape(title)}</h2>\n'
        f"{body}</section>\n"
    )


def chart(anchor: str, title: str, caption: str, rows: Iterable[str]) -> str:
    """Write a part of the page that is one chart of `chart_row`s."""
    figure = (
        f"<figure><figcaption>{escape(caption)}</figcaption>"
        f'<ul class="chart">{"".join(rows)}</ul></figure>\n'
    )
    return section(anchor, title, figure)


def chart_row(label: str, value: str, drawing: str) -> str:
    """Write one row of a chart; all three are markup."""
    return f'<li><div class="row"><span>{label}</span><span>{value}</span></div>{drawing}</li>\n'


def table_head(*names: str, numbers: Iterable[str] = ()) -> str:
    """Write the head of a table.

    Args:
        numbers: which of the columns hold numbers.
    """
    cells = "".join(
        f'<th scope="col" class="num">{name}</th>'
        if name in numbers
        else f'<th scope="col">{name}</th>'
        for name in names
    )
    return f"<thead><tr>{cells}</tr></thead>"


def json_details(title: str, value: JsonValue, kind: str) -> str:
    """Write a JSON value that is unfolded on demand; nothing for `None`."""
    if value is None:
        return ""
    text = escape(json.dumps(value, indent=2, ensure_ascii=False), quote=False)
    return (
        f'<details class="{kind}"><summary>{escape(title)}</summary><pre>{text}</pre></details>\n'
    )


def svg(anchor: str, title: str, description: str, size: str, drawing: str) -> str:
    """Write a drawing that is also told in words.

    Args:
        size: its attributes `width`, `height` and, if it has one, `viewBox`.
    """
    return (
        f'<svg role="img" aria-labelledby="{anchor}-t {anchor}-d" {size}>'
        f'<title id="{anchor}-t">{escape(title)}</title>'
        f'<desc id="{anchor}-d">{escape(description)}</desc>{drawing}</svg>'
    )


def flow(shape: Shape, *, has_times: bool = True) -> str:
    """Draw a workflow: its steps in order, and on the arrow between two what is waited for.

    Args:
        has_times: False if the shape stands for workflows of any expiry.
    """
    items = []
    for index, step in enumerate(shape.steps):
        name = name_channel(step.channel)
        rest = step.title.removeprefix(name).lstrip()
        items.append(f'<li class="step"><b>{escape(name)}</b> {escape(rest)}</li>')
        if step.terms or index + 1 < len(shape.steps):
            condition, _, wait = (step.terms or "then").partition(" within ")
            below = f"within {escape(wait)}" if wait and has_times else ""
            items.append(
                f'<li class="wait"><span>unless {escape(condition)}</span>{_ARROW}'
                f"<span>{below}</span></li>"
            )
    if shape.more_steps:
        items.append(f'<li class="step">{number(shape.more_steps)} more</li>')
    if not items:
        items.append('<li class="step">unknown steps</li>')
    return f'<ol class="flow">{"".join(items)}</ol>'


def prose(text: str) -> str:
    """Escape a sentence; what stands between backticks becomes code, and 50 % stays together."""
    return _CODE.sub(r"<code>\1</code>", escape(text)).replace(" %", "&nbsp;%")
