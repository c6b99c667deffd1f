"""The drawings of the HTML report: inline SVG that fits any width.

Widths are in per cent, so that a bar grows with the page while its text keeps its size. What a
colour says is also said by a pattern and in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.assess.judging import Standing
from gateway.offline.pages import svg
from gateway.offline.words import number

_HEIGHT: Final = 44
_LABEL_FITS: Final = 0.085
"""The part of the width, on a phone, that holds a label such as N2."""

PATTERNS: Final = """\
<svg width="0" height="0" aria-hidden="true" focusable="false" style="position:absolute"><defs>
<pattern id="hatch-N1" width="8" height="8" patternUnits="userSpaceOnUse">\
<rect width="8" height="8" class="fill-N1"/><circle cx="4" cy="4" r="1.1" class="ink"/></pattern>
<pattern id="hatch-N2" width="9" height="9" patternUnits="userSpaceOnUse" \
patternTransform="rotate(45)"><rect width="9" height="9" class="fill-N2"/>\
<rect width="2" height="9" class="ink"/></pattern>
<pattern id="hatch-N3" width="9" height="9" patternUnits="userSpaceOnUse" \
patternTransform="rotate(-45)"><rect width="9" height="9" class="fill-N3"/>\
<rect width="2.5" height="9" class="ink"/></pattern>
<pattern id="hatch-refused" width="8" height="8" patternUnits="userSpaceOnUse">\
<rect width="8" height="8" class="fill-refused"/><path d="M0 0h8M0 0v8" class="line"/></pattern>
</defs></svg>
"""
"""Stands once in the page; every figure uses it."""


def standings_bar(standings: Mapping[Standing, int], percents: Mapping[Standing, str]) -> str:
    """Draw one bar, divided by standing."""
    whole = sum(standings.values())
    parts, told, left = [], [], 0.0
    for standing, count in standings.items():
        if not count:
            continue
        width = count / whole
        parts.append(_rect(standing, left, width, _HEIGHT))
        if width >= _LABEL_FITS:
            middle = 100 * (left + width / 2)
            label = standing.value
            parts.append(
                f'<g class="tag"><rect x="{middle:.3f}%" y="11" width="36" height="22" rx="4"'
                f' transform="translate(-18 0)"/><text x="{middle:.3f}%" y="27"'
                f' text-anchor="middle">{label if len(label) < 3 else "✕"}</text></g>'
            )
        told.append(f"{standing} {number(count)} ({percents[standing]})")
        left += width
    size = f'width="100%" height="{_HEIGHT}"'
    return svg("f", "Workflows by grade", ", ".join(told), size, "".join(parts))


def swatch(standing: Standing) -> str:
    """Draw the sign of a standing for a legend."""
    return (
        '<svg class="swatch" width="18" height="18" aria-hidden="true" focusable="false">'
        f'<rect width="18" height="18" rx="3" fill="{_fill(standing)}" class="{_class(standing)}"/>'
        "</svg>"
    )


def bar(part: int, whole: int, standing: Standing | None = None) -> str:
    """Draw one row of a chart; its number stands beside it as text, so nobody reads it out."""
    width = part / whole if whole else 0.0
    return (
        '<svg class="bar" width="100%" height="14" aria-hidden="true" focusable="false">'
        '<rect width="100%" height="14" rx="3" class="rail"/>'
        f"{_rect(standing, 0.0, width, 14)}</svg>"
    )


def _rect(standing: Standing | None, left: float, width: float, height: int) -> str:
    paint = f'fill="{_fill(standing)}" class="{_class(standing)}"' if standing else 'class="plain"'
    return f'<rect x="{100 * left:.3f}%" width="{100 * width:.3f}%" height="{height}" {paint}/>'


def _fill(standing: Standing) -> str:
    return "" if standing is Standing.N0 else f"url(#hatch-{standing})"


def _class(standing: Standing) -> str:
    return "fill-N0" if standing is Standing.N0 else "hatched"
