// What a person changes: the list of edits with the map after each, undo and redo, and the dialogs that make them.

const m = Model.read(JSON.parse(document.getElementById("model").textContent)), raw = m.raw;
const token = document.documentElement.dataset.token;
const $ = (id) => document.getElementById(id);
const timeline = [{ state: m.start, edit: null, result: Model.score(m, m.start) }];
let at = 0, saved = 0, selected = null, marked = new Set();
const now = () => timeline[at];
const state = () => now().state;
const result = () => now().result;
const name = (c) => (c < 0 ? "unassigned" : state().names[c]);

let timer = 0;
function said(text, stays = false) {
  $("said").textContent = text;
  clearTimeout(timer);
  if (!stays) timer = setTimeout(() => ($("said").textContent = ""), 6000);
}

// Makes an edit, or says why not. Returns what stands against it, "" when it is done.
function edit(change) {
  let next;
  try { next = Model.apply(m, state(), change); } catch (error) { return error.message; }
  timeline.length = at + 1;
  timeline.push({ state: next, edit: change, result: Model.score(m, next) });
  at++;
  marked = new Set();
  figures();
  soon();
  said(told(change) + moved(timeline[at - 1].result.scores, result().scores));
  return "";
}
function tried(change) { const problem = edit(change); if (problem) said(problem); }

function step(by) {
  if (at + by < 0 || at + by >= timeline.length) return said(by < 0 ? "There is nothing to undo." : "There is nothing to do again.");
  const change = by < 0 ? now().edit : timeline[at + by].edit;
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
    case "waive": return `waive ${e.id}${e.until ? " until " + e.until : ""}: ${e.reason}`;
  }
}
// The figures that differ, in words.
function moved(a, b) {
  const words = [["cut_foreign_keys", "foreign keys cut"], ["cut_transactions", "transactions cut"], ["contested_tables", "contested tables"]].filter(([k]) => a[k] !== b[k]).map(([k, label]) => `${label} ${a[k]} → ${b[k]}`);
  if (a.inter_context_share !== b.inter_context_share) words.unshift(`dependencies across ${percent(a.inter_context_share)} → ${percent(b.inter_context_share)}`);
  return words.length ? ". " + words.join(", ") : "";
}
const edits = () => timeline.slice(1, at + 1).map((h) => h.edit);
const exported = () => JSON.stringify({ schema: "decompose/edits/1", plan: raw.digest, edits: edits() }, null, 1) + "\n";

// --- out of the page ----------------------------------------------------------------------------------

const AFTER = "decompose-saved";
async function save() {
  if (!at) return said("There are no edits yet.");
  if (token) return send();
  const link = el("a", { href: URL.createObjectURL(new Blob([exported()], { type: "application/json" })), download: "edits.json" });
  document.body.append(link); link.click(); link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  saved = at;
  said("Exported as edits.json. Apply them with: decompose plan --apply edits.json");
}

// Sends the edits to the server and says what it does until it is done; then the page is that of the new plan.
async function send() {
  $("save").disabled = true;
  document.documentElement.dataset.saving = "yes";
  said("Saving …", true);
  try {
    const answer = await fetch("edits", { method: "POST", headers: { "Content-Type": "application/json", "X-Decompose-Token": token }, body: exported() });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "", last = {};
    for (;;) {
      const { value, done } = await reader.read();
      const lines = (rest + (value ?? "")).split("\n");
      rest = done ? "" : lines.pop();
      for (const line of lines.filter(Boolean)) { last = JSON.parse(line); if (last.doing) said(last.of > 1 ? `${last.doing}: ${last.done} of ${last.of}` : last.doing + " …", true); }
      if (done) break;
    }
    if (last.error) throw new Error(last.error.message + (last.error.hint ? " (" + last.error.hint + ")" : ""));
    if (!last.saved) throw new Error("the server ended before it was done; is `decompose review` still running?");
    sessionStorage.setItem(AFTER, JSON.stringify({ ...last.saved, tab }));
    saved = at;
    location.reload();
  } catch (error) {
    said("");
    dialog("Not saved", [{ text: error.message }, { text: "Your edits are still here." }], null, "Close");
  } finally {
    delete document.documentElement.dataset.saving;
    figures();
  }
}
addEventListener("beforeunload", (event) => { if (at !== saved) event.preventDefault(); });

// --- dialogs ------------------------------------------------------------------------------------------

function dialog(title, fields, done, act = "OK") {
  const box = $("dialog"), inputs = {}, error = el("p", { class: "error", role: "alert" });
  const form = el("form", { method: "dialog" }, el("h2", { id: "dialog-title" }, title));
  for (const f of fields) {
    if (f.text) { form.append(el("p", {}, f.text)); continue; }
    const id = "field-" + f.key;
    let input;
    if (f.options) input = el("select", { id }, f.options.map(([value, label]) => el("option", { value, selected: value === f.value }, label)));
    else input = el("input", { id, type: f.type ?? "text", value: f.value ?? "", list: f.list ? id + "-list" : undefined, autocomplete: "off", spellcheck: "false" });
    form.append(el("label", { for: id }, f.label), input);
    if (f.list) form.append(el("datalist", { id: id + "-list" }, f.list.map((value) => el("option", { value }))));
    inputs[f.key] = input;
  }
  form.append(error, el("div", { class: "buttons" }, done && el("button", { type: "button", on: { click: () => box.close() } }, "Cancel"), el("button", { class: "strong", type: "submit" }, act)));
  form.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.matches("select")) { event.preventDefault(); form.requestSubmit(); } });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const problem = done ? done(Object.fromEntries(Object.entries(inputs).map(([name_, input]) => [name_, input.value.trim()]))) : "";
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
const contextField = (label) => ({ key: "to", label, value: "", list: [...domain().map(name), "shared"] });
const NOTHING = "Select something first: a box on the map, a name in a table, or what the search finds.";
function decided({ id, ...more_ }) {
  settings.by = more_.by;
  keep();
  return edit({ id, ...more_ });
}

const acts = {
  move() {
    const list = subjects();
    if (!list.length) return selected?.context !== undefined ? acts.merge() : said(NOTHING);
    const hints = list.length === 1 && m.module.has(list[0]) ? m.alternative[m.module.get(list[0])] : -1;
    dialog("Move " + listed(list), [{ text: (hints >= 0 && raw.contexts[hints] ? `The evidence draws it to ${raw.contexts[hints].name} next. ` : "") + "A new name makes a new context." }, contextField("To context")],
      ({ to }) => (to ? edit(to === "shared" ? { op: "library", subjects: list } : { op: "move", subjects: list, to }) : "Name a context."), "Move");
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
    if (selected?.context === undefined || state().shared[selected.context]) return said("Select a context first.");
    const context = name(selected.context), others = domain().filter((c) => c !== selected.context).map((c) => [name(c), name(c)]);
    dialog(`Merge ${context} into another context`, [{ key: "to", label: "Becomes part of", options: others }], ({ to }) => edit({ op: "merge", context, to }), "Merge");
  },
  rename() {
    if (selected?.context === undefined || state().shared[selected.context]) return said("Select a context first.");
    const context = name(selected.context);
    dialog(`Rename ${context}`, [{ key: "to", label: "New name", value: context }], ({ to }) => (to === context ? "" : edit({ op: "rename", context, to })), "Rename");
  },
  pin() { const list = subjects(); if (list.length) tried({ op: "pin", subjects: list }); else said(NOTHING); },
  library() {
    const list = subjects();
    if (!list.length || list.some((s) => m.part.has(s))) return said("Select a module or package first.");
    tried({ op: "library", subjects: list });
  },
  own() {
    if (selected?.table === undefined) return said("Select a table first.");
    const subject = m.tables.id[selected.table];
    dialog(`Who owns ${subject}?`, [{ key: "to", label: "Owner", options: domain().map((c) => [name(c), name(c)]), value: name(result().owner[selected.table]) }], ({ to }) => edit({ op: "own", table: subject, to }), "Set owner");
  },
  accept() {
    const d = decision(); if (!d) return said("Select a decision first: a foreign key, a transaction, a contested table, or a use that waits.");
    const before = answerOf(d), choices = choicesOf(d);
    if (!choices.length) return said("Nothing can be chosen here: the panel says why.");
    dialog(`${d.proposal ? "Accept" : "Decide"} ${d.id}`, [{ text: d.subject.replace("->", "→") }, { key: "choice", label: "Treatment", value: before?.choice ?? d.proposal, options: choices },
      d.kind === "edge" && { key: "id", label: "Goes for", value: before?.id ?? d.id, options: alike(d) },
      { key: "reason", label: "Reason (optional)", value: before?.reason }, { key: "by", label: "Who decides", value: settings.by }].filter(Boolean),
      ({ choice, reason, by, id = d.id }) => decided({ op: "accept", id, choice, reason, by }), "Accept");
  },
  waive() {
    const d = decision(); if (!d || d.kind === "edge") return said("Select a foreign key, transaction or table with a decision first.");
    const before = state().answers.get(d.id);
    dialog(`Waive ${d.id}`, [{ text: d.subject.replace("->", "→") }, { key: "reason", label: "Why it may stay as it is", value: before?.reason }, { key: "until", label: "Until (empty: for good)", type: "date", value: before?.until }, { key: "by", label: "Who decides", value: settings.by }],
      ({ reason, until, by }) => decided({ op: "waive", id: d.id, reason, by, until }), "Waive");
  },
  mark() {
    if (selected?.module === undefined) return said("Select a module first.");
    if (marked.has(selected.module)) marked.delete(selected.module); else marked.add(selected.module);
    draw();
  },
};

// --- decisions ----------------------------------------------------------------------------------------

const decisions = new Map(raw.decisions.map((d) => [d.id, d]));
// A use of a context that waits for a person, as a decision.
const waiting = new Map(raw.waiting.map(([id, context, direction, kind, source_, target, reason, path, line, choices]) =>
  [id, { id, kind: "edge", subject: `${source_} → ${target}`, proposal: "", reason, alternatives: choices.map((choice) => [choice, raw.dispositions[choice] ?? ""]), state: "open", by: "", evidence: [[path, line]], contexts: [context], context, direction, what: kind, from: source_, to: target }]));
function decision() {
  if (!selected) return undefined;
  if (selected.decision) return decisions.get(selected.decision) ?? waiting.get(selected.decision) ?? fresh(selected.decision);
  if (selected.table !== undefined) return tableDecision(selected.table);
  return undefined;
}
const blank = { proposal: "", alternatives: [], state: "new", by: "", evidence: [], contexts: [] };
// A key or transaction that only an edit has cut has no proposal yet.
function fresh(id) {
  const found = m.keys.find((k) => k.id === id), t = m.transactions.find((x) => x.id === id), reason = "cut by an edit: apply the edits for a proposal";
  if (found) return { ...blank, id, kind: "foreign-key", subject: `${found.src} -> ${found.dst}`, reason };
  if (t) return { ...blank, id, kind: "transaction", subject: t.definition, reason };
  return undefined;
}
function tableDecision(t) {
  const id = "TBL-" + m.tables.id[t];
  return decisions.get(id) ?? (result().contested[t] ? { ...blank, id, kind: "table", subject: m.tables.id[t] + " is written by several contexts", reason: "contested since an edit: apply the edits for a proposal" } : undefined);
}
function choicesOf(d) {
  if (d.kind === "edge") return d.alternatives.map(([choice, what]) => [choice, what ? `${choice}: ${what}` : choice]);
  return Object.entries(raw.treatments[d.kind]).map(([c, what]) => [c, (c === d.proposal ? "proposed: " : "") + c + ", " + what]);
}
// As in decompose.toml: a decision may name a use by its id, or many by a pattern over context, kind and source.
const named = (pattern, d) => pattern === d.id || (d.kind === "edge" && new RegExp("^" + pattern.replace(/[.+^${}()|[\]\\?]/g, "\\$&").replaceAll("*", ".*") + "$").test(`${d.context}:${d.what}:${d.from}`));
function answerOf(d) { return state().answers.get(d.id) ?? (d.kind === "edge" ? [...state().answers.values()].reverse().find((a) => named(a.id, d)) : undefined); }
// Uses that are as a use is, from it alone to all of its context and kind.
function alike(d) {
  const all = [...waiting.values()], count = (pattern) => all.filter((x) => named(pattern, x)).length, own = `${d.context}:${d.what}:`, inner = own + d.from, outer = own + d.from.slice(0, d.from.lastIndexOf(".")) + ".*";
  const wider = [[inner, "same source"], [outer, `sources in ${d.from.slice(0, d.from.lastIndexOf("."))}`], [own + "*", `${d.context}, kind ${d.what}`]].map(([pattern, label]) => [pattern, `all ${count(pattern)}: ${label}`, count(pattern)]);
  return [[d.id, "this use only"], ...wider.filter(([, , n], i) => n > (i ? wider[i - 1][2] : 1))];
}
function standing(d) { const a = answerOf(d); return a ? (a.op === "waive" ? "waived" : "accepted") : d.state; }

const owned = (c) => [...result().owner.keys()].filter((t) => result().owner[t] === c);
const keysOf = (c) => result().cutKeys.filter((n) => { const k = m.keys[n]; return result().owner[k.from] === c || result().owner[k.to] === c; });
const writing = (n) => [...new Set(m.transactions[n].written.map((t) => result().owner[t]))].filter((c) => c >= 0 && !state().shared[c]);
const transactionsOf = (c) => result().cutTransactions.filter((n) => writing(n).includes(c));
// Everything that the cut goes through now, as decisions.
function cuts() {
  const r = result(), rows = [];
  r.cutKeys.forEach((n) => rows.push(decisions.get(m.keys[n].id) ?? fresh(m.keys[n].id)));
  r.cutTransactions.forEach((n) => rows.push(decisions.get(m.transactions[n].id) ?? fresh(m.transactions[n].id)));
  r.contested.forEach((c, t) => { if (c) rows.push(tableDecision(t)); });
  return rows;
}
