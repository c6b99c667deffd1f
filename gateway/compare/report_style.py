"""What the style sheet of this report adds to that of every report."""

from __future__ import annotations

from typing import Final

STYLE: Final = """\
:root { --go: #1a7a58; --wait: #8a5a00; --no: #a8322c; --blue: #2b6cb0; --grey: #59616d;
  --go-bg: #e9f5f0; --wait-bg: #fdf3df; --no-bg: #fbeceb; --mark: #fff0c9; }
@media (prefers-color-scheme: dark) { :root { --go: #4fc296; --wait: #e6b65c; --no: #f0857d;
  --blue: #6aa5e0; --grey: #8a94a2; --go-bg: #14291f; --wait-bg: #2c2312; --no-bg: #331b1a;
  --mark: #40340f; } }
.verdict { border-left: 8px solid; border-radius: 8px; padding: 1.1rem 1.4rem 1rem;
  margin: 0 0 1.25rem; }
.verdict .headline { margin: 0; } .verdict ul { margin: .6rem 0 0; padding-left: 1.2rem; }
.verdict strong { font-size: 2.25rem; line-height: 1.1; display: block; letter-spacing: -.02em;
  margin-bottom: .3rem; }
.verdict .headline { font-size: 1.25rem; line-height: 1.4; }
.verdict.go { border-color: var(--go); background: var(--go-bg); }
.verdict.no-answer { border-color: var(--grey); background: var(--wait-bg); }
.verdict.not-yet { border-color: var(--wait); background: var(--wait-bg); }
.verdict.no { border-color: var(--no); background: var(--no-bg); }
.verdict.go strong { color: var(--go); } .verdict.not-yet strong { color: var(--wait); }
.verdict.no strong { color: var(--no); }
.figures { display: grid; grid-template-columns: repeat(3, 1fr); gap: .75rem; margin: 0; }
.figures div { border: 1px solid var(--rule); border-radius: 8px; padding: .6rem .8rem .7rem;
  display: flex; flex-direction: column; }
.figures dt { margin: 0; font-weight: 600; font-size: .8125rem; color: var(--soft); }
.figures dd { font-size: 1.5rem; line-height: 1.25; font-weight: 650;
  font-variant-numeric: tabular-nums; }
.figures dd span { display: block; font-size: .8125rem; line-height: 1.35; font-weight: 400;
  color: var(--soft); }
.fill-identical { fill: #1a7a58; } .fill-equivalent { fill: #3a9d7a; }
.fill-explained { fill: var(--blue); } .fill-cosmetic { fill: #7b8794; }
.fill-semantic { fill: #b23a34; } .fill-cut { fill: #8a6d1f; }
.fill-not-comparable { fill: var(--grey); }
.unseen { margin: 0; padding: 0; list-style: none; }
.unseen li { padding: .45rem 0; border-bottom: 1px solid var(--rule); }
.unseen b { font-weight: 600; } .unseen span { display: block; }
.gravity { display: inline-block; border-radius: 4px; padding: 0 .45rem; font-size: .8125rem;
  line-height: 1.5rem; font-weight: 650; border: 1.5px solid; margin-right: .35rem; }
.gravity.critical { background: var(--no); color: var(--page); border-color: var(--no); }
.gravity.semantic { color: var(--no); } .gravity.explained { color: var(--blue); }
.gravity.ignored { color: var(--wait); } .gravity.cosmetic { color: var(--soft); }
.card.critical, .card.semantic { border-left: 5px solid var(--no); }
.did { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.25rem; margin-top: .6rem; }
.did dt { grid-row: 1; font-size: .8125rem; color: var(--soft); margin: 0; }
.did dd { grid-row: 2; }
.sides { margin-top: .6rem; font-size: .875rem; table-layout: fixed; }
.sides th, .sides td { padding: .3rem .6rem .3rem 0; overflow-wrap: anywhere; }
.sides col:first-child { width: 6.5rem; }
.sides tbody th { font-weight: 400; color: var(--soft); font-variant-numeric: tabular-nums; }
.sides td p { margin: 0; } .sides td p.alone { font-weight: 600; }
.sides tr.differs { background: var(--mark); }
.sides tr.differs th { font-weight: 650;
  color: inherit; } .sides tr.differs th::before { content: "≠ "; color: var(--no); }
.sides .end { font-weight: 600; } .sides .nothing { color: var(--no); font-weight: 600; }
.curve { width: 100%; height: auto; max-width: 34rem; } .curve text { fill: var(--soft);
  font-size: 13px; } .curve .grid { stroke: var(--rule); } .curve path { fill: none;
  stroke-width: 2.5; stroke-linejoin: round; } .curve .failovers { stroke: var(--blue); }
.curve .doubles { stroke: var(--no); stroke-dasharray: 7 4; }
.curve .now { stroke: var(--soft); stroke-dasharray: 2 4; }
.curve .dot-failovers { fill: var(--blue); } .curve .dot-doubles { fill: var(--no); }
.key { display: inline-block; width: 2.2rem; height: 0; border-top: 3px solid var(--blue);
  vertical-align: .25em; margin: 0 .4rem 0 0; } .key.doubles { border-top: 3px dashed var(--no);
  margin-left: 1.2rem; }
tr.now > * { font-weight: 650; background: var(--card); }
.note { margin-top: .75rem; }
@media (max-width: 34rem) {
  .dense { font-size: .8125rem; } .dense th, .dense td { padding-right: .35rem; }
  .dense thead th { font-size: .6875rem; } .dense .num { white-space: normal; }
  .figures { grid-template-columns: 1fr 1fr; gap: .5rem; }
  .verdict { padding: .9rem 1rem; } .verdict .headline { font-size: 1.0625rem; }
  .figures dd { font-size: 1.25rem; } .figures div { padding: .45rem .65rem .5rem; }
  .did { grid-template-columns: 1fr; } .did dt, .did dd { grid-row: auto; }
  .did dt { margin-top: .3rem; } .sides col:first-child { width: 5.2rem; }
  .sides { font-size: .8125rem; } }
@media print {
  :root { --go: #1a7a58; --wait: #8a5a00; --no: #a8322c; --blue: #2b6cb0; --grey: #59616d;
    --go-bg: #e9f5f0; --wait-bg: #fdf3df; --no-bg: #fbeceb; --mark: #fff0c9; }
  .verdict, .gravity, .sides tr.differs { print-color-adjust: exact;
    -webkit-print-color-adjust: exact; }
  .figures div, .unseen li, .verdict { break-inside: avoid; } .card { break-inside: auto; }
  details.sample::details-content { content-visibility: visible; block-size: auto; } }
"""
