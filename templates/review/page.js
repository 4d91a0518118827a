"use strict";
// The page itself: views, what is selected, the dialogs of edits, undo and redo.
(() => {
  const m = Model.read(JSON.parse(document.getElementById("model").textContent)), raw = m.raw;
  const token = document.documentElement.dataset.token;
  const $ = (id) => document.getElementById(id);
  const history = [{ state: m.start, edit: null, result: Model.score(m, m.start) }];
  let at = 0, tab = "map", selected = null, marked = new Set(), zoom = -1, show = 24, saved = 0;
  const sorting = {}, filters = {}, pages = {};
  const now = () => history[at];
  const state = () => now().state;
  const result = () => now().result;
  const name = (c) => (c < 0 ? "unassigned" : state().names[c]);
  const percent = (value) => (100 * value).toFixed(1) + " %";
  const locale = (value) => value.toLocaleString("en");

  // --- small builders: text is only ever set as text ------------------------------------------------

  function el(tag, options, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(options ?? {})) {
      if (value === undefined || value === false || value === null) continue;
      if (key === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
      else if (key === "class") node.className = value;
      else if (key === "value") node.value = value;
      else node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.flat(3).filter((c) => c !== null && c !== undefined && c !== false && c !== ""));
    return node;
  }
  const SVG = "http://www.w3.org/2000/svg";
  function svg(tag, options, ...children) {
    const node = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(options ?? {})) if (key === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act); else node.setAttribute(key, value);
    node.append(...children);
    return node;
  }
  // Long names may break after a dot, a slash or an underscore, and nowhere else.
  const breaking = (text) => String(text).split(/(?<=[./_])/).flatMap((part, n) => (n ? [document.createElement("wbr"), part] : [part]));
  const bare = (text, act, more) => el("button", { class: "bare", type: "button", on: { click: act }, ...more }, breaking(text));
  function swatch(c) { const node = el("span", { class: "swatch", "aria-hidden": "true" }); node.style.background = Draw.colour(state(), c); return node; }
  const contextLink = (c) => (c < 0 ? el("span", { class: "soft" }, "unassigned") : el("span", { class: "keep" }, swatch(c), bare(name(c), () => select({ context: c }))));
  const moduleLink = (n) => bare(m.ids[n], () => select({ module: n }), { class: "bare code" });
  const tableLink = (t) => bare(m.tables.id[t], () => select({ table: t }), { class: "bare code" });
  const unitLink = (unit) => (unit < 0 ? "" : unit < m.count ? moduleLink(unit) : bare(m.parts[unit - m.count], () => select({ part: unit - m.count }), { class: "bare code" }));

  // --- links to the source ----------------------------------------------------------------------------

  const KEPT = "decompose-review";
  const settings = (() => { try { return JSON.parse(localStorage.getItem(KEPT)) ?? {}; } catch { return {}; } })();
  function keep() { try { localStorage.setItem(KEPT, JSON.stringify(settings)); } catch { said("This browser keeps no settings for this page."); } }
  // Opened from the file system the page knows where the project is: two folders up from itself.
  const root = location.protocol === "file:" ? decodeURIComponent(location.pathname).replace(/\/[^/]*\/[^/]*$/, "") : "";
  function source(path, line) {
    const file = typeof path === "number" ? m.path(path) : path;
    const form = settings.link || (root || settings.root ? "vscode://file/{root}/{path}:{line}" : "");
    const text = file + ":" + line;
    if (!form) return el("span", { class: "code" }, breaking(text));
    const fill = { root: (settings.root || root).replace(/^\//, ""), path: file, line };
    const url = form.replace(/\{(root|path|line)\}/g, (_, key) => (key === "line" ? line : fill[key].split("/").map(encodeURIComponent).join("/")));
    if (!/^(https?|vscode|vscode-insiders|vscodium|idea|pycharm|file|cursor|zed):/.test(url)) return el("span", { class: "code" }, text);
    return el("a", { class: "code", href: url, rel: "noreferrer noopener", title: "Open the source" }, breaking(text));
  }

  // --- edits ------------------------------------------------------------------------------------------

  let timer = 0;
  function said(text) { $("said").textContent = text; clearTimeout(timer); timer = setTimeout(() => ($("said").textContent = ""), 6000); }

  // Makes an edit, or says why not. Returns what stands against it, "" when it is done.
  function edit(change) {
    let next;
    try { next = Model.apply(m, state(), change); } catch (error) { return error.message; }
    history.length = at + 1;
    history.push({ state: next, edit: change, result: Model.score(m, next) });
    at++;
    marked = new Set();
    figures();
    soon();
    said(told(change));
    return "";
  }
  // The figures change at once, the pictures and tables with the next frame.
  let drawing = false;
  function soon() { if (!drawing) { drawing = true; requestAnimationFrame(() => setTimeout(() => { drawing = false; draw(); })); } }
  function step(by) {
    if (at + by < 0 || at + by >= history.length) return;
    const change = by < 0 ? now().edit : history[at + by].edit;
    at += by;
    if (selected && selected.context >= state().names.length) selected = null;
    figures();
    soon();
    said((by < 0 ? "Undone: " : "Done again: ") + told(change));
  }
  function told(e) {
    const list = (e.subjects ?? []).length > 2 ? e.subjects.length + " modules" : (e.subjects ?? []).join(", ");
    switch (e.op) {
      case "move": return `move ${list} to ${e.to}`;
      case "split": return `split ${list} from ${e.context} as ${e.to}`;
      case "library": return `${list} stays a library`;
      case "pin": return `pin ${list}`;
      case "merge": return `merge ${e.context} into ${e.to}`;
      case "rename": return `rename ${e.context} to ${e.to}`;
      case "own": return `${e.to} owns ${e.table}`;
      case "accept": return `accept ${e.id}: ${e.choice}`;
      case "waive": return `waive ${e.id}: ${e.reason}`;
    }
  }
  const edits = () => history.slice(1, at + 1).map((h) => h.edit);

  async function save() {
    const text = JSON.stringify({ schema: "decompose/edits/1", plan: raw.digest, edits: edits() }, null, 1) + "\n";
    if (!token) {
      const link = el("a", { href: URL.createObjectURL(new Blob([text], { type: "application/json" })), download: "edits.json" });
      document.body.append(link); link.click(); link.remove();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
      saved = at;
      said("Exported. Apply them with: decompose plan --apply edits.json");
      return;
    }
    $("save").disabled = true;
    said("Saving, and analyzing again …");
    try {
      const answer = await fetch("edits", { method: "POST", headers: { "Content-Type": "application/json", "X-Decompose-Token": token }, body: text });
      const found = await answer.json();
      if (!answer.ok) throw new Error(found.error.message + (found.error.hint ? " (" + found.error.hint + ")" : ""));
      saved = at;
      location.reload();
    } catch (error) { said("Not saved: " + error.message); } finally { $("save").disabled = false; draw(); }
  }
  addEventListener("beforeunload", (event) => { if (at !== saved) event.preventDefault(); });

  // --- dialogs ----------------------------------------------------------------------------------------

  function dialog(title, fields, done, act = "OK") {
    const box = $("dialog"), inputs = {}, error = el("p", { class: "error", role: "alert" });
    const form = el("form", { method: "dialog" }, el("h2", { id: "dialog-title" }, title));
    for (const f of fields) {
      if (f.text) { form.append(el("p", {}, f.text)); continue; }
      const id = "field-" + f.key;
      let input;
      if (f.options) input = el("select", { id }, f.options.map(([value, label]) => el("option", { value, selected: value === f.value }, label)));
      else input = el("input", { id, value: f.value ?? "", list: f.list ? id + "-list" : undefined, autocomplete: "off", spellcheck: "false" });
      form.append(el("label", { for: id }, f.label), input);
      if (f.list) form.append(el("datalist", { id: id + "-list" }, f.list.map((value) => el("option", { value }))));
      inputs[f.key] = input;
    }
    form.append(error, el("div", { class: "buttons" }, done && el("button", { type: "button", on: { click: () => box.close() } }, "Cancel"), el("button", { class: "strong", type: "submit" }, act)));
    form.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.matches("select")) { event.preventDefault(); form.requestSubmit(); } });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const problem = done ? done(Object.fromEntries(Object.entries(inputs).map(([key, input]) => [key, input.value.trim()]))) : "";
      if (problem) error.textContent = problem; else { box.close(); leave(); }
    });
    const back = document.activeElement, leave = () => (back && back.isConnected && back !== document.body ? back : $("main")).focus({ preventScroll: true });
    box.replaceChildren(form);
    box.onclose = () => { if (!box.open) leave(); }; // not when the next dialog is there already
    box.showModal();
    const first = form.querySelector("input, select"); if (first) { first.focus(); first.select?.(); }
  }

  const living = () => [...result().present].sort((a, b) => (name(a) < name(b) ? -1 : 1));
  const domain = () => living().filter((c) => !state().shared[c]);
  // What an edit speaks of: the marked modules, else what is selected.
  function subjects() {
    if (marked.size) return [...marked].sort((a, b) => a - b).map((n) => m.ids[n]);
    if (!selected) return [];
    if (selected.module !== undefined) return [m.ids[selected.module]];
    if (selected.part !== undefined) return [m.parts[selected.part]];
    if (selected.package !== undefined) return [selected.package + ".**"];
    if (selected.table !== undefined && m.tables.part[selected.table] >= 0) return [m.parts[m.tables.part[selected.table]]];
    return [];
  }
  function listed(list) { return list.length > 4 ? list.slice(0, 3).join(", ") + ` and ${list.length - 3} more` : list.join(", "); }
  const contextsList = () => [...domain().map(name), "shared"];
  const contextField = (label, value = "") => ({ key: "to", label, value, list: contextsList() });

  const acts = {
    move() {
      const list = subjects();
      if (!list.length) return selected && selected.context !== undefined ? acts.merge() : said("Select a module, package or definition first, or mark modules in a table.");
      const hints = list.length === 1 && m.module.has(list[0]) ? m.alternative[m.module.get(list[0])] : -1;
      dialog("Move " + listed(list), [{ text: hints >= 0 && raw.contexts[hints] ? `The evidence draws it to ${raw.contexts[hints].name} next.` : "A new name makes a new context." }, contextField("To context")],
        ({ to }) => edit(to === "shared" ? { op: "library", subjects: list } : { op: "move", subjects: list, to }), "Move");
    },
    split() {
      const list = subjects();
      if (!list.length || list.some((s) => m.part.has(s))) return said("Mark the modules that make the new context first (Space in a table, Shift+click on boxes).");
      const from = new Set(list.flatMap((s) => Model.subjects(m, s).modules.map((n) => state().place[n])));
      if (from.size !== 1 || from.has(-1)) return said("Modules of more than one context: move them instead.");
      const context = name([...from][0]);
      dialog(`Split ${list.length === 1 ? list[0] : list.length + " modules"} from ${context}`, [{ key: "to", label: "Name of the new context" }], ({ to }) => edit({ op: "split", context, subjects: list, to }), "Split");
    },
    merge() {
      if (!selected || selected.context === undefined) return said("Select a context first.");
      const context = name(selected.context), others = domain().filter((c) => c !== selected.context).map((c) => [name(c), name(c)]);
      dialog(`Merge ${context} into another context`, [{ key: "to", label: "Becomes part of", options: others }], ({ to }) => edit({ op: "merge", context, to }), "Merge");
    },
    rename() {
      if (!selected || selected.context === undefined) return said("Select a context first.");
      const context = name(selected.context);
      dialog(`Rename ${context}`, [{ key: "to", label: "New name", value: context }], ({ to }) => (to === context ? "" : edit({ op: "rename", context, to })), "Rename");
    },
    pin() { const list = subjects(); if (list.length) { const problem = edit({ op: "pin", subjects: list }); if (problem) said(problem); } else said("Select a module first."); },
    library() {
      const list = subjects();
      if (!list.length || list.some((s) => m.part.has(s))) return said("Select a module or package first.");
      const problem = edit({ op: "library", subjects: list }); if (problem) said(problem);
    },
    own() {
      if (!selected || selected.table === undefined) return said("Select a table first.");
      const table = m.tables.id[selected.table];
      dialog(`Who owns ${table}?`, [{ key: "to", label: "Owner", options: domain().map((c) => [name(c), name(c)]), value: name(result().owner[selected.table]) }], ({ to }) => edit({ op: "own", table, to }), "Set owner");
    },
    accept() {
      const d = decision(); if (!d) return said("Select a foreign key, transaction or table with a decision first.");
      const said_ = state().answers.get(d.id);
      dialog(`Accept ${d.id}`, [{ text: d.subject }, { key: "choice", label: "Treatment", value: said_?.choice ?? d.proposal, options: Object.entries(raw.treatments[d.kind]).map(([c, what]) => [c, (c === d.proposal ? "proposed: " : "") + c + ", " + what]) },
        { key: "reason", label: "Reason (optional)" }, { key: "by", label: "Who decides", value: settings.by }],
        ({ choice, reason, by }) => { settings.by = by; keep(); return edit({ op: "accept", id: d.id, choice, reason, by }); }, "Accept");
    },
    waive() {
      const d = decision(); if (!d) return said("Select a foreign key, transaction or table with a decision first.");
      dialog(`Waive ${d.id}`, [{ text: d.subject }, { key: "reason", label: "Why it may stay as it is" }, { key: "by", label: "Who decides", value: settings.by }],
        ({ reason, by }) => { settings.by = by; keep(); return edit({ op: "waive", id: d.id, reason, by }); }, "Waive");
    },
  };
  const decisions = new Map(raw.decisions.map((d) => [d.id, d]));
  function decision() {
    if (!selected) return undefined;
    if (selected.decision) return decisions.get(selected.decision) ?? fresh(selected.decision);
    if (selected.table !== undefined) return decisions.get("TBL-" + m.tables.id[selected.table]);
    return undefined;
  }
  // A key or transaction that only an edit has cut has no proposal yet.
  function fresh(id) {
    const key = m.keys.find((k) => k.id === id), t = m.transactions.find((x) => x.id === id);
    if (key) return { id, kind: "foreign-key", subject: `${key.src} -> ${key.dst}`, proposal: "", reason: "cut by an edit: apply the edits for a proposal", alternatives: [], state: "new", by: "", evidence: [], contexts: [] };
    if (t) return { id, kind: "transaction", subject: t.definition, proposal: "", reason: "cut by an edit: apply the edits for a proposal", alternatives: [], state: "new", by: "", evidence: [], contexts: [] };
    return undefined;
  }
  function standing(d) { const a = state().answers.get(d.id); return a ? (a.op === "waive" ? "waived" : "accepted") : d.state; }

  // --- the head: figures ------------------------------------------------------------------------------

  const FIGURES = [
    ["contexts", "contexts", locale, 0], ["inter_context_share", "dependencies across", percent, -1], ["cut_foreign_keys", "foreign keys cut", locale, -1],
    ["cut_transactions", "transactions cut", locale, -1], ["contested_tables", "contested tables", locale, -1], ["largest_share", "largest context", percent, -1], ["coverage", "assigned", percent, 1],
    ["modularity", "modularity of the proposal", (v) => v.toFixed(2), 0], ["stability", "stability of the proposal", (v) => v.toFixed(2), 0],
  ];
  function figures() {
    const first = history[0].result.scores, last = result().scores;
    $("figures").replaceChildren(...FIGURES.map(([key, label, form, wish]) => {
      const a = first[key], b = last[key], way = a === b || !wish ? "" : (b > a) === wish > 0 ? "better" : "worse";
      return el("div", { class: "figure", "data-figure": key, "data-value": b }, el("b", {}, a !== b && el("span", { class: "was" }, form(a) + " → "), el("span", { class: way }, form(b)), way && el("span", { class: "hidden" }, ` (${way})`)), el("span", {}, label));
    }));
    $("undo").disabled = at === 0;
    $("redo").disabled = at === history.length - 1;
    $("save").disabled = at === 0;
    $("save").textContent = token ? `Save ${at || ""} edit${at === 1 ? "" : "s"}` : "Export edits" + (at ? ` (${at})` : "");
  }

  // --- tables -----------------------------------------------------------------------------------------

  const PAGE = 200;
  // A table that can be sorted and filtered. columns: [title, value for sorting, cell, number?]; rows are anything.
  function table(key, columns, rows, options = {}) {
    const sort = (sorting[key] ??= options.sort ?? [0, 1]), filter = (filters[key] ?? "").toLowerCase();
    let found = rows;
    if (filter) { const words = filter.split(/\s+/); found = rows.filter((row) => { const text = columns.map((c) => String(c[1](row))).join(" ").toLowerCase(); return words.every((w) => text.includes(w)); }); }
    const by = columns[sort[0]][1], values = new Map(found.map((row) => [row, by(row)]));
    found = [...found].sort((a, b) => { const x = values.get(a), y = values.get(b); return (x < y ? -1 : x > y ? 1 : 0) * sort[1]; });
    const limit = (pages[key] ??= 1) * PAGE, box = el("div", {});
    const again = (focus) => { const next = table(key, columns, rows, options); box.replaceWith(next); (next.querySelector(focus) ?? next.querySelector("button,input"))?.focus(); };
    if (rows.length > 8 || filter) {
      const input = el("input", { type: "search", id: "filter-" + key, value: filters[key] ?? "", placeholder: "Filter", on: { input: () => { filters[key] = input.value; pages[key] = 1; again("#filter-" + key); const i = $("filter-" + key); i.setSelectionRange(i.value.length, i.value.length); } } });
      box.append(el("div", { class: "bar" }, el("label", { for: "filter-" + key }, options.label ?? "Filter"), input, el("span", { class: "soft" }, filter ? `${locale(found.length)} of ${locale(rows.length)}` : `${locale(rows.length)} rows`), options.bar));
    }
    if (!found.length) { box.append(el("p", { class: "soft" }, rows.length ? "Nothing fits the filter." : options.none ?? "None.")); return box; }
    const head = el("tr", {}, columns.map(([title, , , number], n) => el("th", { scope: "col", class: number ? "number" : undefined, "aria-sort": sort[0] === n ? (sort[1] > 0 ? "ascending" : "descending") : undefined },
      el("button", { type: "button", "data-n": n, on: { click: () => { sorting[key] = [n, sort[0] === n ? -sort[1] : number ? -1 : 1]; again(`[data-n="${n}"]`); } } }, title))));
    const body = el("tbody", {}, found.slice(0, limit).map((row) => el("tr", options.row?.(row) ?? {}, columns.map(([, , cell, number]) => el("td", { class: number ? "number" : undefined }, cell(row))))));
    box.append(el("div", { class: "wide" }, el("table", { class: "full" }, options.caption && el("caption", { class: "hidden" }, options.caption), el("thead", {}, head), body)));
    if (found.length > limit) box.append(el("p", {}, el("button", { type: "button", on: { click: () => { pages[key]++; again("button"); } } }, `Show ${Math.min(PAGE, found.length - limit)} more of ${locale(found.length - limit)}`)));
    return box;
  }
  const mark = (n) => el("input", { type: "checkbox", "aria-label": "Mark " + m.ids[n], checked: marked.has(n), on: { change: (event) => { if (event.target.checked) marked.add(n); else marked.delete(n); side(); } } });

  function moduleTable(key, list) {
    const first = history[0].state, tables = m.tablesOf;
    return table(key, [
      ["mark", (n) => (marked.has(n) ? 0 : 1), mark],
      ["module", (n) => m.ids[n], moduleLink],
      ["lines", (n) => m.lines[n], (n) => locale(m.lines[n]), true],
      ["context", (n) => name(state().place[n]), (n) => contextLink(state().place[n])],
      ["was", (n) => (first.place[n] !== state().place[n] ? 0 : 1), (n) => (first.place[n] !== state().place[n] ? (first.place[n] < 0 ? "unassigned" : first.names[first.place[n]]) : "")],
      ["fits", (n) => m.confidence[n], (n) => m.confidence[n] + " %", true],
      ["drawn to", (n) => (m.alternative[n] < 0 ? "~" : raw.contexts[m.alternative[n]].name), (n) => (m.alternative[n] < 0 ? "" : raw.contexts[m.alternative[n]].name)],
      ["tables", (n) => (tables.get(n) ?? []).length, (n) => (tables.get(n) ?? []).length || "", true],
      ["pinned", (n) => (state().pinned.has(n) ? 0 : 1), (n) => (state().pinned.has(n) ? "yes" : "")],
    ], list, { label: "Filter modules", sort: [1, 1], caption: "Modules with their context", row: (n) => ({ class: selected?.module === n ? "chosen" : first.place[n] !== state().place[n] ? "changed" : undefined }) });
  }

  // --- views ------------------------------------------------------------------------------------------

  const views = {
    map() {
      const s = state(), living_ = living(), weight = Model.between(m, s), size = s.names.length, w = (a, b) => weight[a * size + b];
      const nodes = domain().filter((c) => result().sizes[c]), pairs = [];
      for (const a of living_) for (const b of living_) if (a !== b && w(a, b)) pairs.push({ a, b, weight: w(a, b) });
      pairs.sort((x, y) => y.weight - x.weight);
      const drawn = pairs.filter((p) => !s.shared[p.a] && !s.shared[p.b]);
      const range = el("input", { type: "range", id: "shown", min: 0, max: drawn.length, value: Math.min(show, drawn.length), on: { input: () => { show = +range.value; count.textContent = `the strongest ${show}`; picture.replaceChildren(mapPicture(nodes, drawn, w), hint); } } });
      const count = el("span", { class: "soft" }, `the strongest ${Math.min(show, drawn.length)} of ${drawn.length}`), hint = el("div", { class: "hint" }, "Width: number of imports, calls, base classes and references. Select a context for all of its own.");
      const picture = el("div", { class: "picture" }, mapPicture(nodes, drawn, w), hint);
      const inside = (c) => { let own = 0, all = 0; for (const p of pairs) if (p.a === c) all += p.weight; own = w(c, c); return own + all ? own / (own + all) : 1; };
      return [
        raw.advice && el("p", {}, el("b", {}, raw.advice)),
        el("div", { class: "columns" },
          el("div", {}, el("div", { class: "bar" }, el("label", { for: "shown" }, "Edges"), range, count), picture),
          el("div", {}, table("contexts", [
            ["context", (c) => name(c), contextLink],
            ["modules", (c) => result().sizes[c], (c) => locale(result().sizes[c]), true],
            ["tables", (c) => owned(c).length, (c) => owned(c).length || "", true],
            ["stays inside", inside, (c) => percent(inside(c)), true],
            ["FK cut", (c) => keysOf(c).length, (c) => keysOf(c).length || "", true],
            ["TX cut", (c) => transactionsOf(c).length, (c) => transactionsOf(c).length || "", true],
          ], living_, { sort: [1, -1], caption: "Contexts", row: (c) => ({ class: selected?.context === c ? "chosen" : undefined }) }))),
        el("h3", {}, "Weights between contexts"),
        table("between", [["from", (p) => name(p.a), (p) => contextLink(p.a)], ["to", (p) => name(p.b), (p) => contextLink(p.b)], ["places", (p) => p.weight, (p) => locale(p.weight), true]], pairs, { sort: [2, -1], label: "Filter pairs", caption: "Weights of the edges of the picture" }),
      ];
    },
    code() {
      const picker = el("select", { id: "zoom", on: { change: () => { zoom = +picker.value; camera = null; draw(); $("zoom").focus(); } } }, el("option", { value: -1 }, "all contexts"), living().map((c) => el("option", { value: c, selected: c === zoom }, name(c))));
      const list = Array.from({ length: m.count }, (_, n) => n).filter((n) => zoom < 0 || state().place[n] === zoom);
      const box = el("div", { class: "picture" }, el("canvas", { id: "boxes", "aria-hidden": "true" }), el("div", { class: "hint", id: "over" }, "Drag a box onto another context to move it. Shift+click marks more. Wheel: zoom. The table below shows the same."));
      return [el("div", { class: "bar" }, el("label", { for: "zoom" }, "Show"), picker, el("button", { type: "button", on: { click: () => { camera = null; paint(); } } }, "Whole picture"), el("span", { class: "soft" }, "Size: lines of code. A dot: pinned. Select a module for what it uses and who uses it.")), box, el("h3", {}, zoom < 0 ? "Modules" : `Modules of ${name(zoom)}`), moduleTable("modules", list)];
    },
    tables() {
      const s = state(), r = result(), first = history[0].result, a = m.accesses, cells = new Map();
      for (let n = 0; n < a.unit.length; n++) {
        const c = Model.unitContext(m, s, a.unit[n]); if (c < 0) continue;
        const id = a.table[n] * s.names.length + c, cell = cells.get(id) ?? [0, 0, 0, 0, 0];
        ["create", "read", "update", "delete", "write"].forEach((verb, i) => (cell[i] += a[verb][n]));
        cells.set(id, cell);
      }
      const shown = living().filter((c) => !s.shared[c]), cell = (t, c) => cells.get(t * s.names.length + c);
      const text = (v) => (v ? ["C", "R", "U", "D", "W"].map((letter, i) => (v[i] ? letter + v[i] : "")).filter(Boolean).join(" ") : "");
      const rows = m.tables.id.map((_, t) => t), word = (filters.crud ?? "").toLowerCase();
      const input = el("input", { id: "filter-crud", type: "search", placeholder: "Filter", value: filters.crud ?? "", on: { input: () => { filters.crud = input.value; draw(); const i = $("filter-crud"); i.focus(); i.setSelectionRange(i.value.length, i.value.length); } } });
      const found = rows.filter((t) => !word || (m.tables.id[t] + " " + name(r.owner[t])).toLowerCase().includes(word)).sort((x, y) => (name(r.owner[x]) + m.tables.id[x] < name(r.owner[y]) + m.tables.id[y] ? -1 : 1));
      return [el("p", {}, "Who creates, reads, updates and deletes rows: places in the code, tests left out. W: a write of which the text does not say what it does. Framed: the owner. ", el("b", {}, "!"), " more than one context writes it."),
        el("div", { class: "bar" }, el("label", { for: "filter-crud" }, "Filter tables"), input, el("span", { class: "soft" }, `${found.length} of ${rows.length}`)),
        el("div", { class: "wide" }, el("table", { class: "matrix" }, el("caption", { class: "hidden" }, "Contexts by tables: create, read, update, delete"),
          el("thead", {}, el("tr", {}, el("th", { scope: "col" }, el("span", {}, "table")), el("th", { scope: "col" }, el("span", {}, "owner")), shown.map((c) => el("th", { scope: "col" }, el("span", {}, name(c)))))),
          el("tbody", {}, found.slice(0, (pages.crud ??= 1) * PAGE).map((t) => el("tr", { class: selected?.table === t ? "chosen" : r.owner[t] !== first.owner[t] ? "changed" : undefined }, el("th", { scope: "row" }, r.contested[t] ? el("b", { title: "more than one context writes it" }, "! ") : "", tableLink(t)), el("th", { scope: "row" }, contextLink(r.owner[t])),
            shown.map((c) => { const v = cell(t, c), sum = v ? v[0] + v[2] + v[3] + v[4] : 0; return el("td", { class: [r.owner[t] === c ? "own" : "", v ? "heat" + Math.min(4, 1 + (sum > 0) + (sum > 3) + (sum > 9)) : ""].join(" ") }, text(v)); })))))),
        found.length > pages.crud * PAGE && el("p", {}, el("button", { type: "button", on: { click: () => { pages.crud++; draw(); } } }, "Show more"))];
    },
    matrix() {
      const s = state(), list = living(), weight = Model.between(m, s), size = s.names.length;
      const most = Math.max(1, ...list.flatMap((a) => list.filter((b) => b !== a).map((b) => weight[a * size + b])));
      return [el("p", {}, "Places where code of a row's context depends on code of a column's. The diagonal is what stays inside. A cell opens its edges."),
        el("div", { class: "wide" }, el("table", { class: "matrix" }, el("caption", { class: "hidden" }, "Dependencies between contexts"), el("thead", {}, el("tr", {}, el("th", { scope: "col" }, el("span", {}, "from \\ to")), list.map((c) => el("th", { scope: "col" }, el("span", {}, name(c)))))),
          el("tbody", {}, list.map((a) => el("tr", {}, el("th", { scope: "row" }, contextLink(a)), list.map((b) => {
            const v = weight[a * size + b];
            return el("td", { class: a === b ? "own" : v ? "heat" + Math.min(4, 1 + Math.floor((4 * Math.log1p(v)) / Math.log1p(most + 1))) : "" }, v ? (a === b ? locale(v) : bare(locale(v), () => { filters.edges = `${name(a)} ${name(b)}`; open("edges"); }, { "aria-label": `${v} places from ${name(a)} to ${name(b)}` })) : "");
          }))))))];
    },
    edges() {
      const s = state(), e = m.edges, rows = [];
      for (let n = 0; n < e.src.length; n++) { const a = s.place[e.src[n]], b = s.place[e.dst[n]]; if (a !== b && a >= 0 && b >= 0 && !s.shared[b] && !s.shared[a]) rows.push(n); }
      const kinds = (n) => ["import", "call", "inherit", "reference"].filter((k) => e[k][n]).map((k) => `${k} ${e[k][n]}`).join(", ");
      return [el("p", {}, "Every dependency of code on code that crosses from one context to another, module by module. Use of shared code crosses nothing."),
        table("edges", [["from", (n) => name(s.place[e.src[n]]), (n) => contextLink(s.place[e.src[n]])], ["to", (n) => name(s.place[e.dst[n]]), (n) => contextLink(s.place[e.dst[n]])], ["module", (n) => m.ids[e.src[n]], (n) => moduleLink(e.src[n])], ["uses", (n) => m.ids[e.dst[n]], (n) => moduleLink(e.dst[n])],
          ["kinds", kinds, kinds], ["places", (n) => e.weight[n], (n) => e.weight[n], true], ["first", (n) => m.path(e.src[n]) + String(e.line[n]).padStart(6), (n) => source(e.src[n], e.line[n])]], rows, { sort: [5, -1], label: "Filter edges", caption: "Cut edges", none: "No dependency crosses." }),
        raw.waiting.length ? [el("h3", {}, "Uses that a person must decide"), table("waiting", [["id", (w) => w[0], (w) => el("span", { class: "code" }, w[0])], ["context", (w) => w[1], (w) => w[1]], ["kind", (w) => w[2] + " " + w[3], (w) => w[2] + " " + w[3]], ["from", (w) => w[4], (w) => el("span", { class: "code" }, w[4])], ["to", (w) => w[5], (w) => el("span", { class: "code" }, w[5])], ["why", (w) => w[6], (w) => w[6]], ["where", (w) => w[7], (w) => source(w[7], w[8])]], raw.waiting, { label: "Filter uses", caption: "Uses that wait for a decision" })] : ""];
    },
    decisions() {
      const rows = cuts();
      return [el("p", {}, "Foreign keys and transactions that the cut goes through, and tables that several contexts write. Select one to accept or waive it; keys ", el("kbd", {}, "a"), " and ", el("kbd", {}, "w"), "."),
        table("decisions", [["id", (d) => d.id, (d) => bare(d.id, () => select(d.kind === "table" ? { table: m.table.get(d.id.slice(4)) } : { decision: d.id }), { class: "bare code keep" })], ["kind", (d) => d.kind, (d) => el("span", { class: "keep" }, d.kind)], ["about", (d) => d.subject, (d) => el("span", { class: "code" }, breaking(d.subject))],
          ["proposal", (d) => d.proposal, (d) => (d.proposal ? [el("b", {}, d.proposal), ": ", d.reason] : d.reason)], ["state", (d) => standing(d), (d) => el("span", { class: "state " + standing(d) }, standing(d))], ["evidence", (d) => (d.evidence[0] ?? []).join(":"), (d) => d.evidence.slice(0, 2).map(([path, line]) => el("div", { class: "evidence" }, source(path, line)))]],
          rows, { label: "Filter decisions", caption: "Decisions", row: (d) => ({ class: selected?.decision === d.id ? "chosen" : undefined }), none: "Nothing is cut that needs a decision." })];
    },
    order() {
      const moved = at > 0 && el("p", {}, el("b", {}, "The order is that of the plan before these edits. "), "Apply them for a new one.");
      return [el("p", {}, "Which service first: the easiest, and those that others wait for. Each step ships alone and can be taken back."), moved,
        table("order", [["rank", (o) => o.rank || 999, (o) => o.rank || "", true], ["context", (o) => o.name, (o) => { const c = state().names.indexOf(o.name); return c < 0 ? o.name : contextLink(c); }], ["score", (o) => o.score, (o) => o.score.toFixed(1), true], ["readiness", (o) => o.readiness, (o) => o.readiness], ["reasons", (o) => o.reasons.join("; "), (o) => o.reasons.join("; ")], ["calls out to", (o) => o.depends.join(" "), (o) => o.depends.join(", ")]], raw.order, { caption: "Order of extraction" }),
        el("h3", {}, "Steps"), raw.order.filter((o) => o.rank && o.steps.length).map((o) => el("details", {}, el("summary", {}, `${o.rank}. ${o.name}`), el("ol", { class: "steps" }, o.steps.map((step_) => el("li", {}, el("b", {}, step_.title), step_.last && " (last safe point)", step_.waits ? ` waits for ${step_.waits} uses` : "", step_.command && el("div", { class: "code" }, step_.command), el("div", { class: "soft" }, "Proof: " + step_.proof), el("div", { class: "soft" }, "Back: " + step_.reverse))))))];
    },
    compare() {
      const cuts_ = [{ title: "proposed", scores: history[0].result.scores }, ...(at ? [{ title: "with your edits", scores: result().scores }] : []), ...raw.others.map((o) => ({ title: o.kind, scores: o.scores, other: o }))];
      const rows = [...FIGURES, ["cut_many_to_many", "many-to-many cut", locale, -1]];
      return [el("p", {}, "The cut beside others that the same evidence gives. No figure counts alone: one context for everything cuts nothing."),
        el("div", { class: "wide" }, el("table", {}, el("caption", { class: "hidden" }, "Figures of the alternatives"), el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "figure"), cuts_.map((c) => el("th", { scope: "col", class: "number" }, c.title)))), el("tbody", {}, rows.map(([key, label, form]) => el("tr", {}, el("th", { scope: "row" }, label), cuts_.map((c) => el("td", { class: "number" }, form(c.scores[key])))))))),
        raw.others.map((o) => { const where = decode(o.context); const rows_ = o.contexts.map((title, n) => { const list = [...where.keys()].filter((i) => where[i] === n); const from = new Map(); list.forEach((i) => { const c = state().place[i]; from.set(c, (from.get(c) ?? 0) + 1); }); return { title, list, from: [...from].sort((a, b) => b[1] - a[1]) }; });
          return [el("h3", {}, `The ${o.kind} cut`), table("other-" + o.kind, [["its context", (x) => x.title, (x) => x.title], ["modules", (x) => x.list.length, (x) => x.list.length, true], ["made of", (x) => x.from.map(([c]) => name(c)).join(" "), (x) => x.from.slice(0, 6).map(([c, count]) => el("span", { class: "keep" }, contextLink(c), ` ${count}  `))]], rows_, { sort: [1, -1], caption: "Contexts of the alternative" })]; })];
    },
    edits() {
      const rows = history.slice(1, at + 1).map((h, n) => ({ n: n + 1, h, before: history[n].result.scores }));
      const change = (r, key) => { const a = r.before[key], b = r.h.result.scores[key]; return a === b ? "" : `${key === "inter_context_share" ? percent(a) : a} → ${key === "inter_context_share" ? percent(b) : b}`; };
      return [el("p", {}, token ? "Saved edits go into decompose.toml; comments there stay." : "Export them, then run "), !token && el("p", { class: "code" }, "decompose plan --apply edits.json"),
        table("edits", [["number", (r) => r.n, (r) => r.n, true], ["edit", (r) => told(r.h.edit), (r) => told(r.h.edit)], ["dependencies across", (r) => change(r, "inter_context_share"), (r) => change(r, "inter_context_share")], ["foreign keys cut", (r) => change(r, "cut_foreign_keys"), (r) => change(r, "cut_foreign_keys")], ["transactions cut", (r) => change(r, "cut_transactions"), (r) => change(r, "cut_transactions")], ["contested", (r) => change(r, "contested_tables"), (r) => change(r, "contested_tables")]], rows, { caption: "Edits with what each changed", none: "No edits yet. Select something and press m, or drag a box in Code." })];
    },
    search() {
      const words = $("search").value.trim().toLowerCase().split(/\s+/).filter(Boolean), fits = (text) => { const low = text.toLowerCase(); return words.every((w) => low.includes(w)); };
      const rows = [];
      living().forEach((c) => fits(name(c)) && rows.push(["context", name(c), contextLink(c), ""]));
      m.ids.forEach((id, n) => fits(id) && rows.push(["module", id, moduleLink(n), contextLink(state().place[n])]));
      m.parts.forEach((id, n) => fits(id) && rows.push(["definition", id, unitLink(m.count + n), contextLink(Model.unitContext(m, state(), m.count + n))]));
      m.tables.id.forEach((id, t) => fits(id) && rows.push(["table", id, tableLink(t), contextLink(result().owner[t])]));
      m.keys.forEach((k) => fits(`${k.id} ${k.src} ${k.dst}`) && rows.push(["foreign key", k.id, bare(`${k.id}  ${k.src} → ${k.dst}`, () => select({ decision: k.id }), { class: "bare code" }), source(k.path, k.line)]));
      m.transactions.forEach((t) => fits(`${t.id} ${t.definition}`) && rows.push(["transaction", t.id, bare(`${t.id}  ${t.definition}`, () => select({ decision: t.id }), { class: "bare code" }), source(t.path, t.line)]));
      raw.routes.forEach(([methods, path, handler, unit, file, line]) => fits(`${methods} ${path} ${handler}`) && rows.push(["route", path, el("span", { class: "code" }, `${methods} ${path}`), [contextLink(Model.unitContext(m, state(), unit)), " ", source(file, line)]]));
      raw.tasks.forEach(([title, unit, file, line]) => fits(title) && rows.push(["task", title, el("span", { class: "code" }, title), [contextLink(Model.unitContext(m, state(), unit)), " ", source(file, line)]]));
      raw.waiting.forEach((w) => fits(w.slice(0, 7).join(" ")) && rows.push(["use to decide", w[0], el("span", { class: "code" }, `${w[0]}  ${w[4]} → ${w[5]}`), source(w[7], w[8])]));
      return [el("h2", { id: "found" }, `${locale(rows.length)} found for “${$("search").value.trim()}”`), table("found", [["what", (r) => r[0], (r) => r[0]], ["name", (r) => r[1], (r) => r[2]], ["where", () => "", (r) => r[3]]], rows, { label: "Filter what was found", caption: "Found" })];
    },
  };
  const decode = ([width, text]) => { const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)); return new { 1: Int8Array, 2: Int16Array, 4: Int32Array }[width](bytes.buffer); };
  const TABS = [["map", "Context map"], ["code", "Code"], ["tables", "Tables"], ["matrix", "Matrix"], ["edges", "Cut edges"], ["decisions", "Decisions"], ["order", "Order"], ["compare", "Compare"], ["edits", "Edits"]];

  const owned = (c) => [...result().owner.keys()].filter((t) => result().owner[t] === c);
  const keysOf = (c) => result().cutKeys.filter((n) => { const k = m.keys[n]; return result().owner[k.from] === c || result().owner[k.to] === c; });
  const writing = (n) => [...new Set(m.transactions[n].written.map((t) => result().owner[t]))].filter((c) => c >= 0 && !state().shared[c]);
  const transactionsOf = (c) => result().cutTransactions.filter((n) => writing(n).includes(c));
  function cuts() {
    const r = result(), rows = [];
    r.cutKeys.forEach((n) => rows.push(decisions.get(m.keys[n].id) ?? fresh(m.keys[n].id)));
    r.cutTransactions.forEach((n) => rows.push(decisions.get(m.transactions[n].id) ?? fresh(m.transactions[n].id)));
    r.contested.forEach((c, t) => { if (c) rows.push(decisions.get("TBL-" + m.tables.id[t]) ?? { id: "TBL-" + m.tables.id[t], kind: "table", subject: m.tables.id[t] + " is written by several contexts", proposal: "", reason: "contested since an edit: apply the edits for a proposal", alternatives: [], state: "new", by: "", evidence: [], contexts: [] }); });
    return rows;
  }

  function mapPicture(nodes, pairs, w) {
    const ring = Draw.ring(nodes, w), width = 900, height = Math.max(420, Math.min(720, 210 + ring.length * 42)), r = result();
    const most = Math.max(1, ...pairs.map((p) => p.weight)), largest = Math.max(1, ...nodes.map((c) => r.sizes[c]));
    const place = new Map(ring.map((c, n) => { const angle = (2 * Math.PI * (n + 0.5)) / ring.length - Math.PI / 2; return [c, { x: width / 2 + (width / 2 - 105) * Math.cos(angle) * (ring.length > 1 ? 1 : 0), y: height / 2 + (height / 2 - 42) * Math.sin(angle) * (ring.length > 1 ? 1 : 0) }]; }));
    const focus = selected?.context !== undefined && place.has(selected.context) ? selected.context : -1;
    const list = focus >= 0 ? pairs.filter((p) => p.a === focus || p.b === focus) : pairs.slice(0, show);
    const edges = [...list].reverse().map((p) => {
      const a = place.get(p.a), b = place.get(p.b); if (!a || !b) return "";
      const mx = (a.x + b.x) / 2, my = (a.y + b.y) / 2, pull = 0.28, dx = b.x - a.x, dy = b.y - a.y, length = Math.hypot(dx, dy) || 1, bend = 14;
      const cx = mx + (width / 2 - mx) * pull - (dy / length) * bend, cy = my + (height / 2 - my) * pull + (dx / length) * bend;
      const edge = edgeOf(b, cx, cy), thick = 1 + 9 * Math.sqrt(p.weight / most), lit = focus >= 0 ? " lit" : "";
      const angle = Math.atan2(edge.y - cy, edge.x - cx), tip = 5 + thick, start = edgeOf(a, cx, cy);
      const back = { x: edge.x - Math.cos(angle) * tip, y: edge.y - Math.sin(angle) * tip };
      const wing = (turn) => `${edge.x - Math.cos(angle + turn) * tip * 1.2},${edge.y - Math.sin(angle + turn) * tip * 1.2}`;
      return [svg("path", { class: "edge" + lit, d: `M${start.x} ${start.y}Q${cx} ${cy} ${back.x} ${back.y}`, "stroke-width": thick.toFixed(1) }), svg("polygon", { class: "tip" + lit, points: `${edge.x},${edge.y} ${wing(0.45)} ${wing(-0.45)}` }),
        focus >= 0 || p.weight > most / 4 ? label(locale(p.weight), (start.x + 2 * cx + edge.x) / 4, (start.y + 2 * cy + edge.y) / 4) : ""];
    });
    const labels = [];
    const shapes = edges.flat().filter((node) => { if (node && node.nodeName === "text") { labels.push(node); return false; } return node; });
    const tied = new Set(list.flatMap((p) => [p.a, p.b]));
    return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Context map; the tables beside and below hold the same figures" }, ...shapes,
      ...ring.map((c) => { const p = place.get(c), h = boxHeight(c);
        const node = svg("g", { class: "node" + (c === focus ? " lit" : focus >= 0 && !tied.has(c) ? " dim" : ""), tabindex: 0, role: "button", "data-context": name(c), on: { click: () => select({ context: c }), keydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); select({ context: c }); } } } });
        node.append(svg("rect", { x: p.x - 92, y: p.y - h / 2, width: 184, height: h, rx: 7, fill: "var(--raised)" }), svg("rect", { x: p.x - 92, y: p.y - h / 2, width: 8, height: h, rx: 3, fill: Draw.colour(state(), c), stroke: "none" }));
        const title = svg("text", { x: p.x - 76, y: p.y - 3, "font-weight": 600 }); title.textContent = name(c).length > 22 ? name(c).slice(0, 21) + "…" : name(c);
        const under = svg("text", { class: "small", x: p.x - 76, y: p.y + 13 }); under.textContent = `${r.sizes[c]} modules, ${owned(c).length} tables`;
        node.append(title, under); return node; }), ...labels);
    function boxHeight(c) { return 44 + 18 * Math.sqrt(r.sizes[c] / largest); }
    function edgeOf(p, x, y) { const dx = x - p.x, dy = y - p.y, half = 26, k = Math.min(94 / Math.abs(dx || 1e-6), half / Math.abs(dy || 1e-6)); return { x: p.x + dx * Math.min(1, k), y: p.y + dy * Math.min(1, k) }; }
    function label(text, x, y) { const node = svg("text", { class: "label", x, y, "text-anchor": "middle" }); node.textContent = text; return node; }
  }

  // --- boxes on the canvas ----------------------------------------------------------------------------

  let camera = null, layout = null, drag = null, target = -2;
  const darkness = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (settings.theme ? settings.theme === "dark" : darkness.matches);
  function paint() {
    const canvas = $("boxes"); if (!canvas) return;
    const width = canvas.parentElement.clientWidth, height = Math.max(320, Math.min(760, Math.round(innerHeight - 250))), ratio = devicePixelRatio || 1;
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
  function listen(canvas) {
    const point = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    canvas.addEventListener("pointerdown", (event) => { const [x, y] = point(event), found = Draw.hit(layout, camera, x, y); drag = { x, y, cx: camera.x, cy: camera.y, found, moved: false, pan: event.button === 1 || !found.module || camera.k > 1 && event.altKey }; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointermove", (event) => {
      const [x, y] = point(event), found = Draw.hit(layout, camera, x, y);
      if (!drag) { const box = found.module; $("over").textContent = box ? `${m.ids[box.module]}, ${locale(m.lines[box.module])} lines, ${name(box.context)}` : found.context ? name(found.context.context) : ""; return; }
      if (Math.hypot(x - drag.x, y - drag.y) > 4) drag.moved = true;
      if (!drag.moved) return;
      if (drag.pan) { camera.x = drag.cx + x - drag.x; camera.y = drag.cy + y - drag.y; }
      else { target = found.context && found.context.context !== drag.found.context.context ? found.context.context : -2; $("over").textContent = target > -2 ? `Move ${m.ids[drag.found.module.module]} to ${name(target)}` : m.ids[drag.found.module.module]; canvas.style.cursor = "grabbing"; }
      repaint();
    });
    const end = (event) => {
      if (!drag) return;
      const was = drag, to = target; drag = null; target = -2; canvas.style.cursor = "";
      if (was.moved && !was.pan && to >= 0) {
        const n = was.found.module.module, list = marked.has(n) ? [...marked].map((i) => m.ids[i]) : [m.ids[n]];
        const problem = edit(state().shared[to] ? { op: "library", subjects: list } : { op: "move", subjects: list, to: name(to) }); if (problem) said(problem);
      } else if (!was.moved) {
        if (was.found.module && event.shiftKey) { const n = was.found.module.module; if (marked.has(n)) marked.delete(n); else marked.add(n); side(); }
        else if (was.found.module) select({ module: was.found.module.module });
        else if (was.found.package && was.found.package.name) select({ package: was.found.package.name });
        else if (was.found.context && was.found.context.context >= 0) select({ context: was.found.context.context });
      }
      repaint();
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", () => { drag = null; target = -2; repaint(); });
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey && document.activeElement !== $("main") && camera.k === 1 && event.deltaY > 0) return; // nothing to zoom out of: the page scrolls
      event.preventDefault();
      const [x, y] = point(event), k = Math.max(1, Math.min(24, camera.k * Math.exp(-event.deltaY / 300)));
      camera.x = k === 1 ? 0 : x - ((x - camera.x) * k) / camera.k; camera.y = k === 1 ? 0 : y - ((y - camera.y) * k) / camera.k; camera.k = k;
      repaint();
    }, { passive: false });
  }

  // --- what is selected -------------------------------------------------------------------------------

  function select(what) { selected = what; $("said").textContent = ""; if (what.context !== undefined && tab === "search") tab = "map"; draw(); }
  const facts = (...pairs) => el("dl", {}, pairs.filter((p) => p && p[1] !== "" && p[1] !== undefined).map(([title, value]) => [el("dt", {}, title), el("dd", {}, value)]));
  const button = (label, act, key) => el("button", { type: "button", title: key ? `Key ${key}` : undefined, on: { click: act } }, label);
  const more = (list, show_, most = 12) => [list.slice(0, most).map((x) => el("div", {}, show_(x))), list.length > most && el("div", { class: "soft" }, `and ${list.length - most} more`)];

  function side() {
    const box = $("side"), parts = [];
    if (marked.size) parts.push(el("h2", {}, `${marked.size} modules marked`), el("div", { class: "buttons" }, button("Move", acts.move, "m"), button("Split off", acts.split, "s"), button("Pin", acts.pin, "p"), button("Library", acts.library, "l"), button("Unmark", () => { marked = new Set(); draw(); })));
    if (selected) parts.push(...panel());
    box.replaceChildren(...parts.flat(3).filter(Boolean));
    if ($("boxes")) repaint();
  }
  function panel() {
    const s = state(), r = result();
    if (selected.module !== undefined) return modulePanel(selected.module);
    if (selected.package !== undefined) {
      const list = m.ids.map((_, n) => n).filter((n) => m.ids[n] === selected.package || m.ids[n].startsWith(selected.package + ".")), where = new Map();
      list.forEach((n) => where.set(s.place[n], (where.get(s.place[n]) ?? 0) + 1));
      return [el("h2", {}, selected.package), facts(["package of", `${list.length} modules`], ["in", [...where].map(([c, count]) => el("div", {}, contextLink(c), ` ${count}`))]), el("div", { class: "buttons" }, button("Move package", acts.move, "m"), button("Split off", acts.split, "s"), button("Pin", acts.pin, "p"), button("Library", acts.library, "l")), more(list, moduleLink, 30)];
    }
    if (selected.part !== undefined) {
      const unit = m.count + selected.part, module = m.partModule[selected.part];
      return [el("h2", {}, m.parts[selected.part]), facts(["definition in", moduleLink(module)], ["context", contextLink(Model.unitContext(m, s, unit))], ["source", source(module, m.partLine[selected.part])], ["tables", m.tables.id.map((_, t) => t).filter((t) => m.tables.part[t] === selected.part).map((t) => el("div", {}, tableLink(t)))]), el("div", { class: "buttons" }, button("Move", acts.move, "m"), button("Pin", acts.pin, "p"))];
    }
    if (selected.table !== undefined) {
      const t = selected.table, a = m.accesses, users = [], place = raw.tables.line[t];
      for (let n = 0; n < a.unit.length; n++) if (a.table[n] === t) users.push(n);
      const d = decisions.get("TBL-" + m.tables.id[t]), sum = (n) => ["create", "read", "update", "delete", "write"].map((v) => (a[v][n] ? v[0].toUpperCase() + a[v][n] : "")).filter(Boolean).join(" ");
      users.sort((x, y) => a.claim[y] - a.claim[x]);
      return [el("h2", {}, m.tables.id[t]), facts(["owner", contextLink(r.owner[t])], ["kind", ["table", "join table", "table of a library"][m.tables.kind[t]]], ["model", m.tables.part[t] >= 0 ? unitLink(m.count + m.tables.part[t]) : ""], ["source", place ? source(...place) : ""], ["contested", r.contested[t] ? "yes: several contexts write it" : ""]),
        el("div", { class: "buttons" }, button("Set owner", acts.own, "o"), m.tables.part[t] >= 0 && button("Move model", acts.move, "m"), d && button("Accept", acts.accept, "a"), d && button("Waive", acts.waive, "w")), d && told_(d),
        el("h3", {}, "Keys"), more(m.keys.filter((k) => k.from === t || k.to === t), (k) => bare(`${k.id} ${k.src} → ${k.dst}`, () => select({ decision: k.id }), { class: "bare code" })),
        el("h3", {}, "Used by"), more(users, (n) => [unitLink(a.unit[n]), " ", el("span", { class: "soft" }, sum(n)), " ", contextLink(Model.unitContext(m, s, a.unit[n]))], 24)];
    }
    if (selected.decision) {
      const d = decision(); if (!d) return [];
      const key = m.keys.find((k) => k.id === d.id), t = m.transactions.find((x) => x.id === d.id);
      const cut = key ? r.cutKeys.includes(m.keys.indexOf(key)) : t ? r.cutTransactions.includes(m.transactions.indexOf(t)) : true;
      return [el("h2", {}, d.id), el("p", { class: "code" }, d.subject),
        facts(key && ["kind", `${key.kind}${key.rule ? ", ON DELETE " + key.rule : ""}`], key && key.from >= 0 && ["from", [tableLink(key.from), " ", contextLink(r.owner[key.from])]], key && key.to >= 0 && ["to", [tableLink(key.to), " ", contextLink(r.owner[key.to])]], key && ["declared", source(key.path, key.line)], t && ["where", [unitLink(t.unit), " ", source(t.path, t.line)]], t && ["writes", t.written.map((x) => el("div", {}, tableLink(x), " ", contextLink(r.owner[x])))], ["state", cut ? el("span", { class: "state " + standing(d) }, standing(d)) : "not cut"]),
        cut && [el("div", { class: "buttons" }, button("Accept", acts.accept, "a"), button("Waive", acts.waive, "w")), told_(d)]];
    }
    const c = selected.context;
    if (!r.present.has(c)) return [el("h2", {}, name(c)), el("p", { class: "soft" }, "No code is left in it.")];
    const given = raw.contexts.find((x) => x.name === name(c)), order = raw.order.find((o) => o.name === name(c));
    const list = m.ids.map((_, n) => n).filter((n) => s.place[n] === c), parts = [...s.part.keys()].filter((n) => s.part[n] === c), tables = owned(c), packs = new Map();
    list.forEach((n) => { const p = Draw.folder(m.ids[n]); packs.set(p, (packs.get(p) ?? 0) + m.lines[n]); });
    const routes = raw.routes.filter((x) => Model.unitContext(m, s, x[3]) === c), tasks = raw.tasks.filter((x) => Model.unitContext(m, s, x[1]) === c);
    return [el("h2", {}, swatch(c), name(c)), given && el("p", { class: "soft" }, given.description),
      facts(["modules", `${list.length}, ${locale(list.reduce((sum, n) => sum + m.lines[n], 0))} lines`], ["team", given?.team], ["cohesion", given && `${given.cohesion.toFixed(2)} as proposed`], ["stability", given && `${given.stability.toFixed(2)} as proposed`], ["readiness", order?.readiness], ["rank", order?.rank || ""], ["uses from outside", order && Object.entries(order.uses).filter(([k]) => k.startsWith("in ")).map(([k, v]) => `${v} ${k.slice(3)}`).join(", ")], ["FK cut", keysOf(c).length], ["TX cut", transactionsOf(c).length]),
      !s.shared[c] && el("div", { class: "buttons" }, button("Rename", acts.rename, "r"), button("Merge into", acts.merge, "g")),
      el("div", { class: "buttons" }, button("Show its code", () => { zoom = c; camera = null; open("code"); })),
      el("details", { open: true }, el("summary", {}, `Packages (${packs.size})`), more([...packs].sort((a, b) => b[1] - a[1]), ([p, lines]) => [p ? bare(p, () => select({ package: p }), { class: "bare code" }) : "top level", el("span", { class: "soft" }, ` ${locale(lines)} lines`)], 30)),
      parts.length > 0 && el("details", {}, el("summary", {}, `Definitions from other modules (${parts.length})`), more(parts, (p) => unitLink(m.count + p), 60)),
      el("details", { open: tables.length < 30 }, el("summary", {}, `Tables (${tables.length})`), more(tables, tableLink, 200)),
      el("details", {}, el("summary", {}, `Routes (${routes.length})`), more(routes, (x) => [el("span", { class: "code" }, `${x[0]} ${x[1]} `), source(x[4], x[5])], 300)),
      tasks.length > 0 && el("details", {}, el("summary", {}, `Tasks (${tasks.length})`), more(tasks, (x) => [el("span", { class: "code" }, x[0] + " "), source(x[2], x[3])], 300))];
  }
  function told_(d) {
    const answer = state().answers.get(d.id);
    return [answer && el("p", {}, el("b", {}, answer.op === "waive" ? "Waived: " : `Accepted: ${answer.choice}. `), answer.reason, answer.by && ` (${answer.by})`), el("p", {}, d.proposal && el("b", {}, d.proposal + ": "), d.reason), d.alternatives.length > 0 && [el("h3", {}, "Instead"), el("ul", {}, d.alternatives.map(([choice, cost]) => el("li", {}, el("b", {}, choice), ": ", cost)))], d.evidence.length > 0 && [el("h3", {}, "Evidence"), d.evidence.map(([path, line]) => el("div", {}, source(path, line)))]];
  }
  function modulePanel(n) {
    const s = state(), e = m.edges, uses = [], used = [], a = m.accesses, data = [];
    for (let i = 0; i < e.src.length; i++) { if (e.src[i] === n) uses.push(i); else if (e.dst[i] === n) used.push(i); }
    for (let i = 0; i < a.unit.length; i++) if (a.unit[i] === n || (a.unit[i] >= m.count && m.partModule[a.unit[i] - m.count] === n)) data.push(i);
    const heavy = (list) => list.sort((x, y) => e.weight[y] - e.weight[x]);
    const parts = [...m.partModule.keys()].filter((p) => m.partModule[p] === n);
    return [el("h2", {}, m.ids[n]), facts(["context", contextLink(s.place[n])], ["source", source(n, 1)], ["lines", locale(m.lines[n])], ["fits", `${m.confidence[n]} % of its coupling stays in its context as proposed`], ["drawn to", m.alternative[n] < 0 ? "" : raw.contexts[m.alternative[n]].name], ["pinned", s.pinned.has(n) ? "yes" : ""], ["package", bare(Draw.folder(m.ids[n]) || m.ids[n], () => select({ package: Draw.folder(m.ids[n]) || m.ids[n] }), { class: "bare code" })]),
      el("div", { class: "buttons" }, button("Move", acts.move, "m"), button("Split off", acts.split, "s"), button("Pin", acts.pin, "p"), button("Library", acts.library, "l")),
      parts.length > 0 && [el("h3", {}, "Definitions that can be moved alone"), more(parts, (p) => [unitLink(m.count + p), " ", contextLink(Model.unitContext(m, s, m.count + p))], 20)],
      el("h3", {}, `Uses (${uses.length})`), more(heavy(uses), (i) => [moduleLink(e.dst[i]), ` ${e.weight[i]} `, contextLink(s.place[e.dst[i]])]),
      el("h3", {}, `Used by (${used.length})`), more(heavy(used), (i) => [moduleLink(e.src[i]), ` ${e.weight[i]} `, contextLink(s.place[e.src[i]])]),
      data.length > 0 && [el("h3", {}, "Tables"), more(data, (i) => [tableLink(a.table[i]), " ", el("span", { class: "soft" }, ["create", "read", "update", "delete", "write"].map((v) => (a[v][i] ? v[0].toUpperCase() + a[v][i] : "")).filter(Boolean).join(" ")), " ", source(n, a.line[i])])]];
  }

  // --- putting it on the page -------------------------------------------------------------------------

  function tabs() {
    const counts = { edges: 0, decisions: cuts().length, edits: at };
    $("tabs").replaceChildren(...TABS.map(([id, title]) => el("button", { role: "tab", id: "tab-" + id, "aria-selected": tab === id ? "true" : "false", "aria-controls": "panel", tabindex: tab === id || (tab === "search" && id === "map") ? 0 : -1, on: { click: () => open(id) } }, title, counts[id] ? el("span", { class: "count" }, ` ${counts[id]}`) : "")));
  }
  function open(id) { tab = id; draw(); $("main").scrollTop = 0; $("main").focus({ preventScroll: true }); }
  function draw() {
    const top = $("main").scrollTop, before = tab, inTabs = $("tabs").contains(document.activeElement), again = held();
    figures(); tabs();
    const title = TABS.find(([id]) => id === tab)?.[1], rows = views[tab]();
    $("main").replaceChildren(el("section", { class: "view", id: "panel", role: title && "tabpanel", "aria-labelledby": title && "tab-" + tab }, title && el("h2", { class: "hidden" }, title), rows));
    side();
    if ($("boxes")) { listen($("boxes")); paint(); }
    if (before === tab) $("main").scrollTop = top;
    if (inTabs) $("tab-" + tab)?.focus(); else again();
  }
  // Whoever works by keyboard stays where they are, although what they stand on is drawn anew.
  function held() {
    const inside = [$("main"), $("side")].find((part) => part.contains(document.activeElement) && part !== document.activeElement);
    if (!inside) return () => {};
    const list = () => [...inside.querySelectorAll("button, input, select, a, summary, [tabindex='0']")], n = list().indexOf(document.activeElement), text = document.activeElement.textContent;
    return () => { const now_ = list(), same = now_[n]?.textContent === text ? now_[n] : now_.find((e) => e.textContent === text); (same ?? $("main")).focus({ preventScroll: true }); };
  }

  $("tabs").addEventListener("keydown", (event) => {
    const n = TABS.findIndex(([id]) => id === tab), by = { ArrowRight: 1, ArrowLeft: -1, Home: -n, End: TABS.length - 1 - n }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    tab = TABS[(n + by + TABS.length) % TABS.length][0]; draw(); $("tab-" + tab).focus();
  });
  let waiting = 0;
  $("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => { tab = $("search").value.trim() ? "search" : "map"; filters.found = ""; draw(); }, 120); });
  $("search").addEventListener("keydown", (event) => { if (event.key === "Enter") $("main").querySelector("tbody button")?.focus(); });
  $("undo").addEventListener("click", () => step(-1));
  $("redo").addEventListener("click", () => step(1));
  $("save").addEventListener("click", save);
  $("help").addEventListener("click", help);
  $("options").addEventListener("click", () => dialog("Options", [
    { key: "theme", label: "Colours", value: settings.theme ?? "", options: [["", "as the system"], ["light", "light"], ["dark", "dark"]] },
    { key: "link", label: "Link to the source: {root}, {path} and {line} are filled in", value: settings.link, list: ["vscode://file/{root}/{path}:{line}", "https://example.org/team/project/blob/main/{path}#L{line}", "pycharm://open?file=/{root}/{path}&line={line}"] },
    { key: "root", label: "Folder of the project on this machine", value: settings.root || root }],
    (values) => { Object.assign(settings, values); if (values.root === root) settings.root = ""; keep(); theme(); draw(); return ""; }, "Keep"));
  function theme() { if (settings.theme) document.documentElement.dataset.theme = settings.theme; else delete document.documentElement.dataset.theme; }
  const KEYS = [["m", "move what is selected or marked", acts.move], ["s", "split marked modules off as a context", acts.split], ["g", "merge the selected context into another", acts.merge], ["r", "rename the selected context", acts.rename], ["p", "pin", acts.pin], ["l", "keep as a library", acts.library], ["o", "set the owner of a table", acts.own], ["a", "accept a decision", acts.accept], ["w", "waive a decision", acts.waive], ["u", "undo", () => step(-1)], ["U", "redo", () => step(1)], ["e", token ? "save edits" : "export edits", () => at && save()], ["/", "search", () => $("search").focus()], ["?", "this list", help]];
  function help() {
    dialog("Keys", [], null, "Close");
    $("dialog").querySelector("h2").after(el("table", {}, el("tbody", {}, [["1 – 9", "views"], ...KEYS, ["Space", "mark a module in a table"]].map(([key, what]) => el("tr", {}, el("td", {}, el("kbd", {}, key)), el("td", {}, what))))));
  }
  document.addEventListener("keydown", (event) => {
    if ($("dialog").open || event.ctrlKey && !/[zy]/i.test(event.key) || event.metaKey || event.altKey) return;
    const typing = event.target.matches("input:not([type=checkbox]):not([type=range]), textarea, select");
    if (typing) { if (event.key === "Escape") { event.target.blur(); $("main").focus(); } return; }
    if (event.ctrlKey) { event.preventDefault(); step(event.key.toLowerCase() === "y" || event.shiftKey ? 1 : -1); return; }
    if (event.key === "Escape") { if (marked.size) marked = new Set(); else selected = null; draw(); return; }
    const n = +event.key; if (n >= 1 && n <= TABS.length) { open(TABS[n - 1][0]); return; }
    const found = KEYS.find(([key]) => key === event.key);
    if (found) { event.preventDefault(); found[2](); }
  });
  darkness.addEventListener("change", repaint);
  addEventListener("resize", repaint);
  theme();
  draw();
  document.documentElement.dataset.ready = performance.now().toFixed(0);
  // For tests and the console: the state as it is, and edits without a dialog.
  window.review = { edit, undo: () => step(-1), redo: () => step(1), edits, scores: () => result().scores, state: () => ({ place: Object.fromEntries(m.ids.map((id, n) => [id, name(state().place[n])])), owner: Object.fromEntries(m.tables.id.map((id, t) => [id, name(result().owner[t])])) }) };
})();
