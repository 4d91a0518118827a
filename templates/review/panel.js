// The panel at the side: what is selected, why it is where it is, and what can be done with it.

function side() {
  const box = $("side"), parts = [];
  if (marked.size) parts.push(el("h2", {}, plural(marked.size, "module") + " marked"), el("div", { class: "buttons" }, ...onModules(), button("Unmark", () => { marked = new Set(); draw(); }, "Esc")));
  if (selected) parts.push(panel());
  box.replaceChildren(...parts.flat(Infinity).filter(Boolean));
  if (selected) box.prepend(el("button", { type: "button", class: "close", "aria-label": "Close", title: "Key Esc", on: { click: () => { selected = null; draw(); } } }, "×"));
  if ($("boxes")) repaint();
}
const onModules = () => [button("Move", acts.move, "m"), button("Split off", acts.split, "s"), button("Pin", acts.pin, "p"), button("Library", acts.library, "l")];
const onDecision = (d) => d && [button(d.proposal ? "Accept" : "Decide", acts.accept, "a"), d.kind !== "edge" && button("Waive", acts.waive, "w")];

function panel() {
  if (selected.module !== undefined) return modulePanel(selected.module);
  if (selected.package !== undefined) return packagePanel(selected.package);
  if (selected.part !== undefined) return partPanel(selected.part);
  if (selected.table !== undefined) return tablePanel(selected.table);
  if (selected.decision) return decisionPanel(decision());
  return contextPanel(selected.context);
}

function contextPanel(c) {
  const s = state(), r = result();
  if (!r.present.has(c)) return [el("h2", {}, name(c)), el("p", { class: "soft" }, "No code is left in it.")];
  const proposed = given(c), order = raw.order.find((o) => o.name === name(c)), tables = owned(c), packs = new Map();
  const list = [...m.ids.keys()].filter((n) => s.place[n] === c), parts = [...s.part.keys()].filter((n) => s.part[n] === c), routes = routesOf(c), tasks = tasksOf(c);
  list.forEach((n) => { const p = Draw.folder(m.ids[n]); packs.set(p, (packs.get(p) ?? 0) + m.lines[n]); });
  return [el("h2", {}, swatch(c), name(c)), proposed && el("p", { class: "soft" }, proposed.description),
    facts(["modules of code", `${list.length}, ${locale(list.reduce((sum, n) => sum + m.lines[n], 0))} lines`], ["team", s.shared[c] ? "" : proposed?.team || "no team named"],
      !s.shared[c] && ["cohesion", proposed && `${proposed.cohesion.toFixed(2)} as proposed`], !s.shared[c] && ["stability", proposed && `${proposed.stability.toFixed(2)} as proposed`],
      !s.shared[c] && ["own data", proposed && `${percent(proposed.own)} of its accesses`], !s.shared[c] && ["exclusivity", proposed && `${percent(proposed.exclusive)} of those to its tables`],
      ["readiness", order?.readiness], ["rank", order?.rank || ""], ["uses from outside", order && Object.entries(order.uses).filter(([k]) => k.startsWith("in ")).map(([k, v]) => `${v} ${k.slice(3).replace("decide", "to decide")}`).join(", ")],
      ["FK cut", keysOf(c).length && bare(String(keysOf(c).length), () => look("decisions", "foreign-key"))], ["TX cut", transactionsOf(c).length && bare(String(transactionsOf(c).length), () => look("decisions", "transaction"))]),
    el("div", { class: "buttons" }, button("Drill in", () => { zoom = c; camera = null; sorting.modules = undefined; open("code"); }, "Enter"), !s.shared[c] && [button("Rename", acts.rename, "r"), button("Merge into", acts.merge, "g")]),
    el("details", { open: true }, el("summary", {}, `Packages (${packs.size})`), more([...packs].sort((a, b) => b[1] - a[1]), ([p, lines]) => [packageLink(p), el("span", { class: "soft" }, ` ${locale(lines)} lines`)], 30)),
    parts.length > 0 && el("details", {}, el("summary", {}, `Definitions from other modules (${parts.length})`), more(parts, (p) => unitLink(m.count + p), 60)),
    el("details", { open: tables.length < 30 }, el("summary", {}, `Tables (${tables.length})`), more(tables, tableLink, 200)),
    routes.length > 0 && el("details", {}, el("summary", {}, `Routes (${routes.length})`), more(routes, (x) => [code(`${x[0]} ${x[1]} `), source(x[4], x[5], true)], 300)),
    tasks.length > 0 && el("details", {}, el("summary", {}, `Tasks (${tasks.length})`), more(tasks, (x) => [code(x[0] + " "), source(x[2], x[3], true)], 300))];
}

function packagePanel(package_) {
  const s = state(), list = [...m.ids.keys()].filter((n) => m.ids[n] === package_ || m.ids[n].startsWith(package_ + ".")), where = new Map();
  list.forEach((n) => where.set(s.place[n], (where.get(s.place[n]) ?? 0) + 1));
  return [el("h2", {}, breaking(package_)), facts(["package of", plural(list.length, "module")], ["in", [...where].map(([c, count]) => el("div", {}, contextLink(c), ` ${count}`))]), el("div", { class: "buttons" }, ...onModules()), more(list.sort((a, b) => m.lines[b] - m.lines[a]), (n) => [moduleLink(n), el("span", { class: "soft" }, ` ${locale(m.lines[n])} lines`)], 40)];
}

function partPanel(part) {
  const unit = m.count + part, module = m.partModule[part];
  return [el("h2", {}, breaking(m.parts[part])), facts(["definition in", moduleLink(module)], ["context", contextLink(Model.unitContext(m, state(), unit))], ["source", source(module, m.partLine[part])], ["tables", [...m.tables.id.keys()].filter((t) => m.tables.part[t] === part).map((t) => el("div", {}, tableLink(t)))]),
    el("div", { class: "buttons" }, button("Move", acts.move, "m"), button("Pin", acts.pin, "p")), el("p", { class: "soft" }, "It can be moved alone: its table goes with it.")];
}

function tablePanel(t) {
  const s = state(), r = result(), a = m.accesses, users = [], place = raw.tables.line[t], d = tableDecision(t);
  for (let n = 0; n < a.unit.length; n++) if (a.table[n] === t) users.push(n);
  users.sort((x, y) => a.claim[y] - a.claim[x]);
  return [el("h2", {}, breaking(m.tables.id[t])), facts(["owner", contextLink(r.owner[t])], ["kind", ["table", "join table", "table of a library"][m.tables.kind[t]]], ["model", m.tables.part[t] >= 0 ? unitLink(m.count + m.tables.part[t]) : ""], ["source", place ? source(...place) : ""], ["contested", r.contested[t] ? "yes: several contexts write it" : ""], d && ["state", badge(standing(d))]),
    el("div", { class: "buttons" }, button("Set owner", acts.own, "o"), m.tables.part[t] >= 0 && button("Move model", acts.move, "m"), onDecision(d)), d && about(d),
    el("h3", {}, "Keys"), more(m.keys.filter((k) => k.from === t || k.to === t), (k) => bare(`${k.id} ${k.src} → ${k.dst}`, () => select({ decision: k.id }), { class: "bare code" })),
    el("h3", {}, "Used by"), more(users, (n) => [unitLink(a.unit[n]), " ", el("span", { class: "soft" }, verbs(a, n)), " ", contextLink(Model.unitContext(m, s, a.unit[n]))], 24)];
}

function decisionPanel(d) {
  if (!d) return [];
  const r = result(), found = m.keys.find((k) => k.id === d.id), t = m.transactions.find((x) => x.id === d.id);
  const cut = found ? r.cutKeys.includes(m.keys.indexOf(found)) : t ? r.cutTransactions.includes(m.transactions.indexOf(t)) : true;
  return [el("h2", {}, d.id), el("p", {}, code(d.subject)),
    facts(found && ["kind", `${found.kind}${found.rule ? ", ON DELETE " + found.rule : ""}`], found && found.from >= 0 && ["from", [tableLink(found.from), " ", contextLink(r.owner[found.from])]], found && found.to >= 0 && ["to", [tableLink(found.to), " ", contextLink(r.owner[found.to])]], found && ["declared", source(found.path, found.line)],
      t && ["where", [unitLink(t.unit), " ", source(t.path, t.line)]], t && ["writes", t.written.map((x) => el("div", {}, tableLink(x), " ", contextLink(r.owner[x])))],
      d.kind === "edge" && ["use", `${d.what}, ${d.direction === "in" ? "from outside into" : "of the outside by"} ${d.context}`], d.kind === "edge" && state().names.includes(d.context) && ["context", contextLink(state().names.indexOf(d.context))], ["state", cut ? badge(standing(d)) : "not cut: nothing to decide"]),
    cut && [el("div", { class: "buttons" }, onDecision(d)), about(d)]];
}
// What was said and proposed about a decision, with what else can be chosen at what cost.
function about(d) {
  const answer = answerOf(d);
  return [answer && el("p", {}, el("b", {}, answer.op === "waive" ? `Waived${answer.until ? " until " + answer.until : ""}: ` : `Accepted: ${answer.choice}. `), answer.reason, answer.by && ` (${answer.by})`, answer.id !== d.id && [" With all of ", code(answer.id)]),
    !answer && (d.state === "accepted" || d.state === "waived") && el("p", {}, el("b", {}, d.state === "waived" ? "Waived" : "Accepted"), d.by && ` by ${d.by}`, d.until && ` until ${d.until}`, "."),
    el("p", {}, d.proposal && el("b", {}, d.proposal + ": "), d.reason), d.alternatives.length > 0 && [el("h3", {}, d.proposal ? "Instead" : "What it can become"), el("ul", {}, d.alternatives.map(([choice, cost]) => el("li", {}, el("b", {}, choice), cost && ": ", cost)))], d.evidence.length > 0 && [el("h3", {}, "Evidence"), d.evidence.map(([path, line]) => el("div", {}, source(path, line)))]];
}

function modulePanel(n) {
  const s = state(), e = m.edges, uses = [], used = [], a = m.accesses, data = [];
  for (let i = 0; i < e.src.length; i++) { if (e.src[i] === n) uses.push(i); else if (e.dst[i] === n) used.push(i); }
  for (let i = 0; i < a.unit.length; i++) if (a.unit[i] === n || (a.unit[i] >= m.count && m.partModule[a.unit[i] - m.count] === n)) data.push(i);
  const heavy = (list) => list.sort((x, y) => e.weight[y] - e.weight[x]), package_ = Draw.folder(m.ids[n]) || m.ids[n];
  const parts = [...m.partModule.keys()].filter((p) => m.partModule[p] === n), shared = s.place[n] >= 0 && s.shared[s.place[n]];
  return [el("h2", {}, breaking(m.ids[n])), facts(["context", contextLink(s.place[n])], ["source", source(n, 1)], ["lines", locale(m.lines[n])], !shared && ["fits", `${m.confidence[n]} % of its coupling stays in its context as proposed`], ["drawn to", m.alternative[n] < 0 ? "" : raw.contexts[m.alternative[n]].name], ["pinned", s.pinned.has(n) ? "yes" : ""], ["package", packageLink(package_)]),
    el("div", { class: "buttons" }, ...onModules(), button(marked.has(n) ? "Unmark" : "Mark", acts.mark, "x")),
    parts.length > 0 && [el("h3", {}, "Definitions that can be moved alone"), more(parts, (p) => [unitLink(m.count + p), " ", contextLink(Model.unitContext(m, s, m.count + p))], 20)],
    el("h3", {}, `Uses (${uses.length})`), more(heavy(uses), (i) => [moduleLink(e.dst[i]), ` ${e.weight[i]} `, contextLink(s.place[e.dst[i]])]),
    el("h3", {}, `Used by (${used.length})`), more(heavy(used), (i) => [moduleLink(e.src[i]), ` ${e.weight[i]} `, contextLink(s.place[e.src[i]])]),
    data.length > 0 && [el("h3", {}, "Tables"), more(data, (i) => [tableLink(a.table[i]), " ", el("span", { class: "soft" }, verbs(a, i)), " ", source(n, a.line[i], true)])]];
}
