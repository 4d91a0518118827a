// Small builders. Text is only ever set as text.

function el(tag, options, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(options ?? {})) {
    if (value === undefined || value === false || value === null) continue;
    if (key === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (key === "class") node.className = value;
    else if (key === "value") node.value = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false && c !== ""));
  return node;
}
const SVG = "http://www.w3.org/2000/svg";
function svg(tag, options, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(options ?? {}))
    if (key === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else node.setAttribute(key, value);
  node.append(...children);
  return node;
}

const percent = (value) => (100 * value).toFixed(1) + " %";
const locale = new Intl.NumberFormat("en").format;
const signed = (value) => value.toFixed(1).replace("-", "−");
const plural = (count, noun, many = noun + "s") => `${locale(count)} ${count === 1 ? noun : many}`;

// Long names may break after a dot, a slash or an underscore, and nowhere else.
const breaking = (text) => String(text).split(/(?<=[./_])/).flatMap((part, n) => (n ? [document.createElement("wbr"), part] : [part]));
const bare = (text, act, more) => el("button", { class: "bare", type: "button", on: { click: act }, ...more }, breaking(text));
const code = (text) => el("span", { class: "code" }, breaking(text.replaceAll("->", "→")));
const key = (text) => el("kbd", {}, text);
const facts = (...pairs) => el("dl", {}, pairs.filter((p) => p && p[1] !== "" && p[1] !== undefined && p[1] !== null).map(([title, value]) => [el("dt", {}, title), el("dd", {}, value)]));
const button = (label, act, name) => el("button", { type: "button", title: name ? `Key ${name}` : undefined, on: { click: act } }, label);
const more = (list, show, most = 12) => [list.slice(0, most).map((x) => el("div", {}, show(x))), list.length > most && el("div", { class: "soft" }, `and ${list.length - most} more`)];
const badge = (text) => el("span", { class: "state " + text }, text);
const verbs = (a, n) => ["create", "read", "update", "delete", "write"].map((v) => (a[v][n] ? v[0].toUpperCase() + a[v][n] : "")).filter(Boolean).join(" ");

function swatch(c) {
  const node = el("span", { class: "swatch", "aria-hidden": "true" });
  node.style.background = Draw.colour(state(), c);
  return node;
}
const contextLink = (c) => (c < 0 ? el("span", { class: "soft" }, "unassigned") : el("span", { class: "keep" }, swatch(c), bare(name(c), () => select({ context: c }))));
const moduleLink = (n) => bare(m.ids[n], () => select({ module: n }), { class: "bare code" });
const tableLink = (t) => bare(m.tables.id[t], () => select({ table: t }), { class: "bare code" });
const packageLink = (p) => (p ? bare(p, () => select({ package: p }), { class: "bare code" }) : el("span", { class: "soft" }, "top level"));
const unitLink = (unit) => (unit < 0 ? "" : unit < m.count ? moduleLink(unit) : bare(m.parts[unit - m.count], () => select({ part: unit - m.count }), { class: "bare code" }));
const decisionLink = (d) => bare(d.id, () => select(d.kind === "table" ? { table: m.table.get(d.id.slice(4)) } : { decision: d.id }), { class: d.kind === "table" ? "bare code" : "bare code keep" });

// --- links to the source -----------------------------------------------------------------------------

const KEPT = "decompose-review";
const settings = (() => { try { return JSON.parse(localStorage.getItem(KEPT)) ?? {}; } catch { return {}; } })();
function keep() { try { localStorage.setItem(KEPT, JSON.stringify(settings)); } catch { said("This browser keeps no settings for this page."); } }
// Opened from the file system the page knows where the project is: two folders up from itself. A page that is served was told.
const root = location.protocol === "file:" ? decodeURIComponent(location.pathname).replace(/\/[^/]*\/[^/]*$/, "") : raw.root;
const LINKS = /^(https?|vscode|vscode-insiders|vscodium|idea|pycharm|file|cursor|zed):/;
const linkForm = () => settings.link || raw.link || (root || settings.root ? "vscode://file/{root}/{path}:{line}" : "");

// A place in the source, as a link where there is an editor or a forge to go to. short: the last two names of the path; all of it is in the title.
function source(path, line, short = false) {
  const file = typeof path === "number" ? m.path(path) : path, full = file + ":" + line, text = short ? full.split("/").slice(-2).join("/") : breaking(full);
  const form = linkForm();
  if (!form) return el("span", { class: "code", title: short && full }, text);
  const fill = { root: (settings.root || root).replace(/^\//, ""), path: file, line };
  const url = form.replace(/\{(root|path|line)\}/g, (_, hole) => (hole === "line" ? line : fill[hole].split("/").map(encodeURIComponent).join("/")));
  if (!LINKS.test(url)) return el("span", { class: "code" }, text);
  return el("a", { class: "code", href: url, rel: "noreferrer noopener", title: "Open " + full }, text);
}

// --- tables ------------------------------------------------------------------------------------------

const PAGE = 200, sorting = {}, filters = {}, pages = {};
let printing = false;

// A table that can be sorted and filtered. columns: [title, value for sorting, cell, number?]; rows are anything. options.filter: above how many rows.
function table(id, columns, rows, options = {}) {
  const sort = (sorting[id] ??= options.sort ?? [0, 1]), filter = printing ? "" : (filters[id] ?? "").toLowerCase();
  let found = rows;
  if (filter) {
    const words = filter.split(/\s+/);
    found = rows.filter((row) => { const text = columns.map((c) => String(c[1](row))).join(" ").toLowerCase(); return words.every((w) => text.includes(w)); });
  }
  const by = columns[sort[0]][1], values = new Map(found.map((row) => [row, by(row)]));
  found = [...found].sort((a, b) => { const x = values.get(a), y = values.get(b); return (x < y ? -1 : x > y ? 1 : 0) * sort[1]; });
  const limit = printing ? Infinity : (pages[id] ??= 1) * PAGE, box = el("div", { class: "listing" });
  const again = (focus) => { const next = table(id, columns, rows, options); box.replaceWith(next); (next.querySelector(focus) ?? next.querySelector("button,input"))?.focus(); };
  if (!printing && (rows.length > 12 || filter)) {
    const input = el("input", { type: "search", id: "filter-" + id, value: filters[id] ?? "", placeholder: "Filter", on: { input: () => { filters[id] = input.value; pages[id] = 1; again("#filter-" + id); const i = $("filter-" + id); i.setSelectionRange(i.value.length, i.value.length); } } });
    box.append(el("div", { class: "bar" }, el("label", { for: "filter-" + id }, options.label ?? "Filter"), input, el("span", { class: "soft" }, filter ? `${locale(found.length)} of ${locale(rows.length)}` : plural(rows.length, "row")), options.bar));
  }
  if (!found.length) {
    box.append(el("p", { class: "soft" }, rows.length ? "Nothing fits the filter." : options.none ?? "None."));
    return box;
  }
  const head = el("tr", {}, columns.map(([title, , , number], n) => el("th", { scope: "col", class: number ? "number" : undefined, "aria-sort": sort[0] === n ? (sort[1] > 0 ? "ascending" : "descending") : undefined },
    el("button", { type: "button", "data-n": n, on: { click: () => { sorting[id] = [n, sort[0] === n ? -sort[1] : number ? -1 : 1]; again(`[data-n="${n}"]`); } } }, title))));
  const body = el("tbody", {}, found.slice(0, limit).map((row) => el("tr", options.row?.(row) ?? {}, columns.map(([, , cell, number]) => el("td", { class: number ? "number" : undefined }, cell(row))))));
  box.append(el("div", { class: "wide" }, el("table", { class: options.narrow ? "" : "full" }, options.caption && el("caption", { class: "hidden" }, options.caption), el("thead", {}, head), body)));
  if (found.length > limit) box.append(el("p", {}, el("button", { type: "button", on: { click: () => { pages[id]++; again("button"); } } }, `Show ${Math.min(PAGE, found.length - limit)} more of ${locale(found.length - limit)}`)));
  return box;
}

// A crossing table of contexts (or tables) by contexts. The first heads, as many as level says, are written as usual, those of the columns upwards.
function matrix(caption, level, heads, rows) {
  return el("div", { class: "wide" }, el("table", { class: "matrix" }, el("caption", { class: "hidden" }, caption),
    el("thead", {}, el("tr", {}, heads.map((head, n) => el("th", { scope: "col", class: n < level ? "level" : undefined }, el("span", { title: head }, head))))), el("tbody", {}, rows)));
}
