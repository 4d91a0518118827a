// The page itself: tabs, what is drawn when, keys, printing.

let tab = "start";
const TABS = [["start", "Start", "1"], ["map", "Context map", "2"], ["code", "Code", "3"], ["tables", "Tables", "4"], ["matrix", "Matrix", "5"], ["edges", "Cut edges", "6"], ["decisions", "Decisions", "7"], ["uses", "Open uses", "8"], ["order", "Order", "9"], ["signed", "Sign-off", "0"], ["edits", "Edits, compare", "c"]];

// The figures change at once, the pictures and tables with the next frame.
let drawing = false;
function soon() { if (!drawing) { drawing = true; requestAnimationFrame(() => setTimeout(() => { drawing = false; draw(); })); } }
function select(what) { selected = what; $("said").textContent = ""; if (tab === "search" && what.context !== undefined) tab = "map"; draw(); }
function open(id) { tab = id; draw(); $("main").scrollTop = 0; $("main").focus({ preventScroll: true }); }
// Opens a view with its table filtered and sorted.
function look(id, filter, listing = id, order) {
  if (listing === "modules") { zoom = -1; camera = null; }
  filters[listing] = filter;
  if (order) sorting[listing] = order;
  open(id);
}

function tabs() {
  const counts = { decisions: cuts().length, uses: waiting.size, edits: at };
  $("tabs").replaceChildren(...TABS.map(([id, title, key_]) => el("button", { role: "tab", id: "tab-" + id, title: "Key " + key_, "aria-selected": tab === id ? "true" : "false", "aria-controls": "panel", tabindex: tab === id || (tab === "search" && id === "start") ? 0 : -1, on: { click: () => open(id) } }, title, counts[id] ? el("span", { class: "count" }, ` ${counts[id]}`) : "")));
}
function draw() {
  const before = $("main").scrollTop, view = tab, inTabs = $("tabs").contains(document.activeElement), again = held();
  figures(); tabs();
  const title = TABS.find(([id]) => id === tab)?.[1];
  $("main").replaceChildren(el("section", { class: "view", id: "panel", role: title && "tabpanel", "aria-labelledby": title && "tab-" + tab }, title && el("h2", { class: "hidden" }, title), views[tab]()));
  side();
  if ($("boxes")) { listen($("boxes")); paint(); }
  if (view === tab) $("main").scrollTop = before;
  if (inTabs) $("tab-" + tab)?.focus(); else again();
}
// Whoever works by keyboard stays where they are, although what they stand on is drawn anew.
function held() {
  const inside = [$("main"), $("side")].find((part) => part.contains(document.activeElement) && part !== document.activeElement);
  if (!inside) return () => {};
  const list = () => [...inside.querySelectorAll("button, input, select, a, summary, [tabindex='0']")], n = list().indexOf(document.activeElement), text = document.activeElement.textContent;
  return () => { const now_ = list(), same = now_[n]?.textContent === text ? now_[n] : now_.find((e) => e.textContent === text); (same ?? $("main")).focus({ preventScroll: true }); };
}

// --- keys ---------------------------------------------------------------------------------------------

$("tabs").addEventListener("keydown", (event) => {
  const n = TABS.findIndex(([id]) => id === tab), by = { ArrowRight: 1, ArrowLeft: -1, Home: -n, End: TABS.length - 1 - n }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  tab = TABS[(n + by + TABS.length) % TABS.length][0]; draw(); $("tab-" + tab).focus();
});
// Up and down go from row to row of a table, in the same column.
$("main").addEventListener("keydown", (event) => {
  const row = event.target.closest("tbody tr"), by = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  if (!row || !by || event.target.matches("input:not([type=checkbox]), select")) return;
  const cell = [...row.children].indexOf(event.target.closest("td, th")), there = row[by], focus = there?.children[cell]?.querySelector("button, input, a") ?? there?.querySelector("button, input, a");
  if (focus) { event.preventDefault(); focus.focus(); }
});
let slow = 0;
$("search").addEventListener("input", () => { clearTimeout(slow); slow = setTimeout(() => { tab = $("search").value.trim() ? "search" : "start"; filters.found = ""; draw(); }, 120); });
$("search").addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === "ArrowDown") { event.preventDefault(); $("main").querySelector("tbody button")?.focus(); } });
$("undo").addEventListener("click", () => step(-1));
$("redo").addEventListener("click", () => step(1));
$("save").addEventListener("click", save);
$("help").addEventListener("click", help);
$("options").addEventListener("click", () => dialog("Options", [
  { key: "theme", label: "Colours", value: settings.theme ?? "", options: [["", "as the system"], ["light", "light"], ["dark", "dark"]] },
  { key: "link", label: "Link to the source: {root}, {path} and {line} are filled in", value: settings.link || raw.link, list: ["vscode://file/{root}/{path}:{line}", "https://example.org/team/project/blob/main/{path}#L{line}", "pycharm://open?file=/{root}/{path}&line={line}"] },
  { key: "root", label: "Folder of the project on this machine", value: settings.root || root },
  { text: "Kept in this browser. For everybody: source-link in decompose.toml." }],
  (values) => { Object.assign(settings, values); if (values.root === root) settings.root = ""; if (values.link === raw.link) settings.link = ""; keep(); theme(); draw(); return ""; }, "Keep"));
function theme() { if (settings.theme) document.documentElement.dataset.theme = settings.theme; else delete document.documentElement.dataset.theme; }
// Between what is listed and what is selected.
function across() {
  if ($("side").contains(document.activeElement)) return $("main").querySelector("tr.chosen button, .node.lit")?.focus() ?? $("main").focus();
  ($("side").querySelector(".buttons button") ?? $("side").querySelector("button") ?? $("main")).focus();
}
const KEYS = [
  ["m", "move what is selected or marked", acts.move], ["s", "split marked modules off as a context", acts.split], ["g", "merge the selected context into another", acts.merge], ["r", "rename the selected context", acts.rename], ["p", "pin: it stays where it is", acts.pin], ["l", "keep as a library: it belongs to no context", acts.library],
  ["o", "set the owner of a table", acts.own], ["a", "accept or decide a decision", acts.accept], ["w", "waive a decision", acts.waive], ["x", "mark the selected module, or unmark it", acts.mark], ["u", "undo", () => step(-1)], ["U", "redo", () => step(1)], ["e", token ? "save edits" : "export edits", save],
  ["d", "go to the details of what is selected, and back", across], ["/", "search", () => $("search").focus()], ["?", "this list", help]];
function help() {
  dialog("Keys", [], null, "Close");
  const rows = [["1 – 9, 0, c", "views, from left to right"], ...KEYS, ["Space", "mark a module in a table"], ["↑ ↓", "rows of a table"], ["Esc", "unmark, unselect"]];
  $("dialog").querySelector("h2").after(el("table", {}, el("tbody", {}, rows.map(([key_, what]) => el("tr", {}, el("td", {}, key(key_)), el("td", {}, what))))));
}
document.addEventListener("keydown", (event) => {
  if ($("dialog").open || event.ctrlKey && !/^[zy]$/i.test(event.key) || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input:not([type=checkbox]):not([type=range]), textarea, select");
  if (typing) { if (event.key === "Escape") { event.target.blur(); $("main").focus(); } return; }
  if (event.ctrlKey) { event.preventDefault(); step(event.key.toLowerCase() === "y" || event.shiftKey ? 1 : -1); return; }
  if (event.key === "Escape") { if (marked.size) marked = new Set(); else selected = null; draw(); return; }
  const view = TABS.find(([, , key_]) => key_ === event.key), found = KEYS.find(([key_]) => key_ === event.key);
  if (view) open(view[0]);
  else if (found) { event.preventDefault(); found[2](); }
});

// --- printing -----------------------------------------------------------------------------------------

// On paper stands the whole plan: every view one after the other, with all rows and all steps, but without what only a screen can do.
const PRINTED = ["start", "map", "tables", "matrix", "decisions", "uses", "order", "signed", "edits"];
addEventListener("beforeprint", () => {
  const chosen = selected;
  printing = true; selected = null;
  $("paper").replaceChildren(...PRINTED.map((id) => el("section", { class: "view" }, el("h1", {}, id === "start" ? "Summary" : TABS.find(([tab_]) => tab_ === id)[1]), views[id]())));
  printing = false; selected = chosen;
});
addEventListener("afterprint", () => $("paper").replaceChildren());

darkness.addEventListener("change", repaint);
addEventListener("resize", repaint);
theme();
// After saving: what was done, on the page of the new plan.
const told_before = token ? sessionStorage.getItem(AFTER) : null;
if (told_before) {
  const done = JSON.parse(told_before);
  sessionStorage.removeItem(AFTER);
  tab = TABS.some(([id]) => id === done.tab) ? done.tab : "start";
  draw();
  dialog("Saved", [...done.lines.map((text) => ({ text })), { text: "This page shows the new plan." }], null, "Go on");
} else draw();
document.documentElement.dataset.ready = performance.now().toFixed(0);
// For tests and the console: the state as it is, edits without a dialog, and where on the picture the middle of a module's box is.
window.review = { spot: (id) => { const b = layout.modules.find((box) => m.ids[box.module] === id); return [b.x + b.w / 2, b.y + b.h / 2]; }, edit, undo: () => step(-1), redo: () => step(1), edits, scores: () => result().scores, state: () => ({ place: Object.fromEntries(m.ids.map((id, n) => [id, name(state().place[n])])), owner: Object.fromEntries(m.tables.id.map((id, t) => [id, name(result().owner[t])])) }) };
