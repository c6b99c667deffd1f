"""What the style sheet of this report adds to that of every report: the colours of grades."""

from __future__ import annotations

from typing import Final

STYLE: Final = """\
:root { --n0: #1a7a58; --n1: #2b6cb0; --n2: #d2941a; --n3: #b23a34; --refused: #59616d; }
@media (prefers-color-scheme: dark) { :root {
  --n0: #2f9a73; --n1: #4a8bd0; --n2: #d9a33a; --n3: #cf5a53; --refused: #7a8492; } }
.fill-N0 { fill: var(--n0); } .fill-N1 { fill: var(--n1); } .fill-N2 { fill: var(--n2); }
.fill-N3 { fill: var(--n3); } .fill-refused { fill: var(--refused); }
.grade { font-weight: 600; white-space: nowrap; }
.grade .swatch { margin-right: .4rem; } .chart .grade { margin-right: .25rem; }
@media print {
  :root { --n0: #1a7a58; --n1: #2b6cb0; --n2: #d2941a; --n3: #b23a34; --refused: #59616d; }
  details.native::details-content { content-visibility: visible; block-size: auto; }
  details.given { display: none; } }
"""
