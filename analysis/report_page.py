"""The page that report.py fills: its look, and the program that runs in the browser.  @TITLE@, @PLOTLY@, @HEADER@ and
@NUMBERS@ are replaced; the last three are gzip in base64, which every browser since 2023 unpacks by itself."""

PAGE = r"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; worker-src blob:">
<title>@TITLE@</title><style>
html { overflow-y: scroll; } body { font: 15px/1.4 system-ui, sans-serif; margin: 0 auto; padding: 0.6rem; max-width: 1280px; color: #111; }
h1 { font-size: 1.2rem; margin: 0.2rem 0; } h2 { font-size: 1rem; margin: 0.8rem 0 0.2rem; }
label { margin-right: 0.8rem; white-space: nowrap; } select { font: inherit; max-width: 16rem; padding: 0.25rem; }
#charts { display: grid; grid-template-columns: 1.2fr 1fr; gap: 0.4rem; }
#map { height: 520px; } .side > div { height: 258px; } #more > div { height: 250px; }
#more { display: grid; grid-template-columns: 1fr 1fr; gap: 0.4rem; }
#charts > div, .side > div, #more > div { min-width: 0; } #point { columns: 4; list-style: none; margin: 0.4rem 0; padding: 0; font-size: 0.85rem; }
table { border-collapse: collapse; font-size: 0.85rem; } td, th { padding: 0.1rem 0.6rem 0.1rem 0; text-align: left; vertical-align: top; }
pre { overflow-x: auto; font-size: 0.75rem; background: #f4f4f4; padding: 0.5rem; } .said { color: #444; font-size: 0.85rem; margin: 0.2rem 0; }
.wide { overflow-x: auto; }
@media (max-width: 760px) { #charts, #more { grid-template-columns: minmax(0, 1fr); } #point { columns: 1; } #map { height: 380px; } select { max-width: 60vw; }
  label { display: block; margin: 0.25rem 0; } }
</style></head><body>
<h1 id="title">@TITLE@</h1>
<div id="choices"></div>
<p class="said" id="said">unpacking ...</p>
<div id="charts"><div id="map"></div><div class="side"><div id="along_x"></div><div id="along_y"></div></div></div>
<ul id="point" aria-label="the chosen point"></ul>
<div id="more"><div id="parts"></div><div id="spectrum"></div></div>
<p class="said">Click on the map, or arrow keys: another point; diamonds: trained there, shown beside the theory. Keys 1 to 9: what is drawn; [ and ]: the sweep before and
after; , and .: the next value of the first other axis.</p>
<h2>What is missing or failed</h2><div class="wide"><table id="counts"></table></div><ul class="said" id="failures"></ul>
<h2>Where the numbers are from</h2><div class="wide"><table id="provenance"></table></div>
<details><summary>Runs</summary><div class="wide"><table id="runs"></table></div></details>
<details><summary>Job</summary><pre id="job"></pre></details>
<script type="text/plain" id="plotly">@PLOTLY@</script>
<script type="text/plain" id="header">@HEADER@</script>
<script type="text/plain" id="numbers">@NUMBERS@</script>
<script>
"use strict";
const get = id => document.getElementById(id);
const PHASE_COLOURS = ["#FFFFFF", "#99DDFF", "#77AADD", "#44BB99", "#BBCC33", "#EEDD88", "#EE8866", "#FFAABB", "#DDDDDD"];
const SIGNED = [[0, "#7f3b08"], [0.25, "#e08214"], [0.5, "#f7f7f7"], [0.75, "#8073ac"], [1, "#2d004b"]];
const LINES = ["#0B5FA5", "#C4480F", "#00795C", "#A0307A"];
const state = {sweep: 0, field: 0, at: [], ready: false};
let head, bytes;

async function unpack(id) {
  const raw = Uint8Array.from(atob(get(id).textContent), c => c.charCodeAt(0));
  get(id).remove();
  return new Response(new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}
const current = () => head.sweeps[state.sweep];
const field = name => current().fields.find(f => f.name === name);
const axisIndex = name => current().axes.findIndex(a => a.name === name);
function strides() {
  const axes = current().axes, found = new Array(axes.length);
  for (let k = axes.length - 1, step = 1; k >= 0; k--) { found[k] = step; step *= axes[k].values.length; }
  return found;
}
function place(at) { const s = strides(); return at.reduce((sum, k, n) => sum + k * s[n], 0); }
function decoded(f, at) {
  const q = new DataView(bytes).getInt16(f.at + 2 * at, true);
  return q === head.hole ? null : f.low + q * (f.high - f.low) / (head.hole - 1);
}
const value = (f, at) => decoded(f, place(at));
// of a refined sweep a point that was not asked for has the number of its cell, computed at another point: where
function computedAt(at) {
  const cells = current().cells;
  if (!cells || decoded(cells.asked, place(at)) > 0.5) return null;
  const view = new DataView(bytes);
  return cells.axes.map((name, k) => `${current().axes[axisIndex(name)].label} ${shown(view.getFloat32(cells.at[k] + 4 * place(at), true))}`).join(", ");
}
// what was computed along an axis
function along(f, axis) {
  return current().axes[axis].values.map((_, k) => {
    const at = state.at.slice(); at[axis] = k; return computedAt(at) && f.name !== "outcome" ? null : value(f, at); });
}
// of the network at a place of a sweep
function reals(name, [k, at] = here()) {
  const s = head.sweeps[k].spectra[name];
  if (!s) return [];
  const view = new DataView(bytes), first = s.at + 4 * s.count * at;
  return Array.from({length: s.count}, (_, k) => view.getFloat32(first + 4 * k, true)).filter(Number.isFinite);
}
// of what has nothing to draw; before Plotly measures, which takes 450 px for a box without height
function emptied(id) { Plotly.purge(id); get(id).replaceChildren(); get(id).hidden = true; }
function plot(id, traces, look) { get(id).hidden = false; Plotly.react(id, traces, look, config); }
const here = () => [state.sweep, place(state.at)];
const partners = () => current().partners[place(state.at)] || [];
// of a sweep beside this one: its kind, its name where that says more, and what varies there alone, as the seed
function origin([k, at]) {
  const s = head.sweeps[k], kind = s.method === "training" ? "trained" : "theory", words = s.name === kind ? [] : [s.name];
  let rest = at;
  const places = s.axes.slice().reverse().map(a => { const n = a.values.length, i = rest % n; rest = (rest - i) / n; return i; }).reverse();
  s.axes.forEach((a, i) => { if (a.values.length > 1 && axisIndex(a.name) < 0) words.push(`${a.label} ${shown(a.values[places[i]])}`); });
  return kind + (words.length ? ` (${words.join(", ")})` : "");
}
// [name, number] of what is told of that network
function told(where) {
  const s = head.sweeps[where[0]], view = new DataView(bytes);
  const pairs = s.numbers.map(n => [n.label, view.getFloat32(n.at + 4 * where[1], true)]).filter(([, v]) => Number.isFinite(v));
  const rank = s.fields.find(f => f.name === "learned_rank");
  if (rank && where[0] !== state.sweep) pairs.unshift(["rank", decoded(rank, where[1])]);
  const risk = s.fields.find(f => f.name === "risk");
  if (risk && where[0] !== state.sweep && decoded(risk, where[1]) !== null) pairs.unshift(["R", 10 ** decoded(risk, where[1])]);
  const most = [["largest learned", "eigenvalues"], ["largest outliers", "outlier_position"], ["largest neurons (readout)", "neuron_readout"]];
  for (const [label, name] of most) {
    const few = reals(name, where).map(Math.abs).filter(v => v > 1e-9).sort((a, b) => b - a).slice(0, 5);
    if (few.length) pairs.push([label, few.map(v => Number(v.toPrecision(3))).join(", ")]);
  }
  return pairs.filter(([, v]) => v !== null);
}
function shown(v) { return typeof v === "number" ? Number(v.toPrecision(4)).toString() : v; }
function word(f, v) {
  if (v === null) return "hole";
  if (f.colours === "p") return head.phases[Math.round(v)];
  if (f.colours === "c") return current().codes[Math.round(v)];
  return f.label.startsWith("log10 ") ? `${shown(v)}   (${(10 ** v).toPrecision(4)})` : shown(v);
}
function colourscale(f, z) {
  if (f.colours === "p" || f.colours === "c") {
    const names = f.colours === "p" ? head.phases : Object.values(current().codes), n = names.length, scale = [];
    for (let k = 0; k < n; k++) scale.push([k / n, PHASE_COLOURS[k % 9]], [(k + 1) / n, PHASE_COLOURS[k % 9]]);
    const codes = f.colours === "p" ? names.map((_, k) => k) : Object.keys(current().codes).map(Number);
    return {colorscale: scale, zmin: codes[0] - 0.5, zmax: codes[n - 1] + 0.5,
            colorbar: {tickvals: codes, ticktext: names, thickness: 12}};
  }
  const bar = {title: {text: f.label, side: "right"}, thickness: 12};
  if (f.colours === "d") {
    const most = Math.min(2, Math.max(...z.flat().filter(v => v !== null).map(Math.abs), 1e-9));
    return {colorscale: SIGNED, zmin: -most, zmax: most, colorbar: bar};
  }
  return {colorscale: "Cividis", colorbar: bar};
}
const axisLook = a => ({title: {text: a.label}, type: typeof a.values[0] === "string" ? "category" : a.log ? "log" : "linear",
                        automargin: true});
const layout = more => Object.assign({margin: {l: 55, r: 10, t: 28, b: 45}, font: {size: 12}, dragmode: false,
                                      showlegend: false, hovermode: "closest"}, more);
const config = {responsive: true, displaylogo: false, displayModeBar: false};

function drawMap() {
  const s = current(), f = s.fields[state.field], [x, y] = s.shown.map(axisIndex), target = get("map");
  if (x === undefined || y === undefined) {
    target.innerHTML = "<p class=said>one point or one axis: see the slices</p>";
    return;
  }
  const at = state.at.slice(), z = s.axes[y].values.map((_, j) => s.axes[x].values.map((_, i) => {
    at[x] = i; at[y] = j; return value(f, at); }));
  const traces = [Object.assign({type: "heatmap", x: s.axes[x].values, y: s.axes[y].values, z,
    text: s.cells ? s.axes[y].values.map((_, j) => s.axes[x].values.map((_, i) => {
      at[x] = i; at[y] = j; const there = computedAt(at); return there ? `<br>of its cell, computed at ${there}` : ""; })) : undefined,
    hovertemplate: `%{x:.4g}, %{y:.4g}: %{z:.4g}${s.cells ? "%{text}" : ""}<extra></extra>`}, colourscale(f, z))];
  const g = axisIndex("source_exponent"), gamma = g < 0 ? Object.keys(s.lines)[0] : String(Number(s.axes[g].values[state.at[g]].toPrecision(6)));
  const {segments, names} = s.lines[gamma] || {segments: [], names: []}, lx = [], ly = [];
  for (const [[x0, y0], [x1, y1]] of segments) { lx.push(x0, x1, null); ly.push(y0, y1, null); }
  for (const [width, color] of [[4, "white"], [1.5, "black"]])
    traces.push({type: "scatter", mode: "lines", x: lx, y: ly, line: {width, color}, hoverinfo: "skip"});
  const annotations = names.map(([x, y, text]) => ({x, y, text: `<b>${text}</b>`, showarrow: false, bgcolor: "rgba(255,255,255,0.85)",
    borderpad: 1, font: {size: 12, color: "black"}}));
  const known = {x: [], y: []};   // points that are trained, on the map of their theory
  if (s.method === "state_evolution" && Object.keys(s.partners).length) s.axes[x].values.forEach((vx, i) => s.axes[y].values.forEach((vy, j) => {
    at[x] = i; at[y] = j;
    if (s.partners[place(at)]) { known.x.push(vx); known.y.push(vy); }
  }));
  traces.push(Object.assign({type: "scatter", mode: "markers", hoverinfo: "skip", name: "trained",
    marker: {symbol: "diamond", size: 8, color: "white", line: {width: 1.5, color: "black"}}}, known));
  for (const [size, color] of [[15, "white"], [11, "black"]])
    traces.push({type: "scatter", mode: "markers", x: [s.axes[x].values[state.at[x]]], y: [s.axes[y].values[state.at[y]]],
                 marker: {symbol: "circle-open", size, color, line: {width: 2.5, color}}, hoverinfo: "skip"});
  const view = v => [Math.min(...v), Math.max(...v)], ax = axisLook(s.axes[x]), ay = axisLook(s.axes[y]);
  if (ax.type === "linear" && segments.length) ax.range = view(s.axes[x].values);
  if (ay.type === "linear" && segments.length) ay.range = view(s.axes[y].values);
  Plotly.react(target, traces, layout({title: {text: f.label, font: {size: 13}}, xaxis: ax, yaxis: ay, annotations, plot_bgcolor: "#bbb"}), config);
  if (!target.clicked) {
    target.clicked = true;
    target.on("plotly_click", event => {
      const p = event.points.find(q => q.data.type === "heatmap");
      if (!p) return;
      const [i, j] = current().shown.map(axisIndex), pick = (axis, v) => current().axes[axis].values.indexOf(v);
      state.at[i] = pick(i, p.x); state.at[j] = pick(j, p.y); draw();
    });
  }
}
function drawSlice(id, axis, f) {
  if (axis === undefined || axis < 0) { emptied(id); return; }
  const s = current(), a = s.axes[axis], values = along(f, axis), there = computedAt(state.at);
  plot(id, [{x: a.values, y: values, mode: a.values.length === 1 ? "markers" : s.cells ? "lines+markers" : "lines", connectgaps: Boolean(s.cells),
    line: {color: LINES[0], width: 1.8}, marker: {color: LINES[0], size: 4}},
    {x: [a.values[state.at[axis]]], y: [value(f, state.at)], mode: "markers", marker: {color: LINES[1], size: 9, symbol: there ? "circle-open" : "circle"},
     hovertemplate: there ? `%{y:.4g}, of its cell<br>computed at ${there}<extra></extra>` : "%{y:.4g}<extra></extra>"}],
    layout({xaxis: axisLook(a), yaxis: {title: {text: f.label}, automargin: true},
            title: {text: "along " + a.label + (s.cells ? ", computed points" : ""), font: {size: 12}}}));
}
function drawParts() {
  const names = ["underfitting", "approximation", "overfitting", "cross"].filter(field), axis = axisIndex(current().shown[0] || "");
  if (!names.length || axis < 0) { emptied("parts"); return; }
  const a = current().axes[axis];
  plot("parts", names.map((name, k) => ({x: a.values, y: along(field(name), axis), name, mode: current().cells ? "lines+markers" : "lines",
    connectgaps: Boolean(current().cells), marker: {color: LINES[k], size: 4},
    line: {color: LINES[k], dash: ["solid", "dash", "dot", "dashdot"][k]}})),
    layout({showlegend: true, legend: {orientation: "h", y: 1.15}, xaxis: axisLook(a), yaxis: {title: {text: "share of the positive parts"}}}));
}
function drawSpectrum() {
  const every = [here(), ...partners()], values = every.flatMap(w => reals("eigenvalues", w));
  const theory = every.find(w => reals("density_position", w).length || reals("outlier_position", w).length) || here();
  const x = reals("density_position", theory), y = reals("density", theory), spikes = reals("outlier_position", theory);
  if (!values.length && !x.length && !spikes.length) { emptied("spectrum"); return; }
  const traces = [], positive = values.filter(v => v > 1e-9);
  if (positive.length) {    // over all eigenvalues, those at 0 too, as the predicted density is
    const most = Math.max(...positive), wide = Math.max((x.length ? Math.max(...x) : most) / 30, most / 400);
    const counts = new Array(Math.floor(most / wide) + 1).fill(0);
    for (const v of positive) counts[Math.floor(v / wide)] += 1;
    traces.push({type: "bar", x: counts.map((_, k) => (k + 0.5) * wide), y: counts.map(c => c / (values.length * wide)),
                 width: wide, marker: {color: "#bbb"}, name: "trained"});
  }
  if (x.length) traces.push({x, y, mode: "lines", line: {color: LINES[0]}, name: "predicted"});
  if (spikes.length) traces.push({x: spikes, y: spikes.map(() => 0), mode: "markers", marker: {symbol: "line-ns-open", size: 16, color: LINES[1]}, name: "outliers"});
  plot("spectrum", traces, layout({showlegend: true, legend: {orientation: "h", y: 1.2}, xaxis: {title: {text: "learned eigenvalue"}},
    yaxis: {title: {text: "density"}}}));
}
function rows(id, pairs) {
  get(id).replaceChildren(...pairs.map(cells => {
    const row = document.createElement("tr");
    for (const cell of cells) { const td = document.createElement("td"); td.textContent = cell; row.append(td); }
    return row;
  }));
}
function draw() {
  const s = current(), f = s.fields[state.field], [x, y] = s.shown.map(axisIndex);
  drawMap(); drawSlice("along_x", x, f); drawSlice("along_y", y, f); drawParts(); drawSpectrum();
  const there = computedAt(state.at);
  const facts = s.axes.map((a, k) => [a.label, shown(a.values[state.at[k]])]).concat(there ? [["not asked for: numbers of its cell, computed at", there]] : [],
    s.fields.map(g => [g.label, word(g, value(g, state.at))]), told(here()),
    ...partners().slice(0, 3).map(w => told(w).map(([n, v]) => [`${origin(w)}: ${n}`, v])))
    .map(([n, v]) => [n, shown(v)]);
  get("point").replaceChildren(...facts.map(([name, text]) => {
    const item = document.createElement("li"), strong = document.createElement("b");
    strong.textContent = text; item.append(name + ": ", strong); return item; }));
  const fixed = Object.entries(s.fixed).map(([k, v]) => `${k} ${v}`).join(", ");
  get("said").textContent = `${s.model}, ${s.method}${fixed ? "; " + fixed : ""}; ${s.points} points` + (s.left_out ? `, ${s.left_out} of them not asked for (refine): cells` : "") + (s.thinned ? `; ${s.thinned}` : "");
}
function select(label, options, chosen, act) {
  const box = document.createElement("label"), list = document.createElement("select");
  options.forEach((text, k) => list.add(new Option(text, k, k === chosen, k === chosen)));
  list.onchange = () => { act(Number(list.value)); list.blur(); };
  list.name = label;
  box.append(label + " ", list);
  return box;
}
function choose() {
  const s = current(), boxes = [select("sweep", head.sweeps.map(w => w.name), state.sweep, setSweep),
    select("drawn", s.fields.map((f, k) => (k < 9 ? `${k + 1}: ` : "") + f.label), state.field, k => { state.field = k; refresh(); })];
  s.axes.forEach((a, k) => { if (!s.shown.includes(a.name) && a.values.length > 1)
    boxes.push(select(a.label, a.values.map(shown), state.at[k], v => { state.at[k] = v; refresh(); })); });
  get("choices").replaceChildren(...boxes);
}
function refresh() { choose(); draw(); }
function setSweep(k) {
  const name = head.sweeps[state.sweep].fields[state.field]?.name;
  state.sweep = k;
  state.at = current().axes.map(a => Math.floor(a.values.length / 2));
  state.field = Math.max(0, current().fields.findIndex(f => f.name === name));
  for (const id of ["map"]) { Plotly.purge(id); get(id).replaceChildren(); get(id).clicked = false; }
  refresh();
}
function step(axis, by) {
  if (axis === undefined || axis < 0) return;
  state.at[axis] = Math.min(current().axes[axis].values.length - 1, Math.max(0, state.at[axis] + by));
}
function onKey(event) {
  if (event.target.tagName === "SELECT" || event.ctrlKey || event.metaKey || event.altKey) return;
  const s = current(), [x, y] = s.shown.map(axisIndex), other = s.axes.findIndex(a => !s.shown.includes(a.name) && a.values.length > 1);
  const act = {ArrowLeft: () => step(x, -1), ArrowRight: () => step(x, 1), ArrowDown: () => step(y, -1), ArrowUp: () => step(y, 1),
    ",": () => step(other, -1), ".": () => step(other, 1),
    "[": () => setSweep((state.sweep + head.sweeps.length - 1) % head.sweeps.length), "]": () => setSweep((state.sweep + 1) % head.sweeps.length)}[event.key];
  if (act) act();
  else if (/^[1-9]$/.test(event.key) && Number(event.key) <= s.fields.length) state.field = Number(event.key) - 1;
  else return;
  event.preventDefault();
  refresh();
}
function facts() {
  const words = [...new Set(head.sweeps.flatMap(s => Object.keys(s.counts)))];
  rows("counts", [["sweep", ...words]].concat(head.sweeps.map(s => [s.name, ...words.map(w => s.counts[w] || 0)])));
  get("failures").replaceChildren(...head.sweeps.flatMap(s => s.failures.map(text => {
    const item = document.createElement("li"); item.textContent = `${s.name}: ${text}`; return item; })));
  const long = Object.entries(head.attributes).filter(([, v]) => v.length > 200 || v.includes("\n"));
  rows("provenance", [["file", head.file]].concat(Object.entries(head.attributes).filter(([, v]) => v.length <= 200 && !v.includes("\n"))));
  get("job").textContent = long.map(([k, v]) => `# ${k}\n${v}`).join("\n\n");
  if (head.runs.length) rows("runs", [Object.keys(head.runs[0])].concat(head.runs.map(r => Object.values(r))));
}
(async () => {
  const script = document.createElement("script");
  script.textContent = new TextDecoder().decode(await unpack("plotly"));
  document.head.append(script);
  head = JSON.parse(new TextDecoder().decode(await unpack("header")));
  bytes = await unpack("numbers");
  facts();
  setSweep(head.first);
  document.addEventListener("keydown", onKey);
  state.ready = true;
})().catch(error => { get("said").textContent = `this browser cannot show the page: ${error}`; });
</script></body></html>
"""
