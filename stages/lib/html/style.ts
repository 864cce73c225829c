/** The report's style sheet: one column, light and dark, screen, phone and print. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #fff; --ink: #1b1d21; --soft: #565b64; --faint: #646972;
  --rule: #e4e1d9; --rule-strong: #cbc7bc; --accent: #b4430f; --accent-soft: #fbeee5;
  --model-2: #7a3ea8; --model-3: #b01f5a;
  --good: #1c6e45; --good-soft: #e2f1e7; --bad: #a02a2a; --bad-soft: #f8e6e3;
  --note: #7a5b00; --note-soft: #fdf4d8; --line: #4d6a8f; --line-2: #8aa0bd; --hole: #d9d5cb;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", Georgia, serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #131519; --card: #1a1d23; --ink: #e9e7e2; --soft: #b0b4bd; --faint: #999ea8;
    --rule: #2b2f37; --rule-strong: #434954; --accent: #ff9a61; --accent-soft: #33231a;
    --model-2: #c79bf0; --model-3: #ff8ab8;
    --good: #79d3a2; --good-soft: #17301f; --bad: #f29a92; --bad-soft: #381e1c;
    --note: #e9c766; --note-soft: #2f2812; --line: #93b4dd; --line-2: #5c7596; --hole: #3a3f48;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-padding-top: 3.5rem; -webkit-text-size-adjust: 100%; }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 var(--sans); font-variant-numeric: tabular-nums;
}
main, .top, footer { max-width: 1080px; margin-inline: auto; padding-inline: clamp(16px, 4vw, 40px); }
h1, h2, h3 { font-family: var(--serif); font-weight: 600; line-height: 1.2; text-wrap: balance; }
h1 { font-size: clamp(1.9rem, 5vw, 2.9rem); letter-spacing: -.01em; margin: .3rem 0 .8rem; }
h2 { font-size: 1.55rem; margin: 0 0 .4rem; }
h3 { font-size: 1.12rem; margin: 1.8rem 0 .5rem; }
p, ul { max-width: 68ch; margin: .5rem 0; }
a { color: inherit; text-decoration-color: var(--rule-strong); text-underline-offset: .2em; }
a:hover { text-decoration-color: currentColor; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 8px; top: 8px; background: var(--card); padding: 8px 12px; z-index: 9; }
.top { padding-top: clamp(28px, 6vw, 64px); }
.kicker { color: var(--accent); font-size: .8rem; letter-spacing: .08em; text-transform: uppercase; margin: 0; }
.lead { font-size: 1.12rem; color: var(--soft); max-width: 62ch; }
nav {
  position: sticky; top: 0; z-index: 5; background: color-mix(in srgb, var(--paper) 92%, transparent);
  backdrop-filter: blur(8px); border-bottom: 1px solid var(--rule); margin-top: 1.6rem;
}
nav ul {
  display: flex; gap: 1.4rem; list-style: none; margin: 0 auto; max-width: 1080px; overflow-x: auto;
  padding: .65rem clamp(16px, 4vw, 40px); scrollbar-width: none; font-size: .9rem;
  mask-image: linear-gradient(90deg, #000 calc(100% - 2.5rem), transparent);
}
nav a { text-decoration: none; color: var(--soft); white-space: nowrap; }
nav a:hover { color: var(--ink); }
section { padding: 2.6rem 0 1rem; border-bottom: 1px solid var(--rule); }
.about { color: var(--soft); margin-top: 0; }
.note { border-left: 3px solid var(--note); background: var(--note-soft); padding: .7rem 1rem; border-radius: 0 6px 6px 0; max-width: 76ch; }
.note strong { color: var(--note); }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); margin: 1.4rem 0; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 1.1rem 1.25rem; }
.card h3 { margin: 0 0 .2rem; }
.card p { margin: .2rem 0 .8rem; color: var(--soft); font-size: .94rem; }
.scroll { overflow-x: auto; margin: .8rem 0 1.2rem; }
table { border-collapse: collapse; font-size: .9rem; min-width: 100%; }
caption { text-align: left; color: var(--soft); font-size: .86rem; padding-bottom: .45rem; }
th, td { padding: .38rem .7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td.text, th.text { text-align: left; }
thead th { font-weight: 500; color: var(--soft); vertical-align: bottom; border-bottom-color: var(--rule-strong); }
thead small, td small, th small { display: block; color: var(--faint); font-size: .78rem; font-weight: 400; }
tbody th { font-weight: 500; }
tr.model th, tr.model td { background: var(--accent-soft); }
tr.model th:first-child { box-shadow: inset 3px 0 var(--accent); padding-left: .7rem; }
tr.base th, tr.base td { background: var(--accent-soft); }
tr.paper th, tr.paper td { font-style: italic; color: var(--soft); }
td.best { font-weight: 700; }
td.best::before { content: "▸ "; color: var(--accent); font-weight: 400; }
td.up, td .up { color: var(--good); } td.down, td .down { color: var(--bad); } td.even { color: var(--soft); }
.chip { display: inline-block; font-size: .76rem; padding: 0 .5em; border-radius: 99px; border: 1px solid var(--rule-strong); color: var(--soft); }
.controls { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: end; margin: 1rem 0 .4rem; }
.controls label { display: grid; gap: .15rem; font-size: .78rem; color: var(--soft); }
select, button { font: inherit; font-size: .9rem; color: var(--ink); background: var(--card); border: 1px solid var(--rule-strong); border-radius: 6px; padding: .32rem .6rem; min-height: 2.2rem; }
button { cursor: pointer; }
figure { margin: 1rem 0; }
figcaption { color: var(--soft); font-size: .86rem; max-width: 76ch; }
svg { max-width: 100%; }
svg text { font: 11.5px var(--sans); fill: var(--soft); }
svg .strong { fill: var(--ink); font-weight: 600; }
svg .axis { stroke: var(--rule-strong); } svg .grid { stroke: var(--rule); }
.charts { display: grid; gap: .6rem 1.6rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); margin: .8rem 0; }
.charts.wide { grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); }
.charts figure { display: flex; flex-direction: column-reverse; justify-content: flex-end; gap: .3rem; margin: 0; max-width: 600px; }
.charts svg { width: 100%; height: auto; display: block; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; list-style: none; padding: 0; font-size: .84rem; color: var(--soft); margin: .3rem 0; }
.legend svg, .charts .legend svg { display: inline; width: 18px; vertical-align: middle; margin-right: .35em; }
thead tr:first-child th:empty { border-bottom: 0; }
.card .scroll { margin-bottom: 0; }
.card th, .card td { padding-inline: .4rem; }
.card th:first-child { padding-left: 0; }
.card tr:last-child th, .card tr:last-child td { border-bottom: 0; }
thead th.group { text-align: right; border-bottom: 0; padding-bottom: 0; color: var(--ink); }
.m1 { --c: var(--accent); } .m2 { --c: var(--model-2); } .m3 { --c: var(--model-3); }
.b1 { --c: var(--line); } .b2 { --c: var(--line-2); } .b0 { --c: var(--faint); }
.grid-table { width: auto; min-width: 0; }
.grid-table th, .grid-table td { border: 0; padding: 4px; text-align: center; vertical-align: middle; font-size: .8rem; font-weight: 500; }
.grid-table tbody th { text-align: left; padding-right: .8rem; color: var(--soft); }
.grid-table svg { display: block; max-width: none; margin-inline: auto; width: clamp(78px, 9.5vw, 118px); height: auto; border-radius: 4px; background: var(--hole); }
.grid-table small { color: var(--faint); }
.viewer { display: grid; gap: 1.4rem; grid-template-columns: minmax(0, 400px) minmax(0, 1fr); align-items: start; }
.stage { position: relative; aspect-ratio: 1; border-radius: 8px; overflow: hidden; background: var(--hole); touch-action: pan-y; }
.stage svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.stage .edge { position: absolute; top: 0; bottom: 0; width: 2px; margin-left: -1px; background: #fff; box-shadow: 0 0 0 1px rgb(0 0 0 / .35); pointer-events: none; }
.stage span { position: absolute; bottom: 8px; background: rgb(0 0 0 / .62); color: #fff; font-size: .75rem; padding: 1px 7px; border-radius: 4px; pointer-events: none; }
.stage .left { left: 8px; } .stage .right { right: 8px; }
.viewer input[type=range] { width: 100%; accent-color: var(--accent); margin: .7rem 0 .2rem; }
.thumbs { display: grid; gap: .55rem; grid-template-columns: repeat(auto-fill, minmax(86px, 1fr)); padding: 0; margin: .3rem 0 1rem; list-style: none; max-width: none; }
.thumbs button { display: block; width: 100%; padding: 4px; background: none; border-color: transparent; text-align: left; line-height: 1.25; font-size: .74rem; color: var(--soft); }
.thumbs button:hover { border-color: var(--rule-strong); }
.thumbs button[aria-pressed=true] { border-color: var(--accent); background: var(--accent-soft); color: var(--ink); }
.thumbs svg { display: block; width: 100%; border-radius: 3px; margin-bottom: 3px; background: var(--hole); }
.heat { isolation: isolate; filter: url(#heat); } .heat .over { mix-blend-mode: difference; }
details { margin: .8rem 0; } summary { cursor: pointer; color: var(--soft); }
pre { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: .9rem 1rem; overflow-x: auto; font: .8rem/1.5 var(--mono); }
code { font-family: var(--mono); font-size: .86em; }
.digest { font-family: var(--mono); font-size: .76rem; word-break: break-all; white-space: normal; text-align: left; }
footer { padding-block: 2rem 4rem; color: var(--faint); font-size: .84rem; }
.js .no-js, :root:not(.js) .needs-js { display: none; }
@media screen and (max-width: 720px) {
  section { padding-top: 2rem; }
  .viewer { grid-template-columns: minmax(0, 1fr); }
  th, td { padding-inline: .5rem; }
  .card { padding-inline: .9rem; }
  .grid-table, .grid-table tbody { display: block; } .grid-table thead { display: none; }
  .grid-table tr { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 2px 8px; margin-bottom: .9rem; }
  .grid-table tbody th { grid-column: 1 / -1; padding: 0; } .grid-table tbody th br { display: none; }
  .grid-table th small { display: inline; margin-left: .5em; }
  .grid-table td { padding: 0; white-space: normal; } .grid-table td::before { content: attr(data-name); display: block; }
  .grid-table svg { width: 100%; }
  .card th, .card td { padding-inline: .25rem; font-size: .84rem; }
  .card td small { white-space: normal; }
  .sticky th:first-child { white-space: normal; min-width: 7rem; max-width: 46vw; position: sticky; left: 0; background: var(--paper); z-index: 1; }
  .sticky tr.model th:first-child { background: var(--accent-soft); }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --soft: #333; --faint: #555; --rule: #ccc; --rule-strong: #888; --accent: #b4430f; --accent-soft: #f6ece5; --line: #4d6a8f; --line-2: #8aa0bd; --good: #1c6e45; --bad: #a02a2a; --note: #6b5000; --note-soft: #faf3dd; --hole: #ddd; --model-2: #7a3ea8; --model-3: #b01f5a; }
  body { font-size: 10.5pt; }
  main, .top, footer { max-width: none; padding-inline: 0; }
  nav, .controls, #gallery, .needs-js { display: none !important; }
  section { border: 0; padding-top: 1.2rem; }
  .scroll { overflow: visible; } table { font-size: 8.5pt; } th, td { padding: .2rem .4rem; }
  h2, h3, caption { break-after: avoid; }
  figure, tr, .card { break-inside: avoid; }
  .card, .note, tr.model th, tr.model td, svg, .grid-table svg { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .charts, .charts.wide { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); } .card { padding: .6rem .7rem; }
  .about { break-after: avoid; } pre, .digest { font-size: 7pt; white-space: pre-wrap; word-break: break-all; }
  .grid-table svg { width: 22mm; }
}
`;
