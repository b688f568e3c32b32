// SPDX-License-Identifier: Apache-2.0
// Blocks: nodes gathered by the scopes in their names, by the bodies that they stand in, and long rows of them by where
// few values cross.

const MOST_IN_LEVEL = 36;  // more children of one block than this are gathered in runs
const MOST_PILLS = 6;      // more inputs or outputs of the model than this are one block

class Box {
  constructor(kind, title, parent) {
    Object.assign(this, { kind, title, parent, children: [], node: null, value: null, depth: parent ? parent.depth + 1 : 0,
      order: Infinity, count: 0, classes: null, time: 0, expanded: false, layout: null, edges: null, matches: 0, note: "" });
    if (parent) parent.children.push(this);
  }
  get isBlock() { return this.children.length > 0; }
  get path() {
    const parts = [];
    for (let box = this; box && box.parent; box = box.parent) if (box.kind !== "run") parts.unshift(box.title);
    return parts.join("/");
  }
}

const commonLength = (a, b) => {
  let same = 0;
  while (same < a.length && same < b.length && a[same] === b[same]) ++same;
  return same;
};

// Scopes are of use when the nodes of one stand together: "Conv.0", "Relu.0", "Conv.1" tell of kinds, not of places.
function standTogether(list, count, least, most) {
  const seen = new Set();
  let scoped = 0, again = 0, last = [];
  for (const scopes of list) {
    if (!scopes || scopes.length === 0) continue;
    ++scoped;
    const same = commonLength(scopes, last);
    for (let i = same; i < scopes.length; ++i) {
      const prefix = scopes.slice(0, i + 1).join("/");
      if (i === same && seen.has(prefix)) ++again;
      seen.add(prefix);
    }
    last = scopes;
  }
  return scoped > count * least && again < scoped * most;
}

// Of names without scopes: a node that reads "encoder.layer.0.query.weight" belongs to that module, and what stands
// between two such nodes to the innermost module that holds both.
function scopesOfWeights(view, nodes) {
  const own = nodes.map(node => {
    const weight = node.inputs.find(id => id !== null && view.values[id].constant &&
      view.values[id].name.split(".").length > 2 && view.readersOf(view.source(id)).length === 1);  // shared ones tell no place
    return weight === undefined ? null : view.values[weight].name.split(".").slice(0, -1);
  });
  const some = own.filter(each => each !== null);
  if (new Set(some.map(each => each.join("."))).size < Math.max(4, some.length * 0.3)) return null;
  if (!standTogether(own, nodes.length, 0.08, 0.2)) return null;
  const scopes = new Map();
  let before = [], pending = [];
  const settle = after => { for (const node of pending) scopes.set(node, before.slice(0, commonLength(before, after))); };
  nodes.forEach((node, i) => {
    if (!own[i]) { pending.push(node); return; }
    settle(own[i]);
    scopes.set(node, own[i]);
    before = own[i];
    pending = [];
  });
  settle([]);
  const index = new Map(nodes.map((node, i) => [node, i]));
  nodes.forEach((node, i) => {  // what feeds one node of a module only, such as the product before its bias, is its part
    const readers = new Set(node.outputs.flatMap(id => id === null ? [] : view.readersOf(id)));
    const reader = readers.size === 1 ? index.get([...readers][0]) : undefined;
    if (!own[i] && reader !== undefined && own[reader]) scopes.set(node, own[reader]);
  });
  return scopes;
}

// For each node the names of the blocks around it, outermost first, and its own.
function namesOf(view, nodes) {
  for (const separator of ["/", "."]) {
    const parts = nodes.map(node => node.name.split(separator).filter(part => part !== ""));
    if (standTogether(parts.map(each => each.slice(0, -1)), nodes.length, 0.3, 0.4)) return new Map(nodes.map((node, i) => [node, parts[i]]));
  }
  const weights = scopesOfWeights(view, nodes);
  return new Map(nodes.map(node => [node, weights ? [...weights.get(node), node.name] : [node.name]]));
}

function placeNodes(view, root, nodes) {
  const names = namesOf(view, nodes);
  const bodies = new Map([[0, root], [null, root]]);
  const scopes = new Map();
  view.boxOf = new Map();
  const boxOfBody = graph => {
    if (bodies.has(graph)) return bodies.get(graph);
    const record = view.graphs[graph];
    const owner = record.node === null ? root : view.boxOf.get(view.nodes[record.node]) || root;
    const box = new Box("body", record.path.slice(record.path.lastIndexOf(".") + 1), owner);
    bodies.set(graph, box);
    return box;
  };
  for (const node of nodes) {
    let box = boxOfBody(node.graph);
    const parts = names.get(node);
    for (const part of parts.slice(0, -1)) {
      if (!scopes.has(box)) scopes.set(box, new Map());
      const known = scopes.get(box);
      if (!known.has(part)) known.set(part, new Box("scope", part, box));
      box = known.get(part);
    }
    const leaf = new Box("node", parts.length > 0 ? parts[parts.length - 1] : node.name, box);
    leaf.node = node;
    leaf.order = node.index;
    view.boxOf.set(node, leaf);
  }
}

// A scope that holds nothing but one scope is one block with it.
function mergeSingles(box) {
  box.children = box.children.map(child => {
    while (child.kind === "scope" && child.children.length === 1 && child.children[0].kind === "scope") {
      const only = child.children[0];
      only.title = child.title + "/" + only.title;
      only.parent = box;
      child = only;
    }
    if (child.kind === "scope" && child.children.length === 1 && !child.children[0].isBlock) {
      const only = child.children[0];
      only.title = child.title + "/" + only.title;
      only.parent = box;
      child = only;
    }
    return child;
  });
  box.children.forEach(mergeSingles);
}

function sumUp(box) {
  box.classes = new Map();
  box.count = box.time = 0;
  if (box.node) {
    box.count = 1;
    box.time = box.node.time;
    box.classes.set(box.node.cls, 1);
  }
  for (const child of box.children) {
    child.depth = box.depth + 1;
    sumUp(child);
    box.count += child.count;
    box.time += child.node && box.node ? 0 : child.time;
    box.order = Math.min(box.order, child.order);
    for (const [name, count] of child.classes) box.classes.set(name, (box.classes.get(name) || 0) + count);
  }
  box.children.sort((a, b) => a.order - b.order);
}

// Which box of `level` holds `box`; null when none does.
function childWithin(box, level) {
  while (box && box.parent !== level) box = box.parent;
  return box;
}

function summary(boxes) {
  const ops = new Map();
  const visit = box => {
    if (box.node) ops.set(box.node.opName, (ops.get(box.node.opName) || 0) + 1);
    box.children.forEach(visit);
  };
  boxes.forEach(visit);
  const sorted = [...ops].sort((a, b) => b[1] - a[1]);
  return sorted.slice(0, 3).map(([op, count]) => count > 1 ? count + " " + op : op).join(", ") + (sorted.length > 3 ? " \u2026" : "");
}

// "Conv.0 to Add.4" of "p2o.Conv.0" and "p2o.Add.4".
function rangeTitle(first, last) {
  if (first === last) return first;
  let cut = 0;
  for (let i = 0; i < first.length && first[i] === last[i]; ++i) {
    if ("/.".includes(first[i]) && ![first, last].some(name => /^\d*$/.test(name.slice(i + 1)))) cut = i + 1;
  }
  return first.slice(cut) + " \u2013 " + last.slice(cut);
}

// Cuts a long level into runs of neighbours, each cut where the fewest values cross within reach of an even split.
function gatherRuns(view, box) {
  if (box.children.length > MOST_IN_LEVEL) {
    const items = box.children;
    const at = new Map(items.map((item, i) => [item, i]));
    const crossing = new Int32Array(items.length + 1);
    const visit = (each, i) => {
      if (each.node) {
        for (const value of each.node.outputs) {
          if (value === null) continue;
          let last = i;
          for (const reader of view.readersOf(value)) {
            const j = at.get(childWithin(view.boxOf.get(reader), box));
            if (j !== undefined && j > last) last = j;
          }
          for (let gap = i + 1; gap <= Math.min(last, i + 400); ++gap) ++crossing[gap];
        }
      }
      for (const child of each.children) visit(child, i);
    };
    items.forEach(visit);
    const depth = Math.ceil(Math.log(items.length) / Math.log(MOST_IN_LEVEL));
    const size = Math.max(8, Math.ceil(items.length / Math.ceil(items.length / Math.pow(MOST_IN_LEVEL * 0.7, depth - 1))));
    const runs = [];
    for (let begin = 0; begin < items.length;) {
      let end = Math.min(items.length, begin + size);
      if (items.length - end < size / 3) end = items.length;
      if (end < items.length) {
        let best = end;
        const reach = Math.floor(size / 3);
        for (let gap = end - reach; gap <= Math.min(end + reach, items.length - 1); ++gap) {
          const better = crossing[gap] - crossing[best];
          if (better < 0 || (better === 0 && Math.abs(gap - end) < Math.abs(best - end))) best = gap;
        }
        end = best;
      }
      runs.push(items.slice(begin, end));
      begin = end;
    }
    box.children = [];
    for (const members of runs) {
      const run = new Box("run", "", box);
      run.children = members;
      for (const member of members) member.parent = run;
      run.note = summary(members);
      const first = members[0], last = members[members.length - 1];
      run.title = rangeTitle(first.title, last.title);
    }
  }
  box.children.forEach(child => gatherRuns(view, child));
}

// The model's inputs and outputs as pills of their own.
function addPills(view, root, which) {
  const ids = view.graphs[0][which].filter(id => id !== null);
  let home = root;
  if (ids.length > MOST_PILLS) {
    home = new Box("ends", ids.length + " " + which, root);
    home.order = which === "inputs" ? -1 : Infinity;
  }
  const pills = new Map();
  for (const id of new Set(ids)) {
    const pill = new Box(which === "inputs" ? "input" : "output", view.values[id].name, home);
    pill.value = id;
    pill.order = home.order === Infinity && which === "inputs" ? -1 : home.order;
    pills.set(id, pill);
  }
  return pills;
}

// Every edge is kept at the block in which its two ends part.
function addEdge(view, from, to, value, border) {
  if (!from || !to || from === to) return;
  let a = from, b = to;
  while (a.depth > b.depth) a = a.parent;
  while (b.depth > a.depth) b = b.parent;
  if (a === b) return;
  while (a.parent !== b.parent) { a = a.parent; b = b.parent; }
  a = childWithin(from, a.parent);
  b = childWithin(to, b.parent);
  const level = a.parent;
  if (!level.edges) level.edges = new Map();
  const key = a.id + ">" + b.id;
  let edge = level.edges.get(key);
  if (!edge) level.edges.set(key, edge = { from: a, to: b, values: new Set(), borders: [], bytes: 0, differs: false });
  edge.values.add(value);
  if (border) {
    edge.borders.push(border);
    edge.bytes = edge.bytes === null || border.bytes === null ? null : edge.bytes + border.bytes;
    edge.differs = edge.differs || border.differs;
  }
}

function buildTree(view, showConstants) {
  const root = new Box("root", "", null);
  placeNodes(view, root, view.nodes.filter(node => showConstants || !node.hidden));
  mergeSingles(root);
  sumUp(root);
  gatherRuns(view, root);
  const inputs = addPills(view, root, "inputs"), outputs = addPills(view, root, "outputs");
  sumUp(root);
  let id = 0;
  const number = box => { box.id = id++; box.children.forEach(number); };
  number(root);
  for (const [node, box] of view.boxOf) {
    for (const input of new Set(node.inputs)) {
      if (input === null) continue;
      const value = view.source(input);
      const maker = view.producer.get(value);
      addEdge(view, maker ? view.boxOf.get(maker) : inputs.get(value), box, value, view.borders.get(value + ">" + node.index));
    }
  }
  for (const [value, pill] of outputs) {
    const source = view.source(value), maker = view.producer.get(source);
    addEdge(view, maker ? view.boxOf.get(maker) : inputs.get(source), pill, source, null);
  }
  root.expanded = true;
  view.pills = { inputs, outputs };
  return root;
}

// Opens blocks from the top while the picture stays readable: the largest first, and a picture of few nodes whole.
function openFirst(root, most) {
  let shown = root.children.length;
  for (;;) {
    let best = null;
    const visit = box => box.children.forEach(child => {
      if (!child.isBlock || child.kind === "ends") return;
      if (child.expanded) visit(child);
      else if (shown + child.children.length <= most && (!best || child.count > best.count)) best = child;
    });
    visit(root);
    if (!best) return;
    best.expanded = true;
    shown += best.children.length;
  }
}
