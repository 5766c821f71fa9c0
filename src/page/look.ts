/** One look for every page. Colours keep a contrast of at least 4.5 on their grounds, in both schemes (WCAG 2.2, level AA). */
export const LOOK = `
:root {
  color-scheme: light dark;
  --ground: #f6f8fa;
  --card: #ffffff;
  --ink: #1b1f24;
  --faint: #4b535d;
  --rule: #c9d1d9;
  --link: #0b57a4;
  --alarm: #b3261e;
  --warning: #7a4b00;
  --good: #1a6334;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1419;
    --card: #1b2129;
    --ink: #e6eaef;
    --faint: #a9b4c0;
    --rule: #39424d;
    --link: #8ab8f0;
    --alarm: #ff9a8f;
    --warning: #e8b45a;
    --good: #7fcf97;
  }
}
* {
  box-sizing: border-box;
}
body {
  margin: 0;
  background: var(--ground);
  color: var(--ink);
  font:
    16px / 1.5 system-ui,
    sans-serif;
}
main,
footer,
.bar {
  max-width: 1180px;
  margin: 0 auto;
  padding: 24px 16px;
}
main:focus {
  outline: none;
}
/* A plan may have hundreds of pictures: those out of sight are not laid out. */
section {
  content-visibility: auto;
  contain-intrinsic-size: auto 320px;
}
.bar ~ main section {
  content-visibility: visible;
}
h1,
h2 {
  overflow-wrap: anywhere;
}
h1 {
  font-size: 1.6rem;
  margin: 0 0 8px;
}
h2 {
  font-size: 1.15rem;
  margin: 32px 0 4px;
  padding-top: 16px;
  border-top: 1px solid var(--rule);
}
h3 {
  font-size: 1rem;
  font-weight: 400;
  margin: 16px 0 4px;
}
a {
  color: var(--link);
}
:focus-visible {
  outline: 3px solid var(--link);
  outline-offset: 2px;
}
code {
  overflow-wrap: anywhere;
  font-family: ui-monospace, Menlo, Consolas, monospace;
}
.word {
  white-space: nowrap;
}
pre {
  white-space: pre-wrap;
  overflow-wrap: anywhere;
  background: var(--card);
  border: 1px solid var(--rule);
  border-radius: 6px;
  padding: 12px;
}
p.note {
  margin: 0 0 12px;
}
.note,
footer,
figcaption {
  color: var(--faint);
  font-size: 0.9rem;
}
.alarm {
  color: var(--alarm);
  font-weight: 600;
}
.warning {
  color: var(--warning);
  font-weight: 600;
}
.good {
  color: var(--good);
  font-weight: 600;
}
.verdict {
  background: var(--card);
  border: 1px solid var(--rule);
  border-left: 4px solid var(--faint);
  border-radius: 6px;
  padding: 8px 16px;
  overflow-wrap: anywhere;
}
.verdict.is-good {
  border-left-color: var(--good);
}
.verdict.is-bad {
  border-left-color: var(--alarm);
}
.verdict p {
  margin: 6px 0;
}
.problems {
  padding-left: 20px;
}
.problems pre {
  margin: 4px 0 12px;
}
.index {
  columns: 280px;
  padding: 0;
  list-style: none;
  overflow-wrap: anywhere;
}

/* Tables: cards where there is little room, each cell with the name of its column. */
table {
  border-collapse: collapse;
  width: 100%;
}
th,
td {
  text-align: left;
  vertical-align: top;
  padding: 6px 12px 6px 0;
  border-bottom: 1px solid var(--rule);
}
tbody th {
  font-weight: 600;
  min-width: 8rem;
  overflow-wrap: anywhere;
}
thead th {
  color: var(--faint);
  font-size: 0.9rem;
  font-weight: 400;
  white-space: nowrap;
}
.wide {
  overflow-wrap: anywhere;
  min-width: 14rem;
}
.number {
  text-align: right;
  font-variant-numeric: tabular-nums;
  white-space: nowrap;
}
@media (max-width: 46rem) {
  thead {
    position: absolute;
    clip-path: inset(50%);
    width: 1px;
    height: 1px;
    overflow: hidden;
  }
  table,
  tbody,
  tr,
  th,
  td {
    display: block;
    min-width: 0;
  }
  tr {
    background: var(--card);
    border: 1px solid var(--rule);
    border-radius: 6px;
    margin: 8px 0;
    padding: 6px 12px;
  }
  th,
  td {
    border: 0;
    padding: 2px 0;
  }
  td.number {
    text-align: left;
  }
  td[data-label]:not(:empty)::before {
    content: attr(data-label) ": ";
    color: var(--faint);
  }
}

/* Pictures: their paper and what is written on it follow the page; what lies on a canvas keeps its colours. */
figure {
  margin: 0;
}
table + figure,
h3 + figure,
figure + figure {
  margin-top: 12px;
}
figure svg {
  display: block;
  width: 100%;
  height: auto;
  border: 1px solid var(--rule);
  border-radius: 6px;
}
@media (prefers-color-scheme: dark) {
  svg :not(.canvas *)[fill="#FFFFFF"] {
    fill: var(--card);
  }
  svg :not(.canvas *)[fill="#1B1F24"] {
    fill: var(--ink);
  }
  svg :not(.canvas *)[fill="#4B535D"] {
    fill: var(--faint);
  }
  svg :not(.canvas *)[fill="#B3261E"] {
    fill: var(--alarm);
  }
  svg :not(.canvas *)[stroke="#FFFFFF"] {
    stroke: var(--card);
  }
  svg :not(.canvas *)[stroke="#1B1F24"] {
    stroke: var(--ink);
  }
  svg :not(.canvas *)[stroke="#4B535D"] {
    stroke: var(--faint);
  }
  svg :not(.canvas *)[stroke="#C9D1D9"] {
    stroke: var(--rule);
  }
  svg :not(.canvas *)[stroke="#B3261E"] {
    stroke: var(--alarm);
  }
}
figcaption strong {
  color: var(--ink);
  overflow-wrap: anywhere;
}
.sheet {
  list-style: none;
  margin: 12px 0 0;
  padding: 0;
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(min(280px, 100%), 1fr));
  gap: 16px;
}
.card {
  background: var(--card);
  border: 1px solid var(--rule);
  border-radius: 8px;
  padding: 10px;
}
.card.odd {
  border: 2px solid var(--faint);
}

/* The pages of a running daemon. */
.skip {
  position: absolute;
  left: -100vw;
}
.skip:focus {
  left: 8px;
  top: 8px;
  background: var(--card);
  padding: 8px;
  z-index: 1;
}
.bar {
  display: flex;
  flex-wrap: wrap;
  justify-content: space-between;
  gap: 4px 16px;
  padding-bottom: 0;
}
.bar p {
  margin: 0;
  color: var(--faint);
  font-size: 0.9rem;
}
nav a,
.pages a {
  display: inline-block;
  margin-right: 16px;
  min-height: 24px;
}
.counts {
  display: flex;
  flex-wrap: wrap;
  gap: 12px;
  list-style: none;
  margin: 16px 0 0;
  padding: 0;
}
.counts li {
  flex: 1 1 6rem;
  max-width: 11rem;
}
.counts a {
  display: block;
  padding: 8px 12px;
  background: var(--card);
  border: 1px solid var(--rule);
  border-radius: 8px;
  color: var(--ink);
  text-decoration: none;
}
.counts strong {
  display: block;
  font-size: 1.6rem;
  line-height: 1.2;
}
.facts {
  display: grid;
  grid-template-columns: max-content 1fr;
  gap: 2px 16px;
  margin: 8px 0;
}
.facts dt {
  color: var(--faint);
}
.facts dd {
  margin: 0;
  overflow-wrap: anywhere;
}
form {
  display: flex;
  flex-wrap: wrap;
  align-items: end;
  gap: 8px 12px;
  margin: 12px 0;
}
label {
  color: var(--faint);
  font-size: 0.9rem;
}
input,
select,
button {
  display: block;
  min-height: 36px;
  max-width: 100%;
  padding: 4px 8px;
  border: 1px solid var(--faint);
  border-radius: 6px;
  background: var(--card);
  color: var(--ink);
  font: inherit;
}
.label {
  display: inline-block;
  border: 1px solid var(--rule);
  border-radius: 10px;
  padding: 0 8px;
  margin: 0 4px 2px 0;
  font-size: 0.85rem;
  font-weight: 400;
  overflow-wrap: anywhere;
}
.small {
  display: block;
  border: 1px solid var(--rule);
}
.chart svg {
  height: 120px;
  border: 0;
}
.chart rect {
  fill: var(--link);
}
.chart .refused {
  fill: var(--alarm);
}
.chart path {
  stroke: var(--faint);
  fill: none;
  vector-effect: non-scaling-stroke;
}
.chart p {
  display: flex;
  justify-content: space-between;
  margin: 4px 0;
  color: var(--faint);
  font-size: 0.9rem;
}
@media (max-width: 30rem) {
  .facts {
    grid-template-columns: 1fr;
  }
  .facts dd {
    margin-bottom: 6px;
  }
}
@media print {
  body {
    background: #ffffff;
  }
  section {
    break-inside: avoid;
  }
}
`;
