"""The two sides of a split as one HTML page: whether they differ stands on its first screen."""

from __future__ import annotations

from html import escape
from typing import Final

from gateway.compare.codes import code_words
from gateway.compare.populations import Figure, Populations
from gateway.compare.populations_report import (
    Answer,
    answer_of,
    distance,
    extent,
    figures_to_show,
    headline,
    judgement,
    meaning_of,
    name_of,
    shown,
    sizes,
)
from gateway.compare.report_style import STYLE
from gateway.compare.report_words import private_note
from gateway.offline.pages import chart_row, page, prose, section

# By answer: the class of the box, its sign, and its word.
_SIGNS: Final = {
    Answer.ALIKE: ("go", "✓", "Alike"),
    Answer.DIFFERING: ("no", "✕", "Differing"),
    Answer.TOO_FEW: ("not-yet", "…", "Too few"),
}
_STYLE: Final = """\
.noise { fill: none; stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 4 3; }
.side-legacy { fill: var(--grey); } .side-gateway { fill: var(--blue); }
.side-differs { fill: var(--no); }
.noise-key { display: inline-block; width: 2.2rem; height: .8rem; vertical-align: -.05em;
  border: 1.5px dashed var(--soft); margin: 0 .4rem 0 0; }
"""


def populations_html(found: Populations) -> str:
    """Write everything as a page."""
    answer = answer_of(found)
    kind, sign, word = _SIGNS[answer]
    tiles = "".join(
        f"<div><dt>{escape(title)}</dt><dd>{escape(size)}<span>{escape(meaning)}</span></dd></div>"
        for title, size, meaning in sizes(found)
    )
    header = (
        '<header>\n<p class="over">Dispatch compared with this gateway, as populations</p>\n'
        "<h1>Do the two sides of the split differ?</h1>\n"
        f'<div class="verdict {kind}">\n<p class="headline">'
        f'<strong><span aria-hidden="true">{sign}</span> {word}</strong>'
        f'{prose(headline(found))}</p>\n</div>\n<dl class="figures">{tiles}</dl>\n</header>\n'
    )
    return page(
        title=f"{word}: the two sides of the split",
        style=STYLE + _STYLE,
        body=header + _figures(found),
        foot=private_note("populations"),
        codes=code_words(),
    )


def _figures(found: Populations) -> str:
    figures = figures_to_show(found)
    if not figures:
        return ""
    key = (
        '<p class="small soft"><span class="noise-key"></span>where chance alone would leave the'
        " gateway, by what two random halves of Dispatch's side differ</p>\n"
    )
    return section("figures", "Figure by figure", key + "".join(map(_card, figures)))


def _card(figure: Figure) -> str:
    # Only what differs has a colour of its own; the words say it as well.
    state = "semantic" if figure.differs else ""
    side = "differs" if figure.differs else "gateway"
    rows = chart_row(
        "Dispatch", escape(shown(figure, figure.legacy)), _bar(figure, figure.legacy, "legacy")
    ) + chart_row(
        "gateway", escape(shown(figure, figure.gateway)), _bar(figure, figure.gateway, side)
    )
    return (
        f'<article class="card {state}">\n<div class="row"><h3>{escape(name_of(figure))}</h3>'
        f"<span>{escape(judgement(figure))}</span></div>\n"
        f'<p class="small soft">{escape(meaning_of(figure))}</p>\n'
        f'<ul class="chart">{rows}</ul>\n<p class="small">{prose(distance(figure))}</p>\n'
        "</article>\n"
    )


def _bar(figure: Figure, value: float | None, side: str) -> str:
    """Draw a value, and on the gateway's side where chance would leave it."""
    scale = 100 / extent(figure)
    rail = '<rect class="rail" width="100%" height="14"/>'
    drawn = rail + _rect(f"side-{side}", 0, value, scale, 'y="3" height="8"')
    if side != "legacy" and figure.legacy is not None and figure.allowance is not None:
        least, most = figure.legacy - figure.allowance, figure.legacy + figure.allowance
        least = max(0.0, least)
        drawn += _rect("noise", least, most - least, scale, 'height="14"')
    return (
        '<svg class="bar" width="100%" height="14" aria-hidden="true" focusable="false">'
        f"{drawn}</svg>"
    )


def _rect(name: str, left: float, width: float | None, scale: float, size: str) -> str:
    x = left * scale
    wide = min(100 - x, (width or 0.0) * scale)
    return f'<rect class="{name}" x="{x:.2f}%" width="{wide:.2f}%" {size}/>'
