// SPDX-License-Identifier: Apache-2.0
// From the JSON of the C API to two views of the graph: the model as its author wrote it, and what runs.

// Classes that are no provider's. What each means stands in the page's table.
const CORE_CLASSES = new Set(["view", "shape", "structure", "expanded", "folded", "replaced", "removed"]);
const MEANINGS = new Map([...document.querySelectorAll("#plain tbody tr")].map(
  row => [row.cells[0].textContent, row.cells[2].textContent]));

const shortOp = op => op.startsWith("ai.onnx.") ? op.slice(8) : op;
const lastPart = name => name.slice(name.lastIndexOf("/", name.length - 2) + 1) || name;

function formatBytes(bytes) {
  if (bytes === null || bytes === undefined) return "size known when it runs";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 1000 && unit < 4) { bytes /= 1000; ++unit; }
  return (unit === 0 ? bytes : bytes.toFixed(bytes < 10 ? 2 : bytes < 100 ? 1 : 0)) + " " + units[unit];
}

function formatTime(ns) {
  const units = ["ns", "\u00b5s", "ms", "s"];
  let unit = 0;
  while (ns >= 1000 && unit < 3) { ns /= 1000; ++unit; }
  return (unit === 0 ? Math.round(ns) : ns.toFixed(ns < 10 ? 2 : ns < 100 ? 1 : 0)) + " " + units[unit];
}

const formatCount = count => count.toLocaleString("en").replace(/,/g, "\u202f");
const plural = (count, word) => formatCount(count) + " " + word + (count === 1 ? "" : "s");

function formatType(value) {
  const dims = value.dims ? "[" + value.dims.join(", ") + "]" : "";
  return (value.type === "unknown" ? "type unknown" : value.type) + (dims ? " " + dims : "");
}

// The text after the graph's own path: "main//encoder/Add_1" is the node "/encoder/Add_1" of main.
function nameIn(path, graph) {
  if (graph && path.startsWith(graph.path + "/")) return path.slice(graph.path.length + 1);
  return path.startsWith("main/") ? path.slice(5) : path;
}

function makeNode(index, record, graph) {
  return {
    index, path: record.path, name: nameIn(record.path, graph), op: record.op, opName: shortOp(record.op),
    cls: record.class, provider: record.provider, device: record.device, kernel: record.kernel, why: record.why || "",
    group: record.group, others: record.others || [], graph: null, inputs: [], outputs: [], time: 0, calls: 0,
    partners: null, twins: [], isProvider: !CORE_CLASSES.has(record.class), hidden: false,
  };
}

// values and graphs: as in tenon_session_graph_json; captured values are followed to where they come from.
function makeView(key, graph, nodes) {
  const view = { key, nodes, values: graph.values, graphs: graph.graphs, producer: new Map(), outer: new Map(), readers: null };
  for (const record of graph.graphs) for (const [outer, inner] of record.captures) view.outer.set(inner, outer);
  for (const node of nodes) for (const value of node.outputs) if (value !== null) view.producer.set(value, node);
  view.source = value => {
    for (let next = view.outer.get(value); next !== undefined; next = view.outer.get(value)) value = next;
    return value;
  };
  view.readersOf = value => {
    if (!view.readers) {
      view.readers = new Map();
      for (const node of nodes) for (const each of new Set(node.inputs.filter(v => v !== null).map(view.source))) {
        if (!view.readers.has(each)) view.readers.set(each, []);
        view.readers.get(each).push(node);
      }
    }
    return view.readers.get(value) || [];
  };
  return view;
}

function modelView(data) {
  if (!data.model) return null;
  const nodes = data.placement.nodes.map((record, i) => {
    const wires = data.model.nodes[i];
    const node = makeNode(i, record, data.model.graphs[wires.graph]);
    Object.assign(node, { graph: wires.graph, inputs: wires.inputs, outputs: wires.outputs });
    return node;
  });
  const view = makeView("model", data.model, nodes);
  const results = new Set(data.model.graphs.flatMap(graph => graph.outputs));
  for (const node of nodes) {  // what only makes constants says little about the model, and there can be much of it
    node.hidden = ["removed", "folded"].includes(node.cls) && !node.outputs.some(value => results.has(value)) &&
      node.inputs.every(input => input === null || view.values[view.source(input)].constant || (view.producer.get(view.source(input)) || { hidden: false }).hidden);
  }
  return view;
}

function runView(data) {
  const nodes = data.runs.nodes.map((record, i) => {
    const node = makeNode(i, record, data.runs.graphs[record.graph]);
    Object.assign(node, { graph: record.graph, inputs: record.inputs, outputs: record.outputs, origins: record.origins });
    const from = record.origins.map(origin => data.placement.nodes[origin]);
    const own = from.find(each => each.path === record.path) || from[0];
    if (own) node.others = own.others;
    node.why = own && own.class === record.class ? own.why
      : CORE_CLASSES.has(record.class) ? MEANINGS.get(record.class) || ""
      : from.length > 0 ? "made from " + plural(from.length, "node") + " of the model" : "made by a pass";
    return node;
  });
  return makeView("run", data.runs, nodes);
}

// Twins: of a node of the model what runs for it, and the reverse. Partners: what runs in one call with it.
function linkViews(model, run) {
  const groups = new Map();
  for (const node of run.nodes) if (node.group !== null) {
    if (!groups.has(node.group)) groups.set(node.group, []);
    groups.get(node.group).push(node);
  }
  for (const nodes of groups.values()) for (const node of nodes) node.partners = nodes;
  if (!model) return;
  for (const node of run.nodes) for (const origin of node.origins) {
    node.twins.push(model.nodes[origin]);
    model.nodes[origin].twins.push(node);
  }
}

// Times are those of one run. A call of several nodes is booked on its first; in the model on one node for each call.
function bookTimes(profile, model, run) {
  if (!profile || profile.runs === 0) return null;
  const byPath = new Map(run.nodes.map(node => [node.path, node]));
  const rows = [];
  let most = 0;
  for (const record of profile.nodes) {
    const time = record.total_ns / profile.runs;
    const node = byPath.get(record.path);
    const row = { path: record.path, op: record.op, provider: record.provider, kernel: record.kernel, time,
      calls: record.calls / profile.runs, share: record.share, node: record.op === "copy" ? null : node };
    rows.push(row);
    if (!row.node) continue;
    most = Math.max(most, time);
    node.time = time;
    const home = node.twins.find(twin => twin.path === node.path) || node.twins[0];
    if (home) home.time += time;
  }
  return { rows, most, runs: profile.runs, run: profile.run_ns / profile.runs, executor: profile.executor / profile.runs };
}

// Where providers meet: every value that one makes and another reads, with what is copied on the way.
function findBorders(view, copies) {
  const copied = new Map();  // "value" -> copies
  for (const copy of copies) {
    if (!copied.has(copy.value)) copied.set(copy.value, []);
    copied.get(copy.value).push(copy);
  }
  const feeds = new Map();  // node -> the provider whose tensors it hands on
  for (const node of view.nodes) {
    const first = node.inputs.find(v => v !== null && view.producer.has(view.source(v)));
    feeds.set(node, node.provider || (first === undefined ? "" : feeds.get(view.producer.get(view.source(first))) || ""));
  }
  const borders = new Map();  // "value>reader" -> border
  for (const node of view.nodes) for (const input of new Set(node.inputs)) {
    if (input === null) continue;
    const value = view.source(input);
    const maker = view.producer.get(value);
    const own = (copied.get(value) || copied.get(input) || []).filter(c => !c.readers || c.readers.includes(node.index));
    const from = maker ? feeds.get(maker) : "";
    const differs = from !== "" && node.provider !== "" && from !== node.provider;
    if (own.length === 0 && !differs) continue;
    borders.set(value + ">" + node.index, { value, maker, node, from, to: node.provider, differs, copies: own,
      bytes: own.length === 0 ? 0 : own.some(c => c.bytes === null) ? null : own.reduce((sum, c) => sum + c.bytes, 0) });
  }
  return borders;
}

function readData(data) {
  const run = runView(data);
  const model = modelView(data);
  linkViews(model, run);
  const times = bookTimes(data.profile, model, run);
  run.borders = findBorders(run, data.runs.copies);
  if (model) {
    const ids = new Map();
    for (const value of model.producer.keys()) ids.set(model.values[value].name, value);
    for (const value of model.graphs[0].inputs) ids.set(model.values[value].name, value);
    const copies = [];
    for (const copy of data.runs.copies) {
      const value = ids.get(data.runs.values[copy.value].name);
      const readers = new Set(copy.readers.flatMap(reader => run.nodes[reader].twins.map(twin => twin.index)));
      if (value !== undefined) copies.push({ ...copy, value, readers: [...readers] });
    }
    model.borders = findBorders(model, copies);
  }
  const classes = Object.entries(data.placement.classes);
  const providers = classes.map(([name]) => name).filter(name => !CORE_CLASSES.has(name));
  return { data, model, run, times, classes, providers };
}
