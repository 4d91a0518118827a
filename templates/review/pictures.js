// The two pictures: contexts with arrows between them, and code as boxes. What they show stands in the tables below them, too.

let show = 24, zoom = -1, only = false;
const HALF = 92, ROW = 46; // half the width of a context's box, and its least height

// Contexts on a ring, far enough from each other that no box touches the next; arrows leave and enter at places of their own.
function mapPicture(nodes, pairs, w) {
  const ring = Draw.ring(nodes, w), r = result(), most = Math.max(1, ...pairs.map((p) => p.weight)), largest = Math.max(1, ...nodes.map((c) => r.sizes[c]));
  const { width, height, spots } = Draw.around(ring.length, HALF, ROW + 18, room());
  const place = new Map(ring.map((c, n) => [c, { ...spots[n], w: HALF, h: (ROW + 18 * Math.sqrt(r.sizes[c] / largest)) / 2 }]));
  const focus = selected?.context !== undefined && place.has(selected.context) ? selected.context : -1;
  const list = (focus >= 0 ? pairs.filter((p) => p.a === focus || p.b === focus) : pairs.slice(0, show)).filter((p) => place.has(p.a) && place.has(p.b));
  const lines = Draw.arrows(list.map((p) => ({ ...p, thick: 1 + 6 * Math.sqrt(p.weight / most) })), place, width, height);
  const labels = [], told_ = (p) => `${name(p.a)} to ${name(p.b)}: ${[p.weight && plural(p.weight, "place"), p.keys && plural(p.keys, "foreign key"), p.commits && plural(p.commits, "transaction")].filter(Boolean).join(", ")}`;
  const arrows = lines.map((line) => {
    const lit = focus >= 0 ? (line.a === focus ? " lit" : " lit in") : "";
    if (focus >= 0 || line.weight > most / 4) labels.push(label(line));
    return svg("g", { class: "arrow" + lit + (line.weight ? "" : " dashed"), on: { click: () => look("edges", `${name(line.a)} ${name(line.b)}`) } }, svg("path", { class: "edge", d: line.path, "stroke-width": line.thick.toFixed(1) }), svg("polygon", { class: "tip", points: line.tip }), svg("path", { class: "touch", d: line.path }), titled(told_(line)));
  });
  const tied = new Set(list.flatMap((p) => [p.a, p.b]));
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Context map; the tables beside and below hold the same figures" }, ...arrows.reverse(), ...ring.map(box), ...labels);

  function box(c) {
    const p = place.get(c), act = () => select({ context: c });
    const node = svg("g", { class: "node" + (c === focus ? " lit" : focus >= 0 && !tied.has(c) ? " dim" : ""), tabindex: 0, role: "button", "data-context": name(c), on: { click: act, dblclick: () => { zoom = c; camera = null; open("code"); }, keydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(); } } } });
    node.append(svg("rect", { x: p.x - HALF, y: p.y - p.h, width: 2 * HALF, height: 2 * p.h, rx: 7, fill: "var(--raised)" }), svg("rect", { class: "band", x: p.x - HALF, y: p.y - p.h, width: 9, height: 2 * p.h, rx: 3, fill: Draw.colour(state(), c) }),
      text(p.x - HALF + 18, p.y - 3, name(c).length > 21 ? name(c).slice(0, 20) + "…" : name(c), { "font-weight": 600 }), text(p.x - HALF + 18, p.y + 13, `${plural(r.sizes[c], "module")}, ${plural(owned(c).length, "table")}`, { class: "small" }), titled(name(c)));
    return node;
  }
  function text(x, y, words, more_) { const node = svg("text", { x, y, ...more_ }); node.textContent = words; return node; }
  function titled(words) { const node = svg("title"); node.textContent = words; return node; }
  function label(line) { return text(line.middle.x, line.middle.y + 4, line.weight ? locale(line.weight) : [line.keys && `${line.keys} FK`, line.commits && `${line.commits} TX`].filter(Boolean).join(", "), { class: "label", "text-anchor": "middle" }); }
}

// The height that there is for a picture, by its width.
function room() {
  const width = printing ? 1040 : ($("main").clientWidth - 32) * (innerWidth > 1500 ? 0.6 : 1), height = printing ? 560 : innerHeight - 270;
  return Math.max(0.4, Math.min(1.4, height / Math.max(300, width)));
}

// --- boxes on the canvas -----------------------------------------------------------------------------

let camera = null, layout = null, drag = null, target = -2;
const HINT = "Drag a box, or a package by its name, onto another context to move it. Shift+click marks more. The middle button pans, Ctrl+wheel zooms. The table below shows the same.";
const darkness = matchMedia("(prefers-color-scheme: dark)");
const dark = () => (settings.theme ? settings.theme === "dark" : darkness.matches);
function paint() {
  const canvas = $("boxes"); if (!canvas) return;
  const width = canvas.parentElement.clientWidth, height = Math.max(320, Math.min(760, Math.round(innerHeight - 270))), ratio = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) { canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio); canvas.style.height = height + "px"; layout = null; }
  if (!layout || layout.at !== now() || layout.zoom !== zoom) layout = Object.assign(Draw.boxes(m, state(), width, height, zoom), { at: now(), zoom });
  camera ??= { x: 0, y: 0, k: 1 };
  const chosen = new Set(marked); if (selected?.module !== undefined) chosen.add(selected.module);
  Draw.paint(canvas, m, state(), layout, camera, { width, height, dark: dark(), chosen, lit: neighbours(), pinned: state().pinned, target });
}
let queued = false;
function repaint() { if (!queued) { queued = true; requestAnimationFrame(() => { queued = false; paint(); }); } }
function neighbours() {
  if (selected?.module === undefined) return null;
  const found = new Set(), e = m.edges, n = selected.module;
  for (let i = 0; i < e.src.length; i++) { if (e.src[i] === n) found.add(e.dst[i]); else if (e.dst[i] === n) found.add(e.src[i]); }
  return found;
}
// What a drag from a spot takes along: a module, or all marked ones; of a package by its name what stands in that box.
function dragged({ module, package: box }) {
  if (module) return marked.has(module.module) ? [...marked].map((n) => m.ids[n]) : [m.ids[module.module]];
  return box?.name ? m.ids.filter((id, n) => state().place[n] === box.context && Draw.folder(id) === box.name) : [];
}
function listen(canvas) {
  const point = (event) => [event.offsetX, event.offsetY], over = (words) => { const node = $("over").firstChild; if (node.data !== words) node.data = words; };
  canvas.addEventListener("pointerdown", (event) => { const [x, y] = point(event), found = Draw.hit(layout, camera, x, y); drag = { x, y, cx: camera.x, cy: camera.y, found, moved: false, list: dragged(found), pan: event.button === 1 || !dragged(found).length }; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = point(event);
    if (drag && Math.hypot(x - drag.x, y - drag.y) > 4) drag.moved = true;
    if (drag && !drag.moved) return;
    if (drag?.pan) { camera.x = drag.cx + x - drag.x; camera.y = drag.cy + y - drag.y; repaint(); return; }
    const found = Draw.hit(layout, camera, x, y), box = found.module;
    if (!drag) { over(box ? `${m.ids[box.module]}, ${locale(m.lines[box.module])} lines, ${name(box.context)}` : found.context ? name(found.context.context) : HINT); return; }
    target = found.context && found.context.context !== drag.found.context.context ? found.context.context : -2;
    over(target > -1 ? `Move ${listed(drag.list)} to ${name(target)}` : listed(drag.list));
    canvas.style.cursor = "grabbing";
    repaint();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const was = drag, to = target; drag = null; target = -2; canvas.style.cursor = "";
    if (was.moved && !was.pan && to >= 0) {
      tried(state().shared[to] ? { op: "library", subjects: was.list } : { op: "move", subjects: was.list, to: name(to) });
    } else if (!was.moved) {
      if (was.found.module && event.shiftKey) { const n = was.found.module.module; if (marked.has(n)) marked.delete(n); else marked.add(n); side(); }
      else if (was.found.module) select({ module: was.found.module.module });
      else if (was.found.package?.name) select({ package: was.found.package.name });
      else if (was.found.context?.context >= 0) select({ context: was.found.context.context });
    }
    repaint();
  });
  canvas.addEventListener("pointercancel", () => { drag = null; target = -2; repaint(); });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && camera.k === 1) return; // the page scrolls; once zoomed, the wheel is the picture's
    event.preventDefault();
    const [x, y] = point(event), k = Math.max(1, Math.min(24, camera.k * Math.exp(-event.deltaY / 300)));
    camera.x = k === 1 ? 0 : x - ((x - camera.x) * k) / camera.k; camera.y = k === 1 ? 0 : y - ((y - camera.y) * k) / camera.k; camera.k = k;
    repaint();
  }, { passive: false });
}
