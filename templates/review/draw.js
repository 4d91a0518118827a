"use strict";
// Pictures: packed boxes on a canvas, and contexts with the weights between them. What they show stands in a table beside them, too.
const Draw = (() => {
  // Paul Tol's "muted" and "light" schemes: told apart with any kind of colour vision. Names always stand beside the colour.
  const COLOURS = ["#88ccee", "#ddcc77", "#44aa99", "#cc6677", "#aa99cc", "#99ddff", "#bbcc33", "#ee8866", "#ffaabb", "#aaaa00", "#77aadd", "#44bb99", "#eedd88", "#b0a090"];
  const colour = (state, c) => (c < 0 ? "#bbbbbb" : state.shared[c] ? "#c9c9c4" : COLOURS[c % COLOURS.length]);

  // Boxes of the given sizes inside a rectangle, as square as can be (Bruls, Huizing, van Wijk: squarified treemaps).
  function pack(items, x, y, w, h, place) {
    const list = items.filter((i) => i.size > 0).sort((a, b) => b.size - a.size);
    let rest = list.reduce((sum, i) => sum + i.size, 0);
    for (let start = 0; start < list.length; ) {
      const side = Math.min(w, h), scale = (w * h) / rest;
      let end = start, sum = 0, worst = Infinity;
      while (end < list.length) {
        const next = sum + list[end].size, thick = (next * scale) / side;
        const now = Math.max(thick / ((list[end].size * scale) / thick), (list[start].size * scale) / thick / thick);
        if (now > worst) break;
        worst = now; sum = next; end++;
      }
      const thick = (sum * scale) / side;
      let along = 0;
      for (let n = start; n < end; n++) {
        const long = (list[n].size * scale) / thick;
        if (w < h) place(list[n], x + along, y, long, thick); else place(list[n], x, y + along, thick, long);
        along += long;
      }
      if (w < h) { y += thick; h -= thick; } else { x += thick; w -= thick; }
      rest -= sum; start = end;
    }
  }

  // The package that a module is shown in: its folder.
  const folder = (id) => id.slice(0, Math.max(0, id.lastIndexOf(".")));

  // Boxes of contexts, packages and modules for a canvas of a size; only: one context, or -1 for all.
  function boxes(m, state, width, height, only) {
    const groups = new Map();
    for (let n = 0; n < m.count; n++) {
      const c = state.place[n];
      if (only >= 0 && c !== only) continue;
      if (!groups.has(c)) groups.set(c, { context: c, size: 0, packages: new Map() });
      const group = groups.get(c), name = folder(m.ids[n]), size = Math.sqrt(Math.max(m.lines[n], 4));
      if (!group.packages.has(name)) group.packages.set(name, { name, size: 0, modules: [] });
      const pack_ = group.packages.get(name);
      pack_.modules.push({ module: n, size }); pack_.size += size; group.size += size;
    }
    const found = { contexts: [], packages: [], modules: [] };
    pack([...groups.values()], 0, 0, width, height, (group, x, y, w, h) => {
      found.contexts.push({ context: group.context, x, y, w, h });
      const top = w > 40 && h > 30 ? 19 : 2;
      pack([...group.packages.values()], x + 3, y + top, Math.max(1, w - 6), Math.max(1, h - top - 3), (p, px, py, pw, ph) => {
        const head = pw > 60 && ph > 34 && p.modules.length > 1 ? 14 : 1;
        found.packages.push({ name: p.name, context: group.context, x: px, y: py, w: pw, h: ph, headed: head > 1 });
        pack(p.modules, px + 1, py + head, Math.max(1, pw - 2), Math.max(1, ph - head - 1), (i, bx, by, bw, bh) =>
          found.modules.push({ module: i.module, context: group.context, x: bx, y: by, w: bw, h: bh }));
      });
    });
    return found;
  }

  // Cuts a text so that it fits; with end its last letters stay, which tell more of a package.
  function fitted(g, text, width, end = false) {
    if (g.measureText(text).width <= width) return text;
    const cut = (n) => (end ? "…" + text.slice(text.length - n) : text.slice(0, n) + "…");
    let least = 0, most = text.length;
    while (least < most) { const mid = (least + most + 1) >> 1; if (g.measureText(cut(mid)).width <= width) least = mid; else most = mid - 1; }
    return least > 2 ? cut(least) : "";
  }

  // What the colours of the picture are: in the dark the contexts' own are dimmed and the letters are light.
  const LOOKS = {
    false: { back: "#ffffff", ink: "#161615", strength: 1, module: "rgba(255,255,255,.42)", chosen: "#161615", onChosen: "#ffffff", lit: "#fff3c4", onLit: "#161615" },
    true: { back: "#1f1f1d", ink: "#f2f2ee", strength: 0.45, module: "rgba(0,0,0,.36)", chosen: "#f6f6f2", onChosen: "#161615", lit: "#f0d878", onLit: "#161615" },
  };

  function paint(canvas, m, state, layout, view, look) {
    const g = canvas.getContext("2d"), ratio = window.devicePixelRatio || 1, { back, ink, strength, module, chosen, onChosen, lit, onLit } = LOOKS[look.dark];
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.fillStyle = back;
    g.fillRect(0, 0, look.width, look.height);
    const at = (b) => [b.x * view.k + view.x, b.y * view.k + view.y, b.w * view.k, b.h * view.k];
    const seen = ([x, y, w, h]) => x < look.width && y < look.height && x + w > 0 && y + h > 0;
    // Names are cut to fit once for each zoom, not for each time that the picture is dragged along.
    if (layout.k !== view.k) { layout.k = view.k; layout.fitting = new Map(); }
    const fits = (box, text, width, end) => { let found = layout.fitting.get(box); if (found === undefined) layout.fitting.set(box, (found = fitted(g, text, width, end))); return found; };
    const shown = (list, w, h) => list.map((b) => [b, at(b)]).filter(([, r]) => r[2] >= w && r[3] >= h && seen(r));
    g.globalAlpha = strength;
    for (const [b, r] of shown(layout.contexts, 0, 0)) { g.fillStyle = colour(state, b.context); g.fillRect(r[0] + 1, r[1] + 1, r[2] - 2, r[3] - 2); }
    g.globalAlpha = 1;
    const modules = shown(layout.modules, 1.5, 1.5), isChosen = (b) => look.chosen.has(b.module), isLit = (b) => look.lit !== null && look.lit.has(b.module);
    g.fillStyle = module;
    for (const [b, r] of modules) if (!isChosen(b) && !isLit(b)) g.fillRect(r[0] + 0.5, r[1] + 0.5, r[2] - 1, r[3] - 1);
    for (const [fill, which] of [[lit, (b) => isLit(b) && !isChosen(b)], [chosen, isChosen]]) { g.fillStyle = fill; for (const [b, r] of modules) if (which(b)) g.fillRect(r[0] + 0.5, r[1] + 0.5, r[2] - 1, r[3] - 1); }
    const on = (b) => (isChosen(b) ? onChosen : isLit(b) ? onLit : ink);
    g.textBaseline = "top";
    g.font = "11px system-ui, sans-serif";
    for (const [b, r] of modules) {
      if (r[2] <= 8 || r[3] <= 8) continue;
      g.fillStyle = on(b);
      if (look.pinned.has(b.module)) g.fillRect(r[0] + r[2] - 6, r[1] + 2, 4, 4);
      if (r[2] < 34 || r[3] < 14) continue;
      const id = m.ids[b.module];
      g.fillText(fits(b, id.slice(id.lastIndexOf(".") + 1), r[2] - 6), r[0] + 3, r[1] + 2);
    }
    g.font = "600 11px system-ui, sans-serif"; g.fillStyle = ink;
    for (const [b, r] of shown(layout.packages, 0, 0)) if (b.headed) g.fillText(fits(b, b.name, r[2] - 6, true), r[0] + 2, r[1] + 1);
    g.font = "600 13px system-ui, sans-serif";
    for (const [b, r] of shown(layout.contexts, 34, 18)) g.fillText(fits(b, b.context < 0 ? "unassigned" : state.names[b.context], r[2] - 10), Math.max(r[0], 0) + 6, Math.max(r[1], 0) + 4);
    if (look.target >= -1) for (const [b, r] of shown(layout.contexts, 0, 0)) if (b.context === look.target) { g.lineWidth = 3; g.strokeStyle = ink; g.strokeRect(r[0] + 2, r[1] + 2, r[2] - 4, r[3] - 4); }
  }

  function hit(layout, view, x, y) {
    const px = (x - view.x) / view.k, py = (y - view.y) / view.k;
    const inside = (b) => px >= b.x && px < b.x + b.w && py >= b.y && py < b.y + b.h;
    return { module: layout.modules.find(inside), package: layout.packages.find(inside), context: layout.contexts.find(inside) };
  }

  // The order around a circle in which strongly tied contexts are neighbours: grown from the strongest tie.
  function ring(nodes, weight) {
    if (nodes.length < 3) return nodes;
    const left = new Set(nodes), tie = (a, b) => weight(a, b) + weight(b, a);
    let best = [nodes[0], nodes[1]];
    for (const a of nodes) for (const b of nodes) if (a < b && tie(a, b) > tie(...best)) best = [a, b];
    const found = [...best]; best.forEach((n) => left.delete(n));
    while (left.size) {
      let pick = null, most = -1, front = false;
      for (const n of left) for (const [end, first] of [[found[0], true], [found[found.length - 1], false]])
        if (tie(n, end) > most) { most = tie(n, end); pick = n; front = first; }
      if (front) found.unshift(pick); else found.push(pick);
      left.delete(pick);
    }
    return found;
  }

  // Places for boxes of the given half width and height around an ellipse that is just large enough for none to touch another.
  // aspect: the height of the room for it by its width.
  function around(count, half, row, aspect) {
    const steps = 720, apart = (p, q) => Math.max(Math.abs(p.x - q.x) / (2 * half + 16), Math.abs(p.y - q.y) / (row + 16));
    if (count < 2) return { width: 700, height: 220, spots: [{ x: 350, y: 110 }] };
    for (let width = 700; ; width += 20) {
      const across = width / 2 - half - 8, up = (width * aspect - row - 16) / 2;
      if (up < row) continue;
      const round = Array.from({ length: steps + 1 }, (_, n) => { const angle = Math.PI + (2 * Math.PI * n) / steps; return { x: width / 2 + across * Math.cos(angle), y: up + row / 2 + 8 + up * Math.sin(angle) }; });
      const along = [0];
      for (let n = 1; n <= steps; n++) along.push(along[n - 1] + apart(round[n - 1], round[n]));
      const spots = Array.from({ length: count }, (_, n) => round[along.findIndex((sum) => sum >= (n / count) * along[steps])]);
      if (spots.every((p, n) => spots.every((q, i) => i <= n || apart(p, q) >= 1))) return { width, height: width * aspect, spots };
    }
  }

  // Arrows between boxes (centre, half width, half height) on an ellipse: each leaves and enters a box at right angles, at a place of its own along the side that faces the
  // neighbour on the ring, or the middle of the picture for all that are farther. Gives each with its path, the corners of its tip, and the middle for a label that lies on no other.
  function arrows(list, boxes, width, height) {
    const sides = new Map(), ends = new Map(), ring = [...boxes.keys()], index = new Map(ring.map((id, n) => [id, n]));
    const beside = (a, b) => [1, ring.length - 1].includes(Math.abs(index.get(a) - index.get(b)));
    for (const line of list) for (const [own, far] of [[line.a, line.b], [line.b, line.a]]) {
      const p = boxes.get(own), q = boxes.get(far), near = beside(own, far), [dx, dy] = near ? [q.x - p.x, q.y - p.y] : [width / 2 - p.x, height / 2 - p.y];
      const flat = near ? Math.abs(dx) > 2 * p.w : Math.abs(dx) / width > (0.8 * Math.abs(dy)) / height;
      const normal = flat ? [Math.sign(dx), 0] : [0, Math.sign(dy) || 1], id = [own, ...normal].join(" ");
      if (!sides.has(id)) sides.set(id, []);
      sides.get(id).push({ line, own, normal, box: p, order: flat ? q.y : q.x });
    }
    for (const side of sides.values()) {
      side.sort((u, v) => u.order - v.order || Math.min(u.line.a, u.line.b) - Math.min(v.line.a, v.line.b) || u.line.a - v.line.a);
      side.forEach(({ line, own, normal: [nx, ny], box }, n) => {
        const share = (2 * (n + 1)) / (side.length + 1) - 1, room = nx ? box.h - 6 : box.w - 14;
        ends.set(own + " " + line.a + " " + line.b, { x: box.x + nx * box.w + (ny ? share * room : 0), y: box.y + ny * box.h + (nx ? share * room : 0), nx, ny });
      });
    }
    const taken = [];
    return list.map((line) => {
      const s = ends.get(line.a + " " + line.a + " " + line.b), e = ends.get(line.b + " " + line.a + " " + line.b), long = 6 + line.thick, wide = 3 + 0.7 * line.thick;
      const back = { x: e.x + e.nx * long, y: e.y + e.ny * long }, pull = 0.4 * Math.hypot(back.x - s.x, back.y - s.y);
      const c = { x: s.x + s.nx * pull, y: s.y + s.ny * pull }, d = { x: back.x + e.nx * pull, y: back.y + e.ny * pull };
      const bezier = (t, i) => (1 - t) ** 3 * s[i] + 3 * (1 - t) ** 2 * t * c[i] + 3 * (1 - t) * t * t * d[i] + t ** 3 * back[i], spot = (t) => ({ x: bezier(t, "x"), y: bezier(t, "y") });
      const free = (p) => taken.every((q) => Math.abs(p.x - q.x) > 26 || Math.abs(p.y - q.y) > 14), middle = [0.45, 0.35, 0.55, 0.25, 0.65, 0.75, 0.15].map(spot).find(free) ?? spot(0.45);
      taken.push(middle);
      return { ...line, middle, path: `M${s.x} ${s.y}C${c.x} ${c.y} ${d.x} ${d.y} ${back.x} ${back.y}`, tip: `${e.x},${e.y} ${back.x + e.ny * wide},${back.y + e.nx * wide} ${back.x - e.ny * wide},${back.y - e.nx * wide}` };
    });
  }

  return { colour, boxes, paint, hit, ring, around, arrows, folder };
})();
