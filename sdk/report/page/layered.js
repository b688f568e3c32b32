// SPDX-License-Identifier: Apache-2.0
// The drawing of one level: layers from top to bottom, few crossings, straight long edges (after Sugiyama, Tagawa and
// Toda 1981). Items are {w, h}; edges are {from, to, wide} with indices of items; wide: room for a label is needed.

const ITEM_GAP = 22, LANE_GAP = 14, LAYER_GAP = 30, LABEL_GAP = 46;

// Edges that would close a cycle are turned, for the layers only.
function withoutCycles(count, edges) {
  const out = Array.from({ length: count }, () => []);
  for (const edge of edges) out[edge.from].push(edge);
  const state = new Uint8Array(count), turned = new Set();
  const visit = at => {
    state[at] = 1;
    for (const edge of out[at]) {
      if (state[edge.to] === 1) turned.add(edge);
      else if (state[edge.to] === 0) visit(edge.to);
    }
    state[at] = 2;
  };
  for (let i = 0; i < count; ++i) if (state[i] === 0) visit(i);
  return edges.map(edge => turned.has(edge)
    ? { up: edge.to, down: edge.from, edge, turned: true } : { up: edge.from, down: edge.to, edge, turned: false });
}

function assignLayers(count, links) {
  const below = Array.from({ length: count }, () => []), above = Array.from({ length: count }, () => []);
  for (const link of links) { below[link.up].push(link.down); above[link.down].push(link.up); }
  const layer = new Int32Array(count), waiting = above.map(list => list.length), order = [];
  for (let i = 0; i < count; ++i) if (waiting[i] === 0) order.push(i);
  for (let k = 0; k < order.length; ++k) for (const next of below[order[k]]) {
    layer[next] = Math.max(layer[next], layer[order[k]] + 1);
    if (--waiting[next] === 0) order.push(next);
  }
  // What has more readers than sources stands close to its readers.
  for (let k = order.length - 1; k >= 0; --k) {
    const i = order[k];
    if (below[i].length > above[i].length) layer[i] = Math.min(...below[i].map(next => layer[next])) - 1;
  }
  return layer;
}

function countCrossings(layers, down, position) {
  let crossings = 0;
  for (const layer of layers) {
    const ends = [];
    for (const v of layer) ends.push(...down[v].map(w => position[w]).sort((a, b) => a - b));
    for (let i = 1; i < ends.length; ++i) for (let j = 0; j < i; ++j) if (ends[j] > ends[i]) ++crossings;
  }
  return crossings;
}

function orderLayers(layers, up, down, total) {
  const position = new Float64Array(total);
  const settle = () => layers.forEach(layer => layer.forEach((v, i) => { position[v] = i; }));
  settle();
  let best = layers.map(layer => layer.slice()), fewest = countCrossings(layers, down, position);
  for (let sweep = 0; sweep < 14 && fewest > 0; ++sweep) {
    const falling = sweep % 2 === 0, near = falling ? up : down;
    for (let k = 1; k < layers.length; ++k) {
      const layer = layers[falling ? k : layers.length - 1 - k];
      const weight = new Map(layer.map(v => [v, near[v].length === 0 ? position[v]
        : near[v].reduce((sum, w) => sum + position[w], 0) / near[v].length]));
      layer.sort((a, b) => weight.get(a) - weight.get(b) || position[a] - position[b]);
      layer.forEach((v, i) => { position[v] = i; });
    }
    const crossings = countCrossings(layers, down, position);
    if (crossings < fewest) {
      fewest = crossings;
      best = layers.map(layer => layer.slice());
    }
  }
  return best;
}

// Items without edges, in rows under the rest.
function placeLoose(items, loose, width, top) {
  let x = 0, y = top, tallest = 0, right = 0;
  const limit = Math.max(width, 4 * (190 + ITEM_GAP));
  for (const i of loose) {
    if (x > 0 && x + items[i].w > limit) { x = 0; y += tallest + ITEM_GAP; tallest = 0; }
    items[i].x = x;
    items[i].y = y;
    x += items[i].w + ITEM_GAP;
    right = Math.max(right, x - ITEM_GAP);
    tallest = Math.max(tallest, items[i].h);
  }
  return { w: right, h: y + tallest };
}

// Gives every item x and y and every edge its `points`: from the bottom of one item to the top of another, with an
// upright piece through each layer in between. Returns the size of it all.
function layOut(items, edges) {
  const used = new Uint8Array(items.length);
  for (const edge of edges) used[edge.from] = used[edge.to] = 1;
  const solid = [], loose = [], number = new Int32Array(items.length);
  items.forEach((item, i) => { if (used[i]) number[i] = solid.push(i) - 1; else loose.push(i); });
  let size = { w: 0, h: 0 };
  if (solid.length > 0) {
    size = layOutConnected(solid.map(i => items[i]), edges.map(edge => ({ ...edge, from: number[edge.from], to: number[edge.to], own: edge })));
  }
  if (loose.length > 0) {
    const rest = placeLoose(items, loose, size.w, size.h > 0 ? size.h + LAYER_GAP : 0);
    const shift = Math.max(0, (size.w - rest.w) / 2), push = Math.max(0, (rest.w - size.w) / 2);
    for (const i of loose) items[i].x += shift;
    for (const i of solid) items[i].x += push;
    for (const edge of edges) for (const point of edge.points) point[0] += push;
    size = { w: Math.max(size.w, rest.w), h: rest.h };
  }
  return size;
}

function layOutConnected(items, edges) {
  const links = withoutCycles(items.length, edges);
  const layerOf = [...assignLayers(items.length, links)];
  const least = Math.min(...layerOf);
  layerOf.forEach((layer, i) => { layerOf[i] = layer - least; });
  const widths = items.map(item => item.w), up = items.map(() => []), down = items.map(() => []);
  const trunks = new Map();  // "item layer" -> lane
  for (const link of links) {  // a lane through each layer that an edge passes; edges from one item share theirs
    let last = link.up;
    link.lanes = [];
    for (let layer = layerOf[link.up] + 1; layer < layerOf[link.down]; ++layer) {
      const key = link.up + " " + layer + (link.edge.wide ? " wide" : "") + (link.turned ? " " + link.down : "");
      let lane = trunks.get(key);
      if (lane === undefined) {
        lane = widths.push(LANE_GAP / 2) - 1;
        trunks.set(key, lane);
        layerOf.push(layer);
        up.push([last]);
        down.push([]);
        down[last].push(lane);
      }
      link.lanes.push(lane);
      last = lane;
    }
    down[last].push(link.down);
    up[link.down].push(last);
  }
  let layers = [];
  layerOf.forEach((layer, v) => (layers[layer] = layers[layer] || []).push(v));
  layers = Array.from(layers, layer => layer || []).filter(layer => layer.length > 0);
  layers = orderLayers(layers, up, down, widths.length);
  const x = coordinates(layers, up, down, widths, items.length, ITEM_GAP, LANE_GAP);
  const left = Math.min(...x.map((center, v) => center - widths[v] / 2));
  const right = Math.max(...x.map((center, v) => center + widths[v] / 2));
  const tops = [], bottoms = [];
  let y = 0;
  layers.forEach((layer, k) => {
    tops[k] = y;
    bottoms[k] = y + Math.max(0, ...layer.filter(v => v < items.length).map(v => items[v].h));
    let gap = LAYER_GAP, reach = 0;
    for (const link of links) if (layerOf[link.up] === k && link.edge.wide) gap = LABEL_GAP;
    for (const v of layer) for (const w of down[v]) reach = Math.max(reach, Math.abs(x[v] - x[w]));
    y = bottoms[k] + gap + Math.min(50, reach * 0.05);
  });
  items.forEach((item, i) => {
    item.x = x[i] - left - item.w / 2;
    item.y = (tops[layerOf[i]] + bottoms[layerOf[i]] - item.h) / 2;
  });
  route(items, links, layerOf, x, left, tops, bottoms);
  return { w: right - left, h: bottoms[bottoms.length - 1] };
}

function route(items, links, layerOf, x, left, tops, bottoms) {
  // Ends of edges are spread over the middle of an item's side, in the order of where they go.
  const spread = (key, side) => {
    const groups = new Map();
    for (const link of links) {
      if (!groups.has(link[key])) groups.set(link[key], []);
      groups.get(link[key]).push(link);
    }
    for (const [i, group] of groups) {
      const toward = link => link.lanes.length > 0 ? link.lanes[key === "up" ? 0 : link.lanes.length - 1] : link[key === "up" ? "down" : "up"];
      const ends = [...new Set(group.map(toward))].sort((a, b) => x[a] - x[b]);
      const step = Math.min(12, items[i].w * 0.6 / ends.length);
      for (const link of group) link[side] = items[i].x + items[i].w / 2 + (ends.indexOf(toward(link)) - (ends.length - 1) / 2) * step;
    }
  };
  spread("up", "startX");
  spread("down", "endX");
  for (const link of links) {
    const points = [[link.startX, items[link.up].y + items[link.up].h]];
    for (const lane of link.lanes) points.push([x[lane] - left, tops[layerOf[lane]]], [x[lane] - left, bottoms[layerOf[lane]]]);
    points.push([link.endX, items[link.down].y]);
    link.edge.own.points = link.turned ? points.reverse() : points;
  }
}
