"""The style sheet of every HTML report: light and dark, wide and narrow, screen and paper."""

from __future__ import annotations

from typing import Final

PAGE_STYLE: Final = """\
:root { color-scheme: light dark;
  --page: #ffffff; --text: #1c2430; --soft: #545e6c; --rule: #d9dee5; --card: #f6f8fa;
  --rail: #e6eaef; --plain: #44597a; --link: #1d5fa8;
  --ink: rgba(255, 255, 255, .38); --tag: #ffffff; --tag-text: #1c2430; }
@media (prefers-color-scheme: dark) { :root {
  --page: #14181f; --text: #e6eaf0; --soft: #a5afbd; --rule: #333c48; --card: #1c222b;
  --rail: #2a323d; --plain: #8ba6cf; --link: #8ab8ee;
  --ink: rgba(0, 0, 0, .34); --tag: #14181f; --tag-text: #f2f5f9; } }
* { box-sizing: border-box; }
a.code { color: inherit; text-decoration-color: var(--soft); }
.codes dt { font-weight: 650; margin-top: .5rem; } .codes dd { margin: 0; }
.codes :target { background: var(--rail); }
body { margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
.over { margin: 0; color: var(--soft); font-size: .875rem; }
h1 { margin: .1rem 0 1.1rem; font-size: 1.25rem; line-height: 1.3; }
.headline { margin: 0 0 1.5rem; font-size: 1.625rem; line-height: 1.32; font-weight: 650;
  letter-spacing: -.01em; text-wrap: pretty; }
h2 { margin: 3rem 0 .75rem; font-size: 1.25rem; line-height: 1.3; }
h3 { margin: 0; font-size: 1rem; line-height: 1.4; }
p { margin: 0 0 .75rem; } .soft { color: var(--soft); } .small { font-size: .875rem; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { font-size: .9em; }
figure { margin: 0; } figure > svg { display: block; border-radius: 6px; }
figcaption { color: var(--soft); font-size: .875rem; margin-bottom: .5rem; }
.ink { fill: var(--ink); } .line { stroke: var(--ink); stroke-width: 2; fill: none; }
.rail { fill: var(--rail); } .plain { fill: var(--plain); }
.tag rect { fill: var(--tag); }
.tag text { fill: var(--tag-text); font-weight: 700; font-size: 14px; }
.swatch { flex: none; vertical-align: -3px; } .bar { display: block; }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
th, td { padding: .5rem .75rem .5rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--rule); }
th { font-size: .8125rem; font-weight: 600; color: var(--soft); } tbody th { color: var(--text);
  font-size: inherit; }
td:last-child, th:last-child { padding-right: 0; }
.num { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.legend { margin-top: 1rem; } .legend th { white-space: nowrap; }
.legend th span { margin-left: .5rem; }
.todo { list-style: none; counter-reset: todo; margin: 0; padding: 0; }
.todo li { counter-increment: todo; position: relative; padding: 0 0 1rem 2.75rem; }
.todo li::before { content: counter(todo); position: absolute; left: 0; top: .05rem; width: 1.75rem;
  height: 1.75rem; border-radius: 50%; background: var(--text); color: var(--page);
  font-weight: 700; font-size: .875rem; line-height: 1.75rem; text-align: center; }
.todo p { margin: .15rem 0 0; }
.chart { list-style: none; margin: 0; padding: 0; }
.chart li { padding: .4rem 0; } .chart .bar { margin-top: .2rem; }
.row { display: flex; justify-content: space-between; gap: 1rem; align-items: baseline; }
.row > :last-child { flex: none; font-variant-numeric: tabular-nums; }
.legend + p { margin-top: .75rem; }
.card { border: 1px solid var(--rule); border-radius: 8px; padding: 1rem 1.1rem; margin: 0 0 1rem; }
.card p { margin: .6rem 0 0; }
.flow { list-style: none; margin: .9rem 0 0; padding: 0; display: flex; flex-wrap: wrap;
  gap: .5rem .6rem; align-items: center; font-size: .9375rem; }
.step { border: 1.5px solid var(--soft); border-radius: 6px; background: var(--card);
  padding: .4rem .7rem; }
.wait { display: flex; flex-direction: column; align-items: center; color: var(--soft);
  font-size: .8125rem; line-height: 1.25; }
.arrow { stroke: var(--soft); stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round; }
details { margin-top: .75rem; } summary { cursor: pointer; color: var(--link);
  font-size: .9375rem; } summary:focus-visible { outline: 2px solid var(--link); }
pre { margin: .5rem 0 0; padding: .75rem .9rem; background: var(--card); border-radius: 6px;
  border: 1px solid var(--rule); overflow-x: auto; font-size: .8125rem; line-height: 1.45; }
dl { margin: 0; } dt { font-weight: 600; margin-top: .6rem; } dd { margin: 0; }
.columns { display: grid; gap: 1.5rem 2.5rem;
  grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--rule);
  color: var(--soft); font-size: .875rem; }
@media (max-width: 34rem) {
  main { padding: 1.5rem 1rem 3rem; }
  .headline { font-size: 1.3125rem; } h2 { margin-top: 2.25rem; }
  .row { flex-wrap: wrap; gap: .25rem 1rem; }
  .flow { flex-direction: column; align-items: flex-start; }
  .wait { flex-direction: row; gap: .35rem; padding-left: .4rem; }
  .wait span:first-child { order: 2; } .wait span:last-child { order: 3; }
  .arrow { width: 30px; height: 30px; transform: rotate(90deg); }
  .stack thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px;
    overflow: hidden; }
  .stack tr { display: grid; grid-template-columns: 1fr auto auto; gap: 0 1rem;
    border-bottom: 1px solid var(--rule); padding: .6rem 0; }
  .stack th, .stack td { border: 0; padding: 0; } .stack .wide { grid-column: 1 / -1; }
  .stack .wide::before { content: attr(data-label); color: var(--soft); } }
@page { margin: 15mm 14mm; }
@media print {
  :root { color-scheme: light; --page: #ffffff; --text: #111820; --soft: #4a5360; --rule: #c9cfd7;
    --card: #f5f7f9; --rail: #e6eaef; --plain: #44597a; --link: #111820;
    --ink: rgba(255, 255, 255, .38); --tag: #ffffff; --tag-text: #1c2430; }
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; }
  svg, .step, .todo li::before, pre { print-color-adjust: exact;
    -webkit-print-color-adjust: exact; }
  h2, h3, figcaption, summary { break-after: avoid; }
  h2 { margin-top: 1.75rem; } .card, tr, .todo li, .chart li { break-inside: avoid; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 7.5pt; } }
"""
"""What pages have in common; each adds the colours of what it tells."""
