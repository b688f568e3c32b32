// SPDX-License-Identifier: Apache-2.0
// Boxes, edges and labels as SVG. Text from the model is only ever set as text.

const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (parent) parent.append(element);
  return element;
}

function svgText(text, x, y, attributes, parent) {
  const element = svg("text", { x, y, ...attributes }, parent);
  element.textContent = text;
  return element;
}

// The colour of a class: a CSS variable, so that it follows the theme.
function colourOf(name) {
  const at = REPORT.providers.indexOf(name);
  return at >= 0 ? "var(--p" + (at % 6) + ")" : CORE_CLASSES.has(name) ? "var(--c-" + name + ")" : "var(--muted)";
}

// Of a node against the slowest node, of a block against the whole run.
function heatOf(box) {
  if (!REPORT.times || box.time <= 0) return 0;
  return Math.sqrt(Math.min(1, box.time / (box.isBlock ? REPORT.times.run : REPORT.times.most)));
}

// What a box is said to be when it is read aloud.
function spoken(box, view) {
  if (box.value !== null) return (box.kind === "input" ? "model input " : "model output ") + box.title + ", " + formatType(view.values[box.value]);
  const time = box.time > 0 ? ", " + formatTime(box.time) : "";
  if (box.isBlock) {
    const parts = [...box.classes].map(([name, count]) => name + " " + count).join(", ");
    return "block " + labelsOf(box, view).title + ", " + plural(box.count, "node") + ": " + parts + time;
  }
  return box.node.opName + " " + box.node.name + ", " + box.node.cls + time + (box.node.why ? ", " + box.node.why : "");
}

function drawHeat(box, group) {
  const heat = heatOf(box);
  if (heat <= 0.02) return;
  svg("rect", { class: "heat", x: 0, y: 0, width: box.w, height: box.h, rx: 7, "fill-opacity": (0.08 + 0.5 * heat).toFixed(3) }, group);
}

function drawClassBar(box, x, y, width, height, group) {
  const clip = svg("g", {}, group);
  let at = x;
  const sorted = REPORT.classes.map(([name]) => [name, box.classes.get(name) || 0]).filter(each => each[1] > 0);
  for (const [name, count] of sorted) {
    const share = width * count / box.count;
    const bar = svg("rect", { x: at.toFixed(2), y, width: Math.max(0.5, share - (sorted.length > 1 ? 1 : 0)).toFixed(2), height, rx: 1.5 }, clip);
    bar.style.fill = colourOf(name);
    at += share;
  }
}

function drawLeaf(box, group) {
  const node = box.node, time = REPORT.times && box.time > 0 ? formatTime(box.time) : "";
  svg("rect", { class: "card" + (node.isProvider ? "" : " core"), x: 0, y: 0, width: box.w, height: box.h, rx: 7 }, group);
  drawHeat(box, group);
  svg("rect", { class: "strip", x: 5, y: 8, width: 4, height: box.h - 16, rx: 2 }, group).style.fill = colourOf(node.cls);
  const room = box.w - 28 - (time ? measure(time, FONT_SMALL) + 8 : 0);
  svgText(fit(node.opName, room, FONT_TITLE), 17, 20, { class: "title" }, group);
  if (time) svgText(time, box.w - 10, 19.5, { class: "time", "text-anchor": "end" }, group);
  svgText(fit(box.title, box.w - 28, FONT_SMALL, true), 17, 36, { class: "sub" }, group);
}

function drawPill(box, group, view) {
  svg("rect", { class: "pill", x: 0, y: 0, width: box.w, height: box.h, rx: box.h / 2 }, group);
  svgText(fit(box.title, box.w - 26, FONT_TITLE), box.w / 2, 17, { class: "title", "text-anchor": "middle" }, group);
  svgText(fit(formatType(view.values[box.value]), box.w - 26, FONT_SMALL), box.w / 2, 31, { class: "sub", "text-anchor": "middle" }, group);
}

function drawChevron(box, x, y, group) {
  const chevron = svg("g", { class: "toggle", transform: "translate(" + x + "," + y + ")" }, group);
  svg("rect", { x: 0, y: 0, width: 20, height: 20, rx: 5 }, chevron);
  svg("path", { d: box.expanded ? "M6 10H14" : "M6 10H14M10 6V14" }, chevron);
  svg("title", {}, chevron).textContent = box.expanded ? "close" : "open";
}

function drawBlock(box, group, view) {
  const { title, sub } = labelsOf(box, view), time = REPORT.times && box.time > 0 ? formatTime(box.time) : "";
  svg("rect", { class: "stack", x: 4, y: 4, width: box.w - 8, height: box.h, rx: 7 }, group);
  svg("rect", { class: "card block", x: 0, y: 0, width: box.w, height: box.h, rx: 7 }, group);
  drawHeat(box, group);
  drawChevron(box, 9, 10, group);
  const room = box.w - 48 - (time ? measure(time, FONT_SMALL) + 8 : 0);
  svgText(fit(title, room, FONT_TITLE, box.kind !== "run"), 37, 21, { class: "title" }, group);
  if (time) svgText(time, box.w - 11, 20.5, { class: "time", "text-anchor": "end" }, group);
  svgText(fit(sub, box.w - 48, FONT_SMALL), 37, 37, { class: "sub" }, group);
  if (box.count > 0) drawClassBar(box, 12, box.h - 15, box.w - 24, 6, group);
}

function drawOpen(box, group, view) {
  const time = REPORT.times && box.time > 0 ? formatTime(box.time) : "";
  svg("rect", { class: "open" + (box.depth % 2 === 0 ? " even" : ""), x: 0, y: 0, width: box.w, height: box.h, rx: 10 }, group);
  drawChevron(box, 9, 8, group);
  const { title } = labelsOf(box, view), count = plural(box.count, "node") + (time ? ", " + time : "");
  const right = measure(count, FONT_SMALL) + 16;
  svgText(fit(title, box.w - 46 - right, FONT_TITLE, box.kind !== "run"), 36, 22.5, { class: "title" }, group);
  svgText(count, box.w - 13, 22, { class: "sub", "text-anchor": "end" }, group);
}

function drawBox(box, view) {
  const group = svg("g", { class: "box " + box.kind, transform: "translate(" + box.left.toFixed(1) + "," + box.top.toFixed(1) + ")",
    tabindex: -1, role: "treeitem", "aria-label": spoken(box, view), "aria-level": box.depth });
  if (box.isBlock) group.setAttribute("aria-expanded", box.expanded);
  if (box.value !== null) drawPill(box, group, view);
  else if (!box.isBlock) drawLeaf(box, group);
  else if (box.expanded) drawOpen(box, group, view);
  else drawBlock(box, group, view);
  group.box = box;
  return group;
}

function drawEdge(edge) {
  const border = edge.borders.length > 0;
  const copies = border && edge.borders.some(each => each.copies.length > 0);
  const path = svg("path", { class: "edge" + (border ? " border" : "") + (copies ? " copies" : ""), d: curve(edge.placed),
    "marker-end": border ? "url(#tip-border)" : "url(#tip)", "stroke-width": (1.2 + Math.min(2.2, Math.log2(edge.values.size) * 0.5)).toFixed(2) });
  path.edge = edge;
  return path;
}

function drawBadge(badge) {
  const [x0, y0, x1, y1] = badge.bounds, copies = badge.edge.borders.some(each => each.copies.length > 0);
  const group = svg("g", { class: "badge" + (copies ? " copies" : "") });
  svg("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0, rx: 8.5 }, group);
  svgText(badge.text, (x0 + x1) / 2, y0 + 12.3, { "text-anchor": "middle" }, group);
  group.edge = badge.edge;
  return group;
}

// Markers for the ends of edges.
function drawDefinitions(root) {
  const definitions = svg("defs", {}, root);
  for (const name of ["tip", "tip-border", "tip-lit"]) {
    const marker = svg("marker", { id: name, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7.5, markerHeight: 7.5,
      orient: "auto", markerUnits: "userSpaceOnUse" }, definitions);
    svg("path", { class: name, d: "M0.5 0.8L7.4 4L0.5 7.2Z" }, marker);
  }
}
