// SPDX-License-Identifier: Apache-2.0
// Sizes and places of all blocks that are to be seen, in one plane.

const HEADER = 34, PADDING = 16, LEAF_H = 46, BLOCK_H = 62, PILL_H = 40, LEAST_W = 116, MOST_W = 236;

const measure = (() => {
  const context = document.createElement("canvas").getContext("2d");
  const known = new Map();
  return (text, font) => {
    const key = font + text;
    let width = known.get(key);
    if (width === undefined) {
      context.font = font;
      width = context.measureText(text).width;
      if (known.size < 50000) known.set(key, width);
    }
    return width;
  };
})();
const FONT_TITLE = "600 13px system-ui, sans-serif", FONT_SMALL = "11px system-ui, sans-serif";

// The text cut to a width, at its end or (names) in the middle of which less is said.
function fit(text, width, font, fromStart) {
  if (measure(text, font) <= width) return text;
  let low = 0, high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const cut = fromStart ? "\u2026" + text.slice(text.length - middle) : text.slice(0, middle) + "\u2026";
    if (measure(cut, font) <= width) low = middle; else high = middle - 1;
  }
  return fromStart ? "\u2026" + text.slice(text.length - low) : text.slice(0, low) + "\u2026";
}

// The two lines of a box.
function labelsOf(box, view) {
  if (box.value !== null) return { title: box.title, sub: formatType(view.values[box.value]) };
  if (box.isBlock) {
    const own = box.node ? box.node.opName + " " + box.title : box.title;
    return { title: own, sub: box.note || plural(box.count, "node") };
  }
  return { title: box.node.opName, sub: box.title };
}

function sizeOf(box, view, timed) {
  const { title, sub } = labelsOf(box, view);
  const time = timed && box.time > 0 ? 58 : 0;
  const wide = Math.max(measure(title, FONT_TITLE) + time, measure(sub, FONT_SMALL)) + (box.isBlock ? 50 : 34);
  box.w = Math.round(Math.min(MOST_W, Math.max(LEAST_W, wide)));
  box.h = box.value !== null ? PILL_H : box.isBlock ? BLOCK_H : LEAF_H;
}

function arrange(box, view, timed) {
  if (box.isBlock && box.expanded) {
    for (const child of box.children) arrange(child, view, timed);
    const index = new Map(box.children.map((child, i) => [child, i]));
    const edges = [];
    for (const edge of box.edges ? box.edges.values() : []) {
      edges.push({ from: index.get(edge.from), to: index.get(edge.to), wide: edge.borders.length > 0, edge });
    }
    const size = layOut(box.children, edges);
    for (const each of edges) each.edge.points = each.points;
    const header = measure(labelsOf(box, view).title, FONT_TITLE) + 150;
    box.w = Math.max(size.w + 2 * PADDING, Math.min(header, 340));
    box.h = size.h + HEADER + 2 * PADDING;
    box.innerX = (box.w - size.w) / 2;
  } else {
    sizeOf(box, view, timed);
  }
}

// Everything that can be drawn, back to front, each with its bounds in the plane.
function compose(root, view, timed) {
  arrange(root, view, timed);
  const boxes = [], edges = [];
  const visit = (box, x, y) => {
    box.left = x;
    box.top = y;
    if (box.parent) boxes.push(box);
    if (!(box.isBlock && box.expanded)) return;
    const dx = x + (box.parent ? box.innerX : 0), dy = y + (box.parent ? HEADER + PADDING : 0);
    for (const edge of box.edges ? box.edges.values() : []) {
      edge.placed = edge.points.map(([px, py]) => [px + dx, py + dy]);
      const xs = edge.placed.map(p => p[0]), ys = edge.placed.map(p => p[1]);
      edge.bounds = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
      edges.push(edge);
    }
    for (const child of box.children) visit(child, dx + child.x, dy + child.y);
  };
  root.innerX = 0;
  visit(root, 0, 0);
  const w = Math.max(...root.children.map(c => c.left + c.w), 1), h = Math.max(...root.children.map(c => c.top + c.h), 1);
  return { boxes, edges, w, h, badges: placeBadges(edges, boxes) };
}

const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

function borderLabel(edge) {
  if (edge.bytes === null) return "copy";
  return edge.bytes > 0 ? formatBytes(edge.bytes) : edge.borders.some(b => b.copies.length > 0) ? "copy" : "no copy";
}

// A label at each border, on the edge's first free stretch between two layers; none covers a box or another label.
function placeBadges(edges, boxes) {
  const badges = [], taken = new Map();
  const cells = bounds => {
    const list = [];
    for (let cx = Math.floor(bounds[0] / 256); cx <= Math.floor(bounds[2] / 256); ++cx) {
      for (let cy = Math.floor(bounds[1] / 256); cy <= Math.floor(bounds[3] / 256); ++cy) list.push(cx + "," + cy);
    }
    return list;
  };
  const add = bounds => cells(bounds).forEach(cell => {
    if (!taken.has(cell)) taken.set(cell, []);
    taken.get(cell).push(bounds);
  });
  const free = bounds => !cells(bounds).some(cell => (taken.get(cell) || []).some(other => overlap(bounds, other)));
  if (!edges.some(edge => edge.borders.length > 0)) return badges;
  for (const box of boxes) {
    if (box.isBlock && box.expanded) add([box.left, box.top, box.left + box.w, box.top + HEADER]);
    else add([box.left, box.top, box.left + box.w, box.top + box.h]);
  }
  for (const edge of edges) {
    if (edge.borders.length === 0) continue;
    const text = borderLabel(edge), w = measure(text, "600 10.5px system-ui, sans-serif") + 14, h = 17;
    const points = edge.placed;
    let best = null;
    for (let i = 0; i + 1 < points.length && !best; ++i) for (const t of [0.5, 0.36, 0.64, 0.25, 0.75]) {
      const [x0, y0] = points[i], [x1, y1] = points[i + 1];
      const at = cubicAt(x0, y0, x1, y1, t);
      const bounds = [at[0] - w / 2, at[1] - h / 2, at[0] + w / 2, at[1] + h / 2];
      if (free(bounds)) { best = bounds; break; }
    }
    if (!best) continue;
    add(best);
    badges.push({ edge, text, bounds: best });
  }
  return badges;
}

function cubicAt(x0, y0, x1, y1, t) {
  const s = 1 - t, a = s * s * s, b = 3 * s * s * t, c = 3 * s * t * t, d = t * t * t, middle = (y0 + y1) / 2;
  return [(a + b) * x0 + (c + d) * x1, a * y0 + (b + c) * middle + d * y1];
}

function curve(points) {
  let d = "M" + points[0][0].toFixed(1) + " " + points[0][1].toFixed(1);
  for (let i = 1; i < points.length; ++i) {
    const [x0, y0] = points[i - 1], [x1, y1] = points[i];
    if (Math.abs(x0 - x1) < 0.5) { d += "V" + y1.toFixed(1); continue; }
    const middle = ((y0 + y1) / 2).toFixed(1);
    d += "C" + x0.toFixed(1) + " " + middle + " " + x1.toFixed(1) + " " + middle + " " + x1.toFixed(1) + " " + y1.toFixed(1);
  }
  return d;
}
