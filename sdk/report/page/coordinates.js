// SPDX-License-Identifier: Apache-2.0
// Where the vertices of a layered drawing stand from left to right, with long edges upright (after Brandes and Koepf
// 2001): four drawings, each pushed to one corner, and for each vertex the middle of the four.

// A segment between two lanes wins over one that crosses it and touches an item: the latter may not be aligned.
function findConflicts(layers, up, position, itemCount) {
  const conflicts = new Set();
  const isLane = v => v >= itemCount;
  for (let k = 1; k < layers.length; ++k) {
    let before = 0, scanned = 0;
    const layer = layers[k], last = layers[k - 1].length - 1;
    layer.forEach((v, i) => {
      const inner = isLane(v) ? up[v].find(isLane) : undefined;
      if (inner === undefined && i !== layer.length - 1) return;
      const to = inner === undefined ? last : position[inner];
      for (; scanned <= i; ++scanned) {
        const w = layer[scanned];
        for (const u of up[w]) {
          if ((position[u] < before || position[u] > to) && !(isLane(u) && isLane(w))) conflicts.add(u + ">" + w);
        }
      }
      before = to;
    });
  }
  return conflicts;
}

// Chains of vertices that are to stand below each other.
function alignChains(layers, near, position, conflicts, total) {
  const root = Array.from({ length: total }, (_, v) => v), align = root.slice();
  for (const layer of layers) {
    let reached = -1;
    for (const v of layer) {
      const sorted = near[v].slice().sort((a, b) => position[a] - position[b]);
      if (sorted.length === 0) continue;
      const middle = (sorted.length - 1) / 2;
      for (let m = Math.floor(middle); m <= Math.ceil(middle); ++m) {
        const u = sorted[m];
        if (align[v] !== v || reached >= position[u] || conflicts.has(u + ">" + v) || conflicts.has(v + ">" + u)) continue;
        align[u] = v;
        align[v] = root[v] = root[u];
        reached = position[u];
      }
    }
  }
  return root;
}

// Chains as far left as they go, then each as close to its right neighbours as it can.
function compact(layers, root, separation) {
  const left = new Map(), right = new Map(), chains = new Set();
  const keep = (map, from, to, gap) => {
    if (!map.has(from)) map.set(from, new Map());
    map.get(from).set(to, Math.max(gap, map.get(from).get(to) || 0));
  };
  for (const layer of layers) layer.forEach((v, i) => {
    chains.add(root[v]);
    if (i === 0) return;
    const gap = separation(layer[i - 1], v);
    keep(left, root[v], root[layer[i - 1]], gap);
    keep(right, root[layer[i - 1]], root[v], gap);
  });
  const x = new Map();
  const walk = (map, visit) => {
    const state = new Map();
    for (const start of chains) {
      const stack = [start];
      while (stack.length > 0) {
        const at = stack[stack.length - 1];
        if (state.get(at) === 2) { stack.pop(); continue; }
        if (state.get(at) === 1) { state.set(at, 2); visit(at); stack.pop(); continue; }
        state.set(at, 1);
        for (const next of (map.get(at) || new Map()).keys()) if (!state.has(next)) stack.push(next);
      }
    }
  };
  walk(left, at => {
    let least = 0;
    for (const [next, gap] of left.get(at) || []) least = Math.max(least, (x.get(next) || 0) + gap);
    x.set(at, least);
  });
  walk(right, at => {
    let most = Infinity;
    for (const [next, gap] of right.get(at) || []) most = Math.min(most, x.get(next) - gap);
    if (most !== Infinity) x.set(at, Math.max(x.get(at), most));
  });
  return root.map(chain => x.get(chain));
}

// Centers of all vertices; vertices from itemCount on are lanes.
function coordinates(layers, up, down, widths, itemCount, itemGap, laneGap) {
  const total = widths.length, position = new Int32Array(total);
  layers.forEach(layer => layer.forEach((v, i) => { position[v] = i; }));
  const conflicts = findConflicts(layers, up, position, itemCount);
  const separation = (a, b) => (widths[a] + widths[b]) / 2 + (a >= itemCount && b >= itemCount ? laneGap : itemGap);
  const drawings = [];
  for (const falling of [true, false]) for (const leftward of [true, false]) {
    let rows = falling ? layers : layers.slice().reverse();
    if (!leftward) rows = rows.map(row => row.slice().reverse());
    rows.forEach(row => row.forEach((v, i) => { position[v] = i; }));
    const root = alignChains(rows, falling ? up : down, position, conflicts, total);
    const x = compact(rows, root, separation);
    drawings.push(leftward ? x : x.map(each => -each));
  }
  const spans = drawings.map(x => [Math.min(...x.map((c, v) => c - widths[v] / 2)), Math.max(...x.map((c, v) => c + widths[v] / 2))]);
  const narrow = spans.reduce((best, span, i) => span[1] - span[0] < spans[best][1] - spans[best][0] ? i : best, 0);
  drawings.forEach((x, i) => {
    const shift = i % 2 === 0 ? spans[narrow][0] - spans[i][0] : spans[narrow][1] - spans[i][1];
    for (let v = 0; v < total; ++v) x[v] += shift;
  });
  return widths.map((_, v) => {
    const four = drawings.map(x => x[v]).sort((a, b) => a - b);
    return (four[1] + four[2]) / 2;
  });
}
