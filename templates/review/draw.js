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

  // Cuts a text so that it fits.
  function fitted(g, text, width) {
    if (g.measureText(text).width <= width) return text;
    let least = 0, most = text.length;
    while (least < most) { const mid = (least + most + 1) >> 1; if (g.measureText(text.slice(0, mid) + "…").width <= width) least = mid; else most = mid - 1; }
    return least > 2 ? text.slice(0, least) + "…" : "";
  }

  function paint(canvas, m, state, layout, view, look) {
    const g = canvas.getContext("2d"), ratio = window.devicePixelRatio || 1;
    const dark = look.dark, ink = "#161615";
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.fillStyle = dark ? "#1f1f1d" : "#ffffff";
    g.fillRect(0, 0, look.width, look.height);
    const at = (b) => [b.x * view.k + view.x, b.y * view.k + view.y, b.w * view.k, b.h * view.k];
    const seen = ([x, y, w, h]) => x < look.width && y < look.height && x + w > 0 && y + h > 0;
    for (const b of layout.contexts) {
      const r = at(b); if (!seen(r)) continue;
      g.fillStyle = colour(state, b.context); g.fillRect(r[0] + 1, r[1] + 1, r[2] - 2, r[3] - 2);
    }
    for (const b of layout.modules) {
      const r = at(b); if (r[2] < 1.5 || r[3] < 1.5 || !seen(r)) continue;
      const chosen = look.chosen.has(b.module), lit = look.lit && look.lit.has(b.module);
      g.fillStyle = chosen ? "#161615" : lit ? "#fff3c4" : "rgba(255,255,255,.42)";
      g.fillRect(r[0] + 0.5, r[1] + 0.5, r[2] - 1, r[3] - 1);
      if (look.pinned.has(b.module) && r[2] > 8 && r[3] > 8) { g.fillStyle = chosen ? "#ffffff" : ink; g.fillRect(r[0] + r[2] - 6, r[1] + 2, 4, 4); }
    }
    g.textBaseline = "top";
    g.font = "11px system-ui, sans-serif";
    for (const b of layout.modules) {
      const r = at(b); if (r[2] < 34 || r[3] < 14 || !seen(r)) continue;
      g.fillStyle = look.chosen.has(b.module) ? "#ffffff" : ink;
      const name = m.ids[b.module];
      g.fillText(fitted(g, name.slice(name.lastIndexOf(".") + 1), r[2] - 6), r[0] + 3, r[1] + 2);
    }
    g.font = "600 11px system-ui, sans-serif"; g.fillStyle = ink;
    for (const b of layout.packages) {
      const r = at(b); if (!b.headed || !seen(r)) continue;
      g.fillText(fitted(g, b.name, r[2] - 6), r[0] + 2, r[1] + 1);
    }
    g.font = "600 13px system-ui, sans-serif";
    for (const b of layout.contexts) {
      const r = at(b); if (r[2] < 34 || r[3] < 18 || !seen(r)) continue;
      const text = fitted(g, b.context < 0 ? "unassigned" : state.names[b.context], r[2] - 10);
      g.fillStyle = ink; g.fillText(text, Math.max(r[0], 0) + 6, Math.max(r[1], 0) + 4);
    }
    if (look.target >= -1) for (const b of layout.contexts) if (b.context === look.target) { const r = at(b); g.lineWidth = 3; g.strokeStyle = ink; g.strokeRect(r[0] + 2, r[1] + 2, r[2] - 4, r[3] - 4); }
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

  return { colour, boxes, paint, hit, ring, folder };
})();
