// SPDX-License-Identifier: Apache-2.0
// The picture: only what is in sight is in the document; wheel and drag move it, Ctrl and wheel or pinch zoom.

const TOOLS_H = 56;  // the controls lie over the picture's upper edge

class GraphPane {
  constructor(host, callbacks) {
    Object.assign(this, { host, callbacks, view: null, root: null, scene: null, drawn: new Map(), scale: 1, x: 0, y: 0,
      selected: null, matches: null, pending: false });
    this.svg = svg("svg", { role: "tree", "aria-label": "Graph of the model. Arrow keys follow edges, Enter opens a block", tabindex: 0 }, host);
    drawDefinitions(this.svg);
    this.plane = svg("g", {}, this.svg);
    this.layers = {};
    for (const name of ["back", "edges", "front", "badges", "lit"]) this.layers[name] = svg("g", { class: name }, this.plane);
    this.map = new Minimap(host, this);
    this.listen();
  }

  show(view, root) {
    Object.assign(this, { view, root, selected: null, matches: null });
    this.relayout();
    this.fitStart();
  }

  relayout() {
    this.scene = compose(this.root, this.view, REPORT.times !== null);
    for (const element of this.drawn.values()) element.remove();
    this.drawn.clear();
    this.lightUp();
    this.map.redraw();
    this.refresh();
  }

  get size() { return { w: this.host.clientWidth || 900, h: this.host.clientHeight || 600 }; }

  // As large as is easy to read, from the top; the whole when that fits.
  fitStart() {
    const { w, h } = this.size, { scene } = this;
    const whole = Math.min(w / (scene.w + 60), (h - TOOLS_H) / (scene.h + 40));
    this.scale = Math.min(1.15, Math.max(whole, Math.min(0.8, w / (scene.w + 60)), 0.45));
    this.x = (w - scene.w * this.scale) / 2;
    this.y = TOOLS_H + Math.max(12, (h - TOOLS_H - scene.h * this.scale) / 2 - 20);
    if (scene.w * this.scale + 40 > w) {
      const first = this.root.children.reduce((a, b) => (b.top < a.top ? b : a));
      this.x = w / 2 - (first.left + first.w / 2) * this.scale;
    }
    this.refresh();
  }

  fitAll() {
    const { w, h } = this.size, { scene } = this;
    this.scale = Math.min(1.15, w / (scene.w + 60), (h - TOOLS_H) / (scene.h + 40));
    this.x = (w - scene.w * this.scale) / 2;
    this.y = TOOLS_H + (h - TOOLS_H - scene.h * this.scale) / 2 - 4;
    this.refresh();
  }

  zoom(factor, cx = this.size.w / 2, cy = this.size.h / 2) {
    const scale = Math.min(3, Math.max(0.02, this.scale * factor));
    this.x = cx - (cx - this.x) * scale / this.scale;
    this.y = cy - (cy - this.y) * scale / this.scale;
    this.scale = scale;
    this.refresh();
  }

  refresh() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => { this.pending = false; this.draw(); });
  }

  // Puts what came into sight into the document and takes out what left.
  draw(everything = false) {
    this.plane.setAttribute("transform", "translate(" + this.x.toFixed(1) + "," + this.y.toFixed(1) + ") scale(" + this.scale.toFixed(4) + ")");
    const { w, h } = this.size, margin = 200;
    const sight = everything ? [-Infinity, -Infinity, Infinity, Infinity]
      : [(-margin - this.x) / this.scale, (-margin - this.y) / this.scale, (w + margin - this.x) / this.scale, (h + margin - this.y) / this.scale];
    const keep = new Set();
    const put = (key, layer, make) => {
      keep.add(key);
      if (this.drawn.has(key)) return;
      const element = make();
      this.drawn.set(key, element);
      this.layers[layer].append(element);
      if (key instanceof Box) this.style(key, element);
    };
    for (const box of this.scene.boxes) {
      if (overlap([box.left, box.top, box.left + box.w, box.top + box.h], sight)) {
        put(box, box.isBlock && box.expanded ? "back" : "front", () => drawBox(box, this.view));
      }
    }
    for (const edge of this.scene.edges) if (overlap(edge.bounds.map((v, i) => v + (i < 2 ? -2 : 2)), sight)) put(edge, "edges", () => drawEdge(edge));
    for (const badge of this.scene.badges) if (overlap(badge.bounds, sight)) put(badge, "badges", () => drawBadge(badge));
    for (const [key, element] of this.drawn) if (!keep.has(key)) {
      element.remove();
      this.drawn.delete(key);
    }
    this.svg.classList.toggle("far", this.scale < 0.4);
    this.map.moveFrame();
  }

  style(box, element = this.drawn.get(box)) {
    if (!element) return;
    element.classList.toggle("selected", box === this.selected);
    const open = box.isBlock && box.expanded;
    element.classList.toggle("dim", this.matches !== null && !open && box.matches === 0);
    element.classList.toggle("match", this.matches !== null && !open && box.matches > 0);
  }

  // matches: the nodes that a search found, or null: no search.
  setMatches(matches) {
    this.matches = matches;
    const count = box => {
      box.matches = box.node && matches && matches.has(box.node) ? 1 : 0;
      for (const child of box.children) box.matches += count(child);
      return box.matches;
    };
    count(this.root);
    for (const key of this.drawn.keys()) if (key instanceof Box) this.style(key);
    this.map.redraw();
  }

  toggle(box, open = !box.expanded) {
    if (!box.isBlock || box.expanded === open) return;
    const before = [box.left, box.top];
    box.expanded = open;
    this.relayout();
    this.x += (before[0] - box.left) * this.scale;
    this.y += (before[1] - box.top) * this.scale;
    if (!open || this.selected === box) this.select(box, false);
    this.refresh();
  }

  // The box itself, or the closed block around it that stands for it.
  visible(box) {
    let shown = box;
    for (let each = box.parent; each && each.parent; each = each.parent) if (!each.expanded) shown = each;
    return shown;
  }

  select(box, tell = true) {
    const before = this.selected;
    this.selected = box;
    if (before) this.style(before);
    if (box) this.style(box);
    this.svg.classList.toggle("selecting", box !== null);
    this.lightUp();
    if (tell) this.callbacks.select(box);
  }

  // Opens what hides the box and brings it to the middle.
  reveal(box, focus = false) {
    let opened = false;
    for (let each = box.parent; each && each.parent; each = each.parent) if (!each.expanded) each.expanded = opened = true;
    if (opened) this.relayout();
    const { w, h } = this.size;
    this.scale = Math.max(this.scale, 0.75);
    const tall = Math.min(box.h, h / this.scale - 80);
    this.x = w / 2 - (box.left + box.w / 2) * this.scale;
    this.y = h / 2 - (box.top + tall / 2) * this.scale;
    this.select(box);
    this.draw();
    if (focus && this.drawn.has(box)) this.drawn.get(box).focus({ preventScroll: true });
  }

  // The boxes that the selected one takes from and gives to, whatever blocks lie between.
  neighbours(box) {
    const found = { up: new Set(), down: new Set() };
    const inside = new Set();
    const visit = each => { if (each.node || each.value !== null) inside.add(each); each.children.forEach(visit); };
    visit(box);
    const add = (side, each) => { if (each && !inside.has(each)) found[side].add(this.visible(each)); };
    for (const each of inside) {
      const { view } = this;
      if (each.value !== null) {
        if (each.kind === "input") view.readersOf(each.value).forEach(node => add("down", view.boxOf.get(node)));
        else add("up", view.boxOf.get(view.producer.get(view.source(each.value))));
        continue;
      }
      for (const input of each.node.inputs) if (input !== null) {
        const value = view.source(input), maker = view.producer.get(value);
        add("up", maker ? view.boxOf.get(maker) : view.pills.inputs.get(value));
      }
      for (const value of each.node.outputs) if (value !== null) {
        view.readersOf(value).forEach(node => add("down", view.boxOf.get(node)));
        add("down", view.pills.outputs.get(value));
      }
    }
    return found;
  }

  lightUp() {
    this.layers.lit.replaceChildren();
    const box = this.selected;
    if (!box || !box.parent) return;
    const near = this.neighbours(box);
    const within = (a, b) => { for (let each = a; each; each = each.parent) if (each === b) return true; return false; };
    const line = (from, to) => {
      if (within(from, to) || within(to, from)) return;
      const points = [[from.left + from.w / 2, from.top + from.h], [to.left + to.w / 2, to.top]];
      svg("path", { class: "lit", d: curve(points), "marker-end": "url(#tip-lit)" }, this.layers.lit);
    };
    const direct = new Set();
    for (const edge of this.scene.edges) if (edge.from === box || edge.to === box) {
      svg("path", { class: "lit", d: curve(edge.placed), "marker-end": "url(#tip-lit)" }, this.layers.lit);
      direct.add(edge.from === box ? edge.to : edge.from);
    }
    let drawn = 0;
    for (const each of near.up) if (!direct.has(each) && ++drawn < 200) line(each, box);
    for (const each of near.down) if (!direct.has(each) && ++drawn < 200) line(box, each);
  }

  listen() {
    const { svg: element } = this;
    const boxAt = event => { const found = event.target.closest && event.target.closest(".box"); return found ? found.box : null; };
    const local = event => { const area = element.getBoundingClientRect(); return [event.clientX - area.left, event.clientY - area.top]; };
    element.addEventListener("wheel", event => {
      event.preventDefault();
      const unit = event.deltaMode === 1 ? 18 : 1;
      if (event.ctrlKey || event.metaKey) this.zoom(Math.exp(-event.deltaY * unit * 0.004), ...local(event));
      else { this.x -= (event.shiftKey ? event.deltaY : event.deltaX) * unit; this.y -= (event.shiftKey ? 0 : event.deltaY) * unit; this.refresh(); }
    }, { passive: false });
    const touches = new Map();
    let moved = false;
    element.addEventListener("pointerdown", event => { touches.set(event.pointerId, [event.clientX, event.clientY]); moved = false; });
    window.addEventListener("pointermove", event => {
      const last = touches.get(event.pointerId);
      if (!last) return;
      const dx = event.clientX - last[0], dy = event.clientY - last[1];
      if (!moved && Math.hypot(dx, dy) < 4) return;
      moved = true;
      this.callbacks.hover(null);
      if (touches.size === 2) {
        const other = [...touches].find(([id]) => id !== event.pointerId)[1];
        const before = Math.hypot(last[0] - other[0], last[1] - other[1]), after = Math.hypot(event.clientX - other[0], event.clientY - other[1]);
        if (before > 0) this.zoom(after / before, ...local(event));
      } else { this.x += dx; this.y += dy; this.refresh(); }
      touches.set(event.pointerId, [event.clientX, event.clientY]);
      element.classList.add("moving");
    });
    const lift = event => { touches.delete(event.pointerId); element.classList.remove("moving"); };
    window.addEventListener("pointerup", lift);
    window.addEventListener("pointercancel", lift);
    element.addEventListener("click", event => {
      if (moved) return;
      const box = boxAt(event);
      if (box && event.target.closest(".toggle")) this.toggle(box);
      else this.select(box);
    });
    element.addEventListener("dblclick", event => { const box = boxAt(event); if (box) this.toggle(box); });
    element.addEventListener("pointerover", event => {
      if (touches.size > 0) return;
      const edge = event.target.closest && event.target.closest(".edge, .badge");
      this.callbacks.hover(boxAt(event) || (edge ? edge.edge : null), event.clientX, event.clientY);
    });
    element.addEventListener("pointerleave", () => this.callbacks.hover(null));
    element.addEventListener("focusin", event => {
      const box = boxAt(event);
      if (!box || !event.target.matches(":focus-visible")) return;
      const area = event.target.getBoundingClientRect();
      this.callbacks.hover(box, area.right, area.top);
    });
    element.addEventListener("focusout", () => this.callbacks.hover(null));
    element.addEventListener("keydown", event => this.key(event));
    new ResizeObserver(() => this.refresh()).observe(this.host);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const box = this.selected || this.root.children[0];
    const sideways = step => {
      const row = this.scene.boxes.filter(each => each.parent === box.parent && Math.abs(each.top + each.h / 2 - box.top - box.h / 2) < 40)
        .sort((a, b) => a.left - b.left);
      return row[row.indexOf(box) + step];
    };
    const nearest = set => [...set].sort((a, b) => Math.hypot(a.left - box.left, a.top - box.top) - Math.hypot(b.left - box.left, b.top - box.top))[0];
    let next = null;
    switch (event.key) {
      case "ArrowDown": next = nearest(this.neighbours(box).down); break;
      case "ArrowUp": next = nearest(this.neighbours(box).up); break;
      case "ArrowLeft": next = sideways(-1); break;
      case "ArrowRight": next = sideways(1); break;
      case "Home": next = this.root.children[0]; break;
      case "Enter": case " ":
        if (box.isBlock) this.toggle(box);
        next = box;
        break;
      case "Backspace": next = box.parent && box.parent.parent ? box.parent : null; if (next) this.toggle(next, false); break;
      case "+": case "=": this.zoom(1.25); break;
      case "-": this.zoom(0.8); break;
      case "0": this.fitAll(); break;
      case "Escape": this.select(null); break;
      default: return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (next) this.reveal(next, true);
  }
}

// The whole picture in a corner, when it is larger than the pane.
class Minimap {
  constructor(host, pane) {
    this.pane = pane;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "minimap";
    this.canvas.setAttribute("aria-hidden", "true");
    host.append(this.canvas);
    const move = event => {
      if (event.buttons === 0) return;
      const area = this.canvas.getBoundingClientRect(), { w, h } = pane.size;
      pane.x = w / 2 - (event.clientX - area.left - this.dx) / this.scale * pane.scale;
      pane.y = h / 2 - (event.clientY - area.top - this.dy) / this.scale * pane.scale;
      pane.refresh();
    };
    this.canvas.addEventListener("pointerdown", move);
    this.canvas.addEventListener("pointermove", move);
    this.picture = document.createElement("canvas");
  }

  redraw() {
    const { scene } = this.pane, w = 132, h = 168, ratio = 2;
    this.scale = Math.min((w - 8) / scene.w, (h - 8) / scene.h);
    this.dx = (w - scene.w * this.scale) / 2;
    this.dy = (h - scene.h * this.scale) / 2;
    for (const canvas of [this.canvas, this.picture]) { canvas.width = w * ratio; canvas.height = h * ratio; }
    const style = getComputedStyle(document.documentElement), colours = new Map();
    const resolve = name => {
      if (!colours.has(name)) colours.set(name, style.getPropertyValue(name.slice(4, -1)).trim());
      return colours.get(name);
    };
    const context = this.picture.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, this.dx * ratio, this.dy * ratio);
    for (const box of this.pane.scene.boxes) {
      const open = box.isBlock && box.expanded;
      let main = null;
      if (!open && box.classes) for (const [name, count] of box.classes) if (!main || count > main[1]) main = [name, count];
      context.globalAlpha = open ? 0.5 : this.pane.matches !== null && box.matches === 0 ? 0.15 : 1;
      context.fillStyle = open ? resolve("var(--line)") : main ? resolve(colourOf(main[0])) : resolve("var(--muted)");
      context.fillRect(box.left * this.scale, box.top * this.scale, Math.max(0.8, box.w * this.scale), Math.max(0.8, box.h * this.scale));
    }
    this.moveFrame();
  }

  moveFrame() {
    const { pane } = this, { w, h } = pane.size;
    const whole = pane.x >= -1 && pane.y >= -1 && pane.x + pane.scene.w * pane.scale <= w + 1 && pane.y + pane.scene.h * pane.scale <= h + 1;
    this.canvas.hidden = whole;
    if (whole) return;
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.picture, 0, 0);
    context.setTransform(2, 0, 0, 2, this.dx * 2, this.dy * 2);
    context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
    context.lineWidth = 1.5;
    const k = this.scale / pane.scale;
    context.strokeRect(-pane.x * k, -pane.y * k, w * k, h * k);
  }
}
