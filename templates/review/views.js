// The views, one for each tab: each gives what stands on the page.

const FIGURES = [
  ["contexts", "contexts", locale, 0, "Contexts that hold code; shared code is none"],
  ["inter_context_share", "dependencies across", percent, -1, "Share of imports, calls, base classes and references that cross from one context to another"],
  ["cut_foreign_keys", "foreign keys cut", locale, -1, "Keys from a table of one context to a table of another"],
  ["cut_transactions", "transactions cut", locale, -1, "Commits that write tables of more than one context"],
  ["contested_tables", "contested tables", locale, -1, "Tables that more than one context writes"],
  ["largest_share", "largest context", percent, -1, "Share of all modules that the largest context holds"],
  ["coverage", "assigned", percent, 1, "Share of the modules that have a context"],
  ["modularity", "modularity", (v) => v.toFixed(2), 0, "Of the proposal: how much more holds together inside contexts than chance would (0 to 1). Edits do not change it"],
  ["stability", "stability", (v) => v.toFixed(2), 0, "Of the proposal: how alike the cuts are when 5 % of the evidence is left out (0 to 1). Edits do not change it"],
];
function figures() {
  const first = timeline[0].result.scores, last = result().scores;
  $("figures").replaceChildren(...FIGURES.map(([id, label, form, wish, what]) => {
    const a = first[id], b = last[id], way = a === b || !wish ? "" : (b > a) === wish > 0 ? "better" : "worse";
    return el("div", { class: "figure", title: what, "data-figure": id, "data-value": b }, el("b", {}, a !== b && el("span", { class: "was" }, form(a) + " → "), el("span", { class: way }, form(b), way && el("span", { "aria-hidden": "true" }, way === "better" ? " ✓" : " ✗")), way && el("span", { class: "hidden" }, ` (${way})`)), el("span", {}, label));
  }));
  $("undo").disabled = at === 0;
  $("redo").disabled = at === timeline.length - 1;
  $("save").disabled = at === 0 || document.documentElement.dataset.saving === "yes";
  $("save").title = at ? "Key e" : "There are no edits yet";
  $("save").textContent = token ? `Save ${at || ""} edit${at === 1 ? "" : "s"}` : "Export edits" + (at ? ` (${at})` : "");
}

const mark = (n) => el("input", { type: "checkbox", "aria-label": "Mark " + m.ids[n], checked: marked.has(n), on: { change: (event) => { if (event.target.checked) marked.add(n); else marked.delete(n); side(); } } });
const given = (c) => raw.contexts.find((x) => x.name === name(c));
const routesOf = (c) => raw.routes.filter((x) => Model.unitContext(m, state(), x[3]) === c);
const tasksOf = (c) => raw.tasks.filter((x) => Model.unitContext(m, state(), x[1]) === c);

function moduleTable(id, list) {
  const first = timeline[0].state, tables = m.tablesOf, s = state();
  return table(id, [
    ["mark", (n) => (marked.has(n) ? 0 : 1), mark],
    ["module", (n) => m.ids[n], moduleLink],
    ["lines", (n) => m.lines[n], (n) => locale(m.lines[n]), true],
    ["context", (n) => name(s.place[n]), (n) => contextLink(s.place[n])],
    ["was", (n) => (first.place[n] !== s.place[n] ? 0 : 1), (n) => (first.place[n] !== s.place[n] ? (first.place[n] < 0 ? "unassigned" : first.names[first.place[n]]) : "")],
    ["fits", (n) => m.confidence[n], (n) => (s.shared[s.place[n]] ? "" : m.confidence[n] + " %"), true],
    ["drawn to", (n) => (m.alternative[n] < 0 ? "~" : raw.contexts[m.alternative[n]].name), (n) => (m.alternative[n] < 0 ? "" : raw.contexts[m.alternative[n]].name)],
    ["tables", (n) => (tables.get(n) ?? []).length, (n) => (tables.get(n) ?? []).length || "", true],
    ["pinned", (n) => (s.pinned.has(n) ? 0 : 1), (n) => (s.pinned.has(n) ? "yes" : "")],
  ], list, { label: "Filter modules", sort: zoom < 0 ? [1, 1] : [2, -1], caption: "Modules with their context", row: (n) => ({ class: selected?.module === n ? "chosen" : first.place[n] !== s.place[n] ? "changed" : undefined }) });
}

// What is likeliest to go wrong with the cut as it is now, the worst first, as words.
function risks() {
  const r = result(), found = [], cascades = new Map();
  for (const n of r.cutTransactions) { const t = m.transactions[n]; found.push([3 * writing(n).length, () => [decisionLink({ id: t.id, kind: "transaction" }), ` commits in ${listed(writing(n).map(name))}`]]); }
  const who = writers();
  r.contested.forEach((c, t) => { if (c) found.push([2 * who.get(t).length, () => [tableLink(t), ` is written by ${listed(who.get(t).map(name))}`]]); });
  for (const n of r.cutKeys) if (m.keys[n].rule.includes("CASCADE")) cascades.set(m.keys[n].to, (cascades.get(m.keys[n].to) ?? 0) + 1);
  for (const [t, count] of cascades) found.push([count, () => [tableLink(t), `: ${plural(count, "cut foreign key deletes", "cut foreign keys delete")} rows of other contexts with it`]]);
  return found.sort((a, b) => b[0] - a[0]).slice(0, 5).map(([, words]) => words());
}
// The contexts that write each table, shared code left out.
function writers() {
  const a = m.accesses, s = state(), found = new Map(m.tables.id.map((_, t) => [t, new Set()]));
  for (let n = 0; n < a.unit.length; n++) { const c = a.writes[n] ? Model.unitContext(m, s, a.unit[n]) : -1; if (c >= 0 && !s.shared[c]) found.get(a.table[n]).add(c); }
  return new Map([...found].map(([t, contexts]) => [t, [...contexts].sort((x, y) => (name(x) < name(y) ? -1 : 1))]));
}
const weak = () => [...m.ids.keys()].filter((n) => m.alternative[n] >= 0 && m.confidence[n] < 50 && !state().pinned.has(n) && state().place[n] >= 0 && !state().shared[state().place[n]]);
const undecided = () => [...waiting.values()].filter((d) => standing(d) === "open");

// What the analysis counts and the page does not show, as a sentence.
function leftOut() {
  const { tests, migrations, admin } = raw.beside, modules = [tests && plural(tests, "test module"), migrations && plural(migrations, "migration module")].filter(Boolean);
  const words = [modules.length && `the ${plural(m.count, "module")} of code without ${modules.join(" and ")}`, admin && `${plural(raw.routes.length, "route")} without ${admin > 1 ? admin + " of the admin site" : "that of the admin site"}`].filter(Boolean);
  return words.length ? ` Shown and counted below are ${words.join(", and ")}: these go with the code that they belong to.` : "";
}

const views = {
  start() {
    const r = result(), open_ = cuts().filter((d) => ["proposed", "open", "new"].includes(standing(d))), uses = undecided(), unassigned = [...state().place].filter((c) => c < 0).length, weak_ = weak(), worst = risks();
    const count = (kind) => open_.filter((d) => d.kind === kind).length, first = raw.order.find((o) => o.rank === 1), firstContext = first ? state().names.indexOf(first.name) : -1;
    const goes = (n, words, act) => n > 0 && el("li", {}, bare(words, act));
    const steps = token ? ["Save the edits: they are written into decompose.toml, and the plan is made anew."] : ["Export the edits and run ", code("decompose plan --apply edits.json"), ": they are written into decompose.toml, and the plan is made anew. (", code("decompose review"), " does both from this page.)"];
    return [
      el("div", { class: "columns even" },
        el("section", {}, el("h2", {}, raw.advice || `The code falls into ${r.scores.contexts} contexts that hold together.`),
          el("p", {}, `A proposal for cutting ${raw.project} (${[plural(m.count + raw.beside.tests + raw.beside.migrations, "module"), plural(raw.lines, "line"), plural(m.tables.id.length, "table"), plural(raw.routes.length + raw.beside.admin, "route")].join(", ")}${raw.frameworks.length ? "; " + raw.frameworks.join(", ") : ""}) into services.${leftOut()}`, el("span", { class: "screen" }, ` Nothing is changed by looking or clicking: edits stay on this page until you ${token ? "save" : "export"} them, and every one can be undone.`)),
          el("p", { class: "soft" }, `Made by decompose ${raw.version} from source `, code(raw.digest.slice(0, 12)), raw.failed.length > 0 && `; ${plural(raw.failed.length, "file")} could not be read`, "."),
          el("ol", { class: "steps screen" },
            el("li", {}, "See whether the contexts make sense: ", bare("the map", () => open("map")), ", then ", bare("their code", () => open("code")), ". Select anything to see why it is where it is."),
            el("li", {}, "Move what is in the wrong place: select it and press ", key("m"), ", or drag its box. The figures above change at once: before → after."),
            el("li", {}, "Go through the ", bare("decisions", () => open("decisions")), ": ", key("a"), " accepts a treatment, ", key("w"), " waives one with a reason."),
            el("li", {}, steps),
            el("li", {}, "Sign it: ", code("decompose plan --accept"), ". From then on ", code("decompose check"), " fails on new uses across the cut."))),
        el("section", {}, el("h2", {}, "What waits for you"),
          el("ul", { class: "plain" },
            goes(count("foreign-key"), plural(count("foreign-key"), "foreign key") + " across contexts", () => look("decisions", "foreign-key")), goes(count("transaction"), plural(count("transaction"), "transaction") + " across contexts", () => look("decisions", "transaction")),
            goes(count("table"), plural(count("table"), "table") + " with several writing contexts", () => look("decisions", "table")), goes(uses.length, plural(uses.length, "use") + " of a context that the tool cannot decide", () => open("uses")),
            goes(weak_.length, plural(weak_.length, "module") + " held weakly: less than half of the coupling stays inside", () => look("code", "", "modules", [5, 1])), goes(unassigned, plural(unassigned, "module") + " without a context", () => look("code", "unassigned", "modules")),
            goes(raw.questions.length, plural(raw.questions.length, "question") + " that only people can answer", () => { open("decisions"); $("questions").scrollIntoView(); }),
            !open_.length && !uses.length && el("li", {}, "Every decision is made.")),
          el("h2", {}, "Sign-off"), signedSummary(), el("p", { class: "screen" }, bare("Who signed what", () => open("signed")))),
        el("section", {}, el("h2", {}, "Largest risks"), worst.length ? el("ol", {}, worst.map((words) => el("li", {}, words))) : el("p", {}, "Nothing is cut.")),
        el("section", {}, el("h2", {}, "First service"), first ? [el("p", {}, firstContext < 0 ? el("b", {}, first.name) : contextLink(firstContext), `, ${first.readiness === "ready" ? "ready to extract" : first.readiness === "decisions" ? "waits for decisions" : "not separable yet"}.`), terms(first)] : el("p", {}, "No context is advised to be extracted."), el("p", { class: "screen" }, bare("The whole order, with steps", () => open("order"))))),
      el("h3", {}, "What the analysis could not see"),
      raw.failed.length + raw.unresolved.length === 0 ? el("p", {}, "Every file was read, every reference followed.") : [
        raw.failed.length > 0 && table("failed", [["file not read", (f) => f[0], (f) => source(f[0], f[1])], ["why", (f) => f[2], (f) => f[2]]], raw.failed, { caption: "Files not read" }),
        raw.unresolved.length > 0 && table("unresolved", [["kind", (u) => u[0], (u) => u[0]], ["why it was not followed", (u) => u[1], (u) => u[1]], ["places", (u) => u[2], (u) => locale(u[2]), true], ["the first", (u) => u[3], (u) => source(u[3], u[4])]], raw.unresolved, { sort: [2, -1], caption: "References that were not followed" })],
    ];
  },
  map() {
    const s = state(), living_ = living(), weight = Model.between(m, s), size = s.names.length, w = (a, b) => weight[a * size + b], data = dataBetween();
    const nodes = domain().filter((c) => result().sizes[c]), pairs = [];
    for (const a of living_) for (const b of living_) { const [keys, commits] = data.get(a + " " + b) ?? [0, 0]; if (a !== b && (w(a, b) || keys || commits)) pairs.push({ a, b, weight: w(a, b), keys, commits }); }
    pairs.sort((x, y) => y.weight - x.weight || y.keys - x.keys);
    const drawn = pairs.filter((p) => !s.shared[p.a] && !s.shared[p.b]), most = Math.min(show, drawn.length);
    const range = el("input", { type: "range", id: "shown", min: 0, max: drawn.length, value: most, on: { input: () => { show = +range.value; count.textContent = counted(show); picture.replaceChildren(mapPicture(nodes, drawn, w), hint); } } });
    const counted = (n) => (n >= drawn.length ? `all ${drawn.length}` : `the ${n} strongest of ${drawn.length}`), count = el("span", { class: "soft" }, counted(most)), hint = el("div", { class: "hint" }, "An arrow runs from the user to the used; its width is the number of imports, calls, base classes and references. Select a context for all of its own: blue to what it uses, orange from who uses it. Modules are those of code. Dashed: foreign keys or transactions only.");
    const picture = el("div", { class: "picture" }, mapPicture(nodes, drawn, w), hint);
    const inside = (c) => { let all = 0; for (const p of pairs) if (p.a === c) all += p.weight; const own = w(c, c); return own + all ? own / (own + all) : 1; };
    return [
      el("div", { class: "columns" },
        el("div", {}, el("div", { class: "bar" }, el("label", { for: "shown" }, "Arrows"), range, count), picture),
        el("div", {}, table("contexts", [
          ["context", (c) => name(c), contextLink],
          ["modules of code", (c) => result().sizes[c], (c) => locale(result().sizes[c]), true],
          ["tables", (c) => owned(c).length, (c) => owned(c).length || "", true],
          ["stays inside", inside, (c) => percent(inside(c)), true],
          ["FK cut", (c) => keysOf(c).length, (c) => keysOf(c).length || "", true],
          ["TX cut", (c) => transactionsOf(c).length, (c) => transactionsOf(c).length || "", true],
        ], living_, { sort: [1, -1], caption: "Contexts", row: (c) => ({ class: selected?.context === c ? "chosen" : undefined }) }))),
      el("h3", {}, "The arrows as a table"),
      table("between", [["from", (p) => name(p.a), (p) => contextLink(p.a)], ["to", (p) => name(p.b), (p) => contextLink(p.b)], ["places", (p) => p.weight, (p) => (p.weight ? bare(locale(p.weight), () => look("edges", `${name(p.a)} ${name(p.b)}`), { "aria-label": `${p.weight} places from ${name(p.a)} to ${name(p.b)}` }) : ""), true], ["foreign keys cut", (p) => p.keys, (p) => p.keys || "", true], ["transactions cut", (p) => p.commits, (p) => p.commits || "", true]], pairs, { sort: [2, -1], label: "Filter pairs", caption: "Dependencies, keys and transactions between contexts" }),
    ];
  },
  code() {
    const picker = el("select", { id: "zoom", on: { change: () => { zoom = +picker.value; camera = null; sorting.modules = undefined; draw(); $("zoom").focus(); } } }, el("option", { value: -1 }, "all contexts"), living().map((c) => el("option", { value: c, selected: c === zoom }, name(c))));
    const s = state(), list = [...m.ids.keys()].filter((n) => zoom < 0 || s.place[n] === zoom);
    const box = el("div", { class: "picture" }, el("canvas", { id: "boxes", "aria-hidden": "true" }), el("div", { class: "hint", id: "over" }, HINT));
    return [el("div", { class: "bar" }, el("label", { for: "zoom" }, "Show"), picker, zoom >= 0 && button("About it", () => select({ context: zoom })), button("Whole picture", () => { camera = null; paint(); }), el("span", { class: "soft" }, "Size: lines of code. A dot: pinned. Yellow: uses what is selected, or is used by it.")), box,
      el("h3", {}, zoom < 0 ? "Modules" : `Modules of ${name(zoom)}`), moduleTable("modules", list), zoom >= 0 && inContext(zoom)];
  },
  tables() {
    const s = state(), r = result(), first = timeline[0].result, a = m.accesses, cells = new Map();
    for (let n = 0; n < a.unit.length; n++) {
      const c = Model.unitContext(m, s, a.unit[n]); if (c < 0) continue;
      const id = a.table[n] * s.names.length + c, cell = cells.get(id) ?? [0, 0, 0, 0, 0];
      ["create", "read", "update", "delete", "write"].forEach((verb, i) => (cell[i] += a[verb][n]));
      cells.set(id, cell);
    }
    const shown = living().filter((c) => !s.shared[c]), cell = (t, c) => cells.get(t * s.names.length + c);
    const text = (v) => (v ? ["C", "R", "U", "D", "W"].map((letter, i) => (v[i] ? letter + v[i] : "")).filter(Boolean).join(" ") : "");
    const word = printing ? "" : (filters.crud ?? "").toLowerCase(), title = (t) => name(r.owner[t]) + " " + m.tables.id[t];
    const input = el("input", { id: "filter-crud", type: "search", placeholder: "Filter", value: filters.crud ?? "", on: { input: () => { filters.crud = input.value; draw(); const i = $("filter-crud"); i.focus(); i.setSelectionRange(i.value.length, i.value.length); } } });
    const found = [...m.tables.id.keys()].filter((t) => (!only || r.contested[t]) && (!word || title(t).toLowerCase().includes(word))).sort((x, y) => (title(x) < title(y) ? -1 : 1)), limit = printing ? Infinity : (pages.crud ??= 1) * PAGE;
    const box = el("input", { type: "checkbox", id: "only", checked: only, on: { change: () => { only = box.checked; draw(); $("only").focus(); } } });
    return [el("p", {}, "Places in the code that ", el("b", {}, "C"), "reate, ", el("b", {}, "R"), "ead, ", el("b", {}, "U"), "pdate and ", el("b", {}, "D"), "elete rows, tests left out. ", el("b", {}, "W"), ": a write of which the text does not say what it does. Framed: the owner. ", el("b", {}, "!"), " more than one context writes it."),
      el("div", { class: "bar" }, el("label", { for: "filter-crud" }, "Filter tables"), input, el("span", { class: "soft" }, `${found.length} of ${m.tables.id.length}`), el("label", {}, box, " contested only")),
      matrix("Contexts by tables: create, read, update, delete", 2, ["table", "owner", ...shown.map(name)], found.slice(0, limit).map((t) =>
        el("tr", { class: selected?.table === t ? "chosen" : r.owner[t] !== first.owner[t] ? "changed" : undefined }, el("th", { scope: "row" }, r.contested[t] ? el("b", { title: "more than one context writes it" }, "! ") : "", tableLink(t)), el("th", { scope: "row" }, contextLink(r.owner[t])),
          shown.map((c) => { const v = cell(t, c), sum = v ? v[0] + v[2] + v[3] + v[4] : 0; return el("td", { class: [r.owner[t] === c ? "own" : "", v ? "heat" + Math.min(4, 1 + (sum > 0) + (sum > 3) + (sum > 9)) : ""].join(" ") }, text(v)); })))),
      found.length > limit && el("p", {}, button("Show more", () => { pages.crud++; draw(); }))];
  },
  matrix() {
    const s = state(), list = living(), weight = Model.between(m, s), size = s.names.length;
    const most = Math.max(1, ...list.flatMap((a) => list.filter((b) => b !== a).map((b) => weight[a * size + b])));
    return [el("p", {}, "Places where code of a row's context depends on code of a column's. The diagonal, framed, is what stays inside.", el("span", { class: "screen" }, " A cell opens its edges.")),
      matrix("Dependencies between contexts", 1, ["from \\ to", ...list.map(name)], list.map((a) => el("tr", {}, el("th", { scope: "row" }, contextLink(a)), list.map((b) => {
        const v = weight[a * size + b];
        return el("td", { class: a === b ? "own" : v ? "heat" + Math.min(4, 1 + Math.floor((4 * Math.log1p(v)) / Math.log1p(most + 1))) : "" }, v ? (a === b ? locale(v) : bare(locale(v), () => look("edges", `${name(a)} ${name(b)}`), { "aria-label": `${v} places from ${name(a)} to ${name(b)}` })) : "");
      }))))];
  },
  edges() {
    const s = state(), e = m.edges, rows = [];
    for (let n = 0; n < e.src.length; n++) { const a = s.place[e.src[n]], b = s.place[e.dst[n]]; if (a !== b && a >= 0 && b >= 0 && !s.shared[b] && !s.shared[a]) rows.push(n); }
    const kinds = (n) => ["import", "call", "inherit", "reference"].filter((k) => e[k][n]).map((k) => `${k} ${e[k][n]}`).join(", ");
    return [el("p", {}, "Every dependency of code on code that crosses from one context to another, module by module. Use of shared code crosses nothing."),
      table("edges", [["from", (n) => name(s.place[e.src[n]]), (n) => contextLink(s.place[e.src[n]])], ["to", (n) => name(s.place[e.dst[n]]), (n) => contextLink(s.place[e.dst[n]])], ["module", (n) => m.ids[e.src[n]], (n) => moduleLink(e.src[n])], ["uses", (n) => m.ids[e.dst[n]], (n) => moduleLink(e.dst[n])],
        ["kinds", kinds, kinds], ["places", (n) => e.weight[n], (n) => e.weight[n], true], ["first", (n) => m.path(e.src[n]) + String(e.line[n]).padStart(6), (n) => source(e.src[n], e.line[n], true)]], rows, { sort: [5, -1], label: "Filter edges", caption: "Cut edges", none: "No dependency crosses." })];
  },
  decisions() {
    return [el("p", {}, "Foreign keys and transactions that the cut goes through, and tables that several contexts write.", el("span", { class: "screen" }, " Select one, then ", key("a"), " accepts a treatment and ", key("w"), " waives it.")),
      decisionTable("decisions", cuts(), "Nothing is cut that needs a decision."), waiting.size > 0 && [el("h3", {}, "Uses of a context that wait"), el("p", {}, `${plural(undecided().length, "use")} of ${waiting.size} wait for a person. `, bare("Decide them", () => open("uses")))], askedTable()];
  },
  uses() {
    return [el("p", {}, "Uses of a context from outside, and of the outside from a context, for which the analysis has no safe answer.", el("span", { class: "screen" }, " Select one, then ", key("a"), " says what becomes of it, or of all that are alike."), raw.left > 0 && ` The first ${raw.waiting.length} are listed; ${raw.left} more are in the saved plan.`),
      table("uses", [["id", (d) => d.id, decisionLink], ["kind", (d) => d.direction + " " + d.what, (d) => el("span", { class: "keep" }, `${d.direction} ${d.what}`)], ["use", (d) => d.subject, (d) => [el("div", {}, code(d.from)), el("div", {}, "→ ", code(d.to))]], ["why it waits", (d) => d.reason, (d) => breaking(d.reason)], ["state", standing, (d) => badge(standing(d))], ["where", (d) => d.evidence[0].join(":"), (d) => el("div", { class: "evidence" }, source(...d.evidence[0], true))]],
        [...waiting.values()], { label: "Filter uses", caption: "Uses that wait for a decision", none: "No use waits for a person.", row: (d) => ({ class: selected?.decision === d.id ? "chosen" : undefined }) })];
  },
  order() {
    const ranked = raw.order.filter((o) => o.rank), left = raw.order.filter((o) => !o.rank), context = (o) => { const c = state().names.indexOf(o.name); return c < 0 ? o.name : contextLink(c); };
    return [el("p", {}, "Which service first: the easiest, and those that others wait for. Each step ships alone and can be taken back. Contexts of one wave can be extracted side by side; the size compares contexts of this plan (how it is counted: plan.md)."), at > 0 && el("p", {}, el("b", {}, "The order is that of the plan before these edits. "), token ? "Save them for a new one." : "Apply them for a new one."),
      table("order", [["rank", (o) => o.rank, (o) => o.rank, true], ["context", (o) => o.name, context], ["score", (o) => o.score, (o) => signed(o.score), true], ["wave", (o) => o.wave, (o) => o.wave, true], ["size", (o) => o.size.join(" to "), (o) => el("span", { class: "keep" }, o.size.join(" to "))], ["readiness", (o) => o.readiness, (o) => o.readiness], ["what counts for and against it", (o) => o.reasons.join("; "), terms], ["calls out to", (o) => o.depends.join(" "), (o) => o.depends.join(", ")]], ranked, { caption: "Order of extraction", none: "No context is advised to be extracted." }),
      left.length > 0 && [el("h3", {}, "Not worth extracting now"), el("ul", {}, left.map((o) => el("li", {}, context(o), ": ", o.reasons.join("; "))))],
      el("h3", {}, "Runbooks"), ranked.filter((o) => o.steps.length).map(runbook)];
  },
  signed() {
    const rows = raw.signed;
    return [signedSummary(), el("p", {}, "Sign all that is decided with ", code("decompose plan --accept"), ", or parts with ", code("decompose plan --accept map FK-001 'TX-*'"), ". Extracting takes only what is signed, once anything is."), at > 0 && el("p", {}, "Signatures speak of the plan before your edits; what these change has to be signed again."),
      table("signed", [["part", (p) => p[0], (p) => signedLink(p[0])], ["about", (p) => p[1], (p) => code(p[1])], ["as planned now", (p) => p[2], (p) => p[2]], ["state", (p) => Object.keys(SIGNED).indexOf(p[3]), (p) => badge(p[3])], ["by", (p) => p[4], (p) => p[4]], ["when", (p) => p[5], (p) => el("span", { class: "keep" }, p[5])], ["what was signed", (p) => p[6], (p) => p[6]]], rows, { sort: [3, 1], label: "Filter parts", caption: "Parts of the plan with their signatures", none: "There is nothing to sign." })];
  },
  edits() {
    const rows = timeline.slice(1, at + 1).map((h, n) => ({ n: n + 1, h, before: timeline[n].result.scores })), form = Object.fromEntries(FIGURES.map(([id, , f]) => [id, f]));
    const change = (r, id) => { const a = r.before[id], b = r.h.result.scores[id]; return a === b ? "" : `${form[id](a)} → ${form[id](b)}`; };
    const column = (title, id) => [title, (r) => change(r, id), (r) => el("span", { class: "keep" }, change(r, id))];
    const cuts_ = [{ title: "proposed", scores: timeline[0].result.scores }, ...(at ? [{ title: "with your edits", scores: result().scores }] : []), ...raw.others.map((o) => ({ title: o.kind, scores: o.scores }))];
    return [el("h2", {}, at ? plural(at, "edit") : "No edits yet"), !at && el("p", {}, "Select something and press ", key("m"), ", or drag a box in Code."),
      at > 0 && [table("edits", [["number", (r) => r.n, (r) => r.n, true], ["edit", (r) => told(r.h.edit), (r) => told(r.h.edit)], column("dependencies across", "inter_context_share"), column("foreign keys cut", "cut_foreign_keys"), column("transactions cut", "cut_transactions"), column("contested", "contested_tables"), column("contexts", "contexts")], rows, { caption: "Edits with what each changed" }),
        el("p", {}, token ? "Saved edits go into decompose.toml; comments there stay." : ["Export them, then run ", code("decompose plan --apply edits.json"), "; comments in decompose.toml stay."])],
      el("h2", {}, "Beside other cuts"), el("p", {}, "What else the same evidence gives. No figure counts alone: one context for everything cuts nothing."),
      el("div", { class: "wide" }, el("table", {}, el("caption", { class: "hidden" }, "Figures of the alternatives"), el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "figure"), cuts_.map((c) => el("th", { scope: "col", class: "number" }, c.title)))), el("tbody", {}, [...FIGURES, ["cut_many_to_many", "many-to-many cut", locale]].map(([id, label, f]) => el("tr", {}, el("th", { scope: "row" }, label), cuts_.map((c) => el("td", { class: "number" }, f(c.scores[id])))))))),
      raw.others.map(other)];
  },
  search() {
    const words = $("search").value.trim().toLowerCase().split(/\s+/).filter(Boolean), fits = (text) => { const low = text.toLowerCase(); return words.every((w) => low.includes(w)); };
    const rows = [], s = state(), add = (kind, title, ...cells) => fits(`${kind} ${title}`) && rows.push([kind, title, ...cells]), unit = (u) => contextLink(Model.unitContext(m, s, u));
    living().forEach((c) => add("context", name(c), contextLink(c), ""));
    m.ids.forEach((id, n) => add("module", id, moduleLink(n), contextLink(s.place[n])));
    m.parts.forEach((id, n) => add("definition", id, unitLink(m.count + n), unit(m.count + n)));
    m.tables.id.forEach((id, t) => add("table", id, tableLink(t), contextLink(result().owner[t])));
    m.keys.forEach((k) => add("foreign key", `${k.id} ${k.src} ${k.dst}`, bare(`${k.id}  ${k.src} → ${k.dst}`, () => select({ decision: k.id }), { class: "bare code" }), source(k.path, k.line, true)));
    m.transactions.forEach((t) => add("transaction", `${t.id} ${t.definition}`, bare(`${t.id}  ${t.definition}`, () => select({ decision: t.id }), { class: "bare code" }), source(t.path, t.line, true)));
    raw.routes.forEach(([methods, path, handler, u, file, line]) => add("route", `${methods} ${path} ${handler}`, el("span", {}, code(`${methods} ${path}`), " ", unitLink(u)), [unit(u), " ", source(file, line, true)]));
    raw.tasks.forEach(([title, u, file, line]) => add("task", title, el("span", {}, code(title), " ", unitLink(u)), [unit(u), " ", source(file, line, true)]));
    waiting.forEach((d) => add("use to decide", `${d.id} ${d.what} ${d.subject} ${d.reason}`, bare(`${d.id}  ${d.subject}`, () => select({ decision: d.id }), { class: "bare code" }), source(...d.evidence[0], true)));
    raw.order.forEach((o) => o.operations.forEach(([title, ...op]) => add("operation", `${o.name} ${title}`, code(`${o.name}.${title}`), source(op[4], op[5], true))));
    const order = [...new Set(rows.map((r) => r[0]))]; // what is called just so comes first, then contexts before what is in them
    return [el("h2", { id: "found" }, `${locale(rows.length)} found for “${$("search").value.trim()}”`), table("found", [["what", (r) => (r[1].toLowerCase() === words.join(" ") ? -1 : order.indexOf(r[0])), (r) => el("span", { class: "keep" }, r[0])], ["name", (r) => r[1], (r) => r[2]], ["where", () => "", (r) => r[3]]], rows, { label: "Filter what was found", caption: "Found", none: "Names of contexts, modules, definitions, tables, columns, routes, tasks and operations are searched, and ids such as FK-001." })];
  },
};

// Terms of the order's score, those that speak for a context before those against it.
function terms(o) {
  const split = o.reasons.map((reason) => /^(.*): ([+-][\d.]+)$/.exec(reason));
  if (!split.every(Boolean)) return o.reasons.join("; ");
  const side_ = (sign) => split.filter((t) => t[2][0] === sign).map((t) => el("span", { class: "term " + (sign === "+" ? "for" : "against") }, t[1] + " ", el("b", {}, t[2].replace("-", "−"))));
  return el("div", { class: "terms" }, side_("+"), side_("-"));
}
const runbook = (o) => el("details", { open: printing }, el("summary", {}, `${o.rank}. ${o.name}`), el("ol", { class: "steps" }, o.steps.map((step_) => el("li", {}, el("b", {}, step_.title), step_.last && el("b", {}, " (last safe point)"), step_.waits ? ` waits for ${plural(step_.waits, "use")}` : "", step_.command && el("div", {}, code(step_.command)), el("div", { class: "soft" }, "Proof: " + step_.proof), el("div", { class: "soft" }, "Way back: " + step_.reverse)))));

function decisionTable(id, rows, none) {
  return table(id, [["id", (d) => d.id, decisionLink], ["kind", (d) => d.kind, (d) => el("span", { class: "keep" }, d.kind)], ["about", (d) => d.subject, (d) => code(d.subject)],
    ["proposal", (d) => d.proposal, (d) => { const a = answerOf(d); return [a && el("div", {}, el("b", {}, a.op === "waive" ? "Waived: " : `${a.choice}: `), a.reason), (d.proposal || d.reason) && el("div", { class: a ? "soft" : undefined }, d.proposal && [el("b", {}, d.proposal), ": "], d.reason)]; }],
    ["state", (d) => standing(d), (d) => [badge(standing(d)), !answerOf(d) && (d.by || d.until) && el("div", { class: "soft" }, [d.by, d.until && "until " + d.until].filter(Boolean).join(", "))]], ["evidence", (d) => (d.evidence[0] ?? []).join(":"), (d) => d.evidence.slice(0, 2).map(([path, line]) => el("div", { class: "evidence" }, source(path, line, true)))]],
    rows, { label: "Filter decisions", caption: "Decisions", row: (d) => ({ class: selected && (selected.decision === d.id || (selected.table !== undefined && d.id === "TBL-" + m.tables.id[selected.table])) ? "chosen" : undefined }), none });
}

const askedTable = () => raw.questions.length > 0 && [el("h3", { id: "questions" }, "Questions that the code does not answer"), el("p", {}, "Answers are written into plan.md, where they stay when the plan is made anew."), table("asked", [["id", (q) => q[0], (q) => el("span", { class: "keep" }, q[0])], ["question", (q) => q[1], (q) => q[1].replace(/\\(.)/g, "$1").split("`").map((part, n) => (n % 2 ? code(part) : part))], ["to be answered by", (q) => q[2], (q) => q[2]]], raw.questions, { caption: "Questions to people", label: "Filter questions" })];

// States of parts, those first that want something of a person.
const SIGNED = { drifted: "not what was signed", waits: "waiting for choices", unsigned: "signed by nobody", waived: "waived", signed: "signed" };
function signedSummary() {
  if (!raw.lock) return el("p", {}, "Nobody has signed this plan yet: there is no plan.lock.");
  const counts = Object.keys(SIGNED).map((kind) => [kind, raw.signed.filter((p) => p[3] === kind).length]).filter(([, n]) => n), drifted = raw.signed.filter((p) => p[3] === "drifted");
  return [el("p", {}, `Of ${plural(raw.signed.length, "part")}: `, counts.map(([kind, n], i) => [i ? ", " : "", el("b", {}, locale(n)), " " + SIGNED[kind]]), "."),
    drifted.length > 0 && el("p", {}, el("b", {}, "Drifted since it was signed: "), drifted.slice(0, 6).map((p, i) => [i ? ", " : "", signedLink(p[0])]), drifted.length > 6 && ` and ${drifted.length - 6} more`, ". See ", code("decompose diff plan.lock"), ".")];
}
function signedLink(id) {
  if (decisions.has(id)) return decisionLink(decisions.get(id));
  const c = state().names.indexOf(id);
  return c < 0 ? el("b", {}, id === "map" ? "the cut" : id) : contextLink(c);
}

function other(o) {
  const where = Model.column(o.context), made = o.contexts.map((title, n) => {
    const list = [...where.keys()].filter((i) => where[i] === n), from = new Map();
    list.forEach((i) => { const c = state().place[i]; from.set(c, (from.get(c) ?? 0) + 1); });
    return { title, list, from: [...from].sort((a, b) => b[1] - a[1]) };
  });
  return [el("h3", {}, `The ${o.kind} cut`), table("other-" + o.kind, [["its context", (x) => x.title, (x) => x.title], ["modules of code", (x) => x.list.length, (x) => x.list.length, true], ["made of", (x) => x.from.map(([c]) => name(c)).join(" "), (x) => x.from.slice(0, 6).map(([c, count]) => el("span", { class: "keep" }, contextLink(c), ` ${count}  `))]], made, { sort: [1, -1], caption: "Contexts of the alternative" })];
}

// Tables, routes, tasks and operations of one context.
function inContext(c) {
  const tables = owned(c), routes = routesOf(c), tasks = tasksOf(c), planned = raw.order.find((o) => o.name === name(c)), s = state(), who = writers();
  return [
    tables.length > 0 && [el("h3", {}, "Tables"), table("own-tables", [["table", (t) => m.tables.id[t], tableLink], ["model", (t) => (m.tables.part[t] >= 0 ? m.parts[m.tables.part[t]] : ""), (t) => (m.tables.part[t] >= 0 ? unitLink(m.count + m.tables.part[t]) : "")], ["written by", (t) => who.get(t).map(name).join(" "), (t) => who.get(t).map(contextLink).flatMap((x, i) => (i ? [" ", x] : [x]))], ["keys cut", (t) => result().cutKeys.filter((n) => m.keys[n].from === t || m.keys[n].to === t).length, (t) => result().cutKeys.filter((n) => m.keys[n].from === t || m.keys[n].to === t).length || "", true]], tables, { label: "Filter tables", caption: "Tables of the context" })],
    routes.length > 0 && [el("h3", {}, "Routes"), table("own-routes", [["method", (x) => x[0], (x) => x[0]], ["path", (x) => x[1], (x) => code(x[1])], ["handler", (x) => x[2], (x) => (x[3] >= 0 ? unitLink(x[3]) : code(x[2]))], ["declared", (x) => x[4] + x[5], (x) => source(x[4], x[5], true)]], routes, { sort: [1, 1], label: "Filter routes", caption: "Routes of the context" })],
    tasks.length > 0 && [el("h3", {}, "Tasks"), table("own-tasks", [["task", (x) => x[0], (x) => code(x[0])], ["declared", (x) => x[2] + x[3], (x) => source(x[2], x[3], true)]], tasks, { caption: "Tasks of the context" })],
    planned?.operations.length > 0 && [el("h3", {}, "Operations that others call, as planned"), table("own-operations", [["operation", (x) => x[0], (x) => code(x[0])], ["kind", (x) => x[1], (x) => x[1]], ["parameters", (x) => x[2], (x) => code(x[2])], ["returns", (x) => x[3], (x) => code(x[3])], ["uses", (x) => x[4], (x) => x[4] || "", true], ["first", (x) => x[5] + x[6], (x) => (x[5] === "" ? "" : source(x[5], x[6], true))]], planned.operations, { label: "Filter operations", caption: "Operations of the context" })],
    planned?.forgotten.length > 0 && [el("h3", {}, "Easily forgotten: what goes with it without an import"), table("forgotten", [["what", (x) => x[0], (x) => el("span", { class: "keep" }, x[0])], ["which", (x) => x[1], (x) => code(x[1])], ["where", (x) => x[2] + x[3], (x) => source(x[2], x[3], true)]], planned.forgotten, { label: "Filter", caption: "Signal handlers, schedules, environment and outside systems of the context" })],
    keysOf(c).length + transactionsOf(c).length > 0 && [el("h3", {}, "Decisions about it"), decisionTable("own-decisions", cuts().filter((d) => d.contexts.includes(s.names[c]) || keysOf(c).some((n) => m.keys[n].id === d.id) || transactionsOf(c).some((n) => m.transactions[n].id === d.id)))],
  ];
}

// Cut keys and transactions by pairs of contexts: from the one that refers, or commits, to the other.
function dataBetween() {
  const found = new Map(), r = result(), add = (a, b, n) => { const id = a + " " + b, pair = found.get(id) ?? [0, 0]; pair[n]++; found.set(id, pair); };
  for (const n of r.cutKeys) add(r.owner[m.keys[n].from], r.owner[m.keys[n].to], 0);
  for (const n of r.cutTransactions) {
    const list = writing(n), home = Model.unitContext(m, state(), m.transactions[n].unit), user = list.includes(home) ? home : list[0];
    list.filter((c) => c !== user).forEach((c) => add(user, c, 1));
  }
  return found;
}
