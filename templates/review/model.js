"use strict";
// What the page knows, what an edit does to it, and the figures of that. No drawing here: the same file is run by the tests without a browser,
// and must score as decompose/cut/edited.py does.
const Model = (() => {
  const WRITE = 6, MARGIN = 3; // claims are counted in halves, see decompose/cut/ownership.py
  const NAME = /^[a-z][a-z0-9-]{0,39}$/;
  const PYTHON = new Set(("and as assert async await break class continue def del elif else except finally for from global if import in is lambda " +
    "nonlocal not or pass raise return try while with yield").split(" "));

  function column([width, text]) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    return new { 1: Int8Array, 2: Int16Array, 4: Int32Array }[width](bytes.buffer);
  }

  function columns(table, names) {
    const found = {};
    for (const name of names) found[name] = column(table[name]);
    return found;
  }

  function names(fronted) {
    let before = "";
    return fronted.map(([same, rest]) => (before = before.slice(0, same) + rest));
  }

  function read(raw) {
    const ids = names(raw.modules.id);
    const m = { raw, ids, lines: column(raw.modules.lines), count: ids.length, parts: raw.parts.id };
    m.path = (n) => raw.modules.path[n] ?? raw.modules.prefix + ids[n].replaceAll(".", "/") + ".py";
    m.alternative = column(raw.modules.alternative);
    m.confidence = column(raw.modules.confidence);
    m.module = new Map(ids.map((id, n) => [id, n]));
    m.part = new Map(m.parts.map((id, n) => [id, n]));
    m.partModule = column(raw.parts.module);
    m.partLine = column(raw.parts.line);
    m.edges = columns(raw.edges, ["src", "dst", "line", "import", "call", "inherit", "reference"]);
    const e = m.edges;
    e.weight = Int32Array.from(e.src, (_, n) => e.import[n] + e.call[n] + e.inherit[n] + e.reference[n]);
    m.tables = { id: raw.tables.id, ...columns(raw.tables, ["unit", "module", "part", "kind", "parent", "decided", "owns", "loose"]) };
    m.table = new Map(m.tables.id.map((id, n) => [id, n]));
    m.mapped = raw.tables.mapped;
    m.reference = new Set(raw.tables.reference);
    m.accesses = columns(raw.accesses, ["unit", "table", "claim", "writes", "line", "create", "read", "update", "delete", "write"]);
    m.keys = raw.keys.map(([id, from, src, to, dst, kind, rule, path, line]) => ({ id, from, src, to, dst, kind, rule, path, line }));
    m.transactions = raw.transactions.map(([id, definition, unit, written, path, line]) => ({ id, definition, unit, written, path, line }));
    m.extending = new Map();
    for (const [from, to] of raw.extending) m.extending.set(to, [...(m.extending.get(to) ?? []), from]);
    m.tablesOf = new Map();
    m.tables.module.forEach((module, t) => { if (module >= 0) m.tablesOf.set(module, [...(m.tablesOf.get(module) ?? []), t]); });
    m.pinned = new Set(raw.modules.pinned);
    m.start = {
      names: raw.contexts.map((c) => c.name),
      shared: raw.contexts.map((c) => c.role === "shared"),
      place: Int16Array.from(column(raw.modules.context)),
      part: Int16Array.from(column(raw.parts.context)),
      decided: Int16Array.from(m.tables.decided),
      owns: Int16Array.from(m.tables.owns),
      loose: Int16Array.from(m.tables.loose),
      pinned: m.pinned,
      answers: new Map(),
    };
    return m;
  }

  const copy = (s) => ({
    names: [...s.names], shared: [...s.shared], place: s.place.slice(), part: s.part.slice(), decided: s.decided.slice(), owns: s.owns.slice(),
    loose: s.loose.slice(), pinned: new Set(s.pinned), answers: new Map(s.answers),
  });

  // The context of a unit: a module, or a part where it is not with its module.
  function unitContext(m, s, unit) {
    if (unit < 0) return -1;
    if (unit < m.count) return s.place[unit];
    const part = unit - m.count;
    return s.part[part] >= 0 ? s.part[part] : s.place[m.partModule[part]];
  }

  function present(s) {
    const found = new Set();
    for (const c of s.place) if (c >= 0) found.add(c);
    for (const c of s.part) if (c >= 0) found.add(c);
    return found;
  }

  function subjects(m, pattern) {
    if (pattern.endsWith(".**")) {
      const head = pattern.slice(0, -3);
      const found = [];
      m.ids.forEach((id, n) => { if (id === head || id.startsWith(head + ".")) found.push(n); });
      if (!found.length) throw new Error(`no module is in ${head}`);
      return { modules: found, parts: [] };
    }
    if (m.module.has(pattern)) return { modules: [m.module.get(pattern)], parts: [] };
    if (m.part.has(pattern)) return { modules: [], parts: [m.part.get(pattern)] };
    throw new Error(`no module and no definition is called ${pattern}`);
  }

  // --- edits ---------------------------------------------------------------------------------------

  function known(s, name) {
    const c = s.names.indexOf(name);
    if (c < 0 || !present(s).has(c)) throw new Error(`no context is called ${name}`);
    return c;
  }

  function checked(name) {
    if (!NAME.test(name) || PYTHON.has(name) || name === "unassigned") throw new Error(`${name || "nothing"} cannot name a context: small letters, digits and hyphens, a letter first`);
    return name;
  }

  function named(s, name) {
    let c = s.names.indexOf(name);
    if (c < 0) {
      if (name !== "shared") checked(name);
      c = s.names.push(name) - 1;
      s.shared.push(name === "shared");
    }
    return c;
  }

  function decide(m, s, module, to) {
    for (const t of m.tablesOf.get(module) ?? []) {
      const part = m.tables.part[t];
      if (part >= 0 && s.part[part] >= 0) continue;
      s.decided[t] = s.shared[to] ? -1 : to;
    }
    s.pinned.add(module);
  }

  function settlePart(m, s, part, to) {
    m.tables.part.forEach((p, t) => {
      if (p !== part) return;
      if (s.owns[t] >= 0 && s.owns[t] !== to) throw new Error(`${s.names[s.owns[t]]} is to own ${m.tables.id[t]}: a table goes with its model`);
      s.decided[t] = to;
    });
    s.part[part] = s.place[m.partModule[part]] === to ? -1 : to;
  }

  function move(m, s, list, name) {
    const to = named(s, name);
    for (const subject of list) {
      const found = subjects(m, subject);
      for (const module of found.modules) {
        s.place[module] = to;
        m.partModule.forEach((owner, part) => { if (owner === module) s.part[part] = -1; });
        decide(m, s, module, to);
      }
      for (const part of found.parts) settlePart(m, s, part, to);
    }
  }

  function join(m, s, from, to) {
    for (const each of [s.place, s.part, s.decided, s.owns, s.loose]) each.forEach((c, n) => { if (c === from) each[n] = to; });
    s.part.forEach((c, n) => { if (c >= 0 && s.place[m.partModule[n]] === c) s.part[n] = -1; });
  }

  // The state after an edit; the one before is left as it is. Throws an Error that a person can read.
  function apply(m, before, edit) {
    const s = copy(before);
    switch (edit.op) {
      case "move": move(m, s, edit.subjects, edit.to); break;
      case "library": move(m, s, edit.subjects, "shared"); break;
      case "split":
        known(s, edit.context);
        if (present(s).has(s.names.indexOf(edit.to))) throw new Error(`there is a context called ${edit.to} already`);
        move(m, s, edit.subjects, edit.to);
        break;
      case "pin":
        for (const subject of edit.subjects) {
          const found = subjects(m, subject);
          if (new Set(found.modules.map((n) => s.place[n])).size > 1) throw new Error(`${subject} is in more than one context: move it to one`);
          for (const module of found.modules) {
            if (s.place[module] < 0) throw new Error(`${m.ids[module]} belongs to no context: move it to one`);
            decide(m, s, module, s.place[module]);
          }
          for (const part of found.parts) settlePart(m, s, part, unitContext(m, s, m.count + part));
        }
        break;
      case "own": {
        const to = known(s, edit.to), t = m.table.get(edit.table);
        if (t === undefined) throw new Error(`no table is called ${edit.table}`);
        const part = m.tables.part[t];
        if (part >= 0 && s.part[part] >= 0 && s.part[part] !== to) throw new Error(`the model of ${edit.table} is put into ${s.names[s.part[part]]}: move the model`);
        if (s.shared[to]) throw new Error("shared code owns no table that a person gives to it");
        s.owns[t] = to;
        break;
      }
      case "merge": {
        const from = known(s, edit.context), to = known(s, edit.to);
        if (from === to) throw new Error("a context cannot be merged with itself");
        if (s.shared[to] || s.shared[from]) throw new Error("shared code is no context: move modules to it or from it");
        join(m, s, from, to);
        break;
      }
      case "rename": {
        const from = known(s, edit.context);
        if (s.shared[from]) throw new Error("shared code keeps its name");
        if (present(s).has(s.names.indexOf(edit.to))) throw new Error(`there is a context called ${edit.to} already: merge the two`);
        checked(edit.to);
        s.names[from] = edit.to;
        break;
      }
      case "accept": case "waive":
        if (edit.op === "waive" && !edit.reason) throw new Error("a waiver needs a reason");
        s.answers.delete(edit.id); // the last one counts, also among patterns
        s.answers.set(edit.id, edit);
        break;
      default: throw new Error(`${edit.op} is no edit`);
    }
    return s;
  }

  // --- figures -------------------------------------------------------------------------------------

  function owners(m, s) {
    const contexts = s.names.length, tables = m.tables.id.length;
    const claims = new Float64Array(tables * contexts), writes = new Uint8Array(tables * contexts), seen = new Uint8Array(tables * contexts);
    const a = m.accesses;
    for (let n = 0; n < a.unit.length; n++) {
      const c = unitContext(m, s, a.unit[n]);
      if (c < 0) continue;
      const cell = a.table[n] * contexts + c;
      claims[cell] += a.claim[n];
      seen[cell] |= a.claim[n] ? 1 : 0;
      writes[cell] |= a.writes[n];
    }
    const byName = s.names.map((_, c) => c).sort((x, y) => (s.names[x] < s.names[y] ? -1 : 1));
    const strongest = (t, options) => {
      let best = -1;
      for (const c of byName) if (options(c) && (best < 0 || claims[t * contexts + c] > claims[t * contexts + best])) best = c;
      return best;
    };
    const home = (t) => (m.mapped[t] ? (m.tables.unit[t] >= 0 ? unitContext(m, s, m.tables.unit[t]) : -1) : s.loose[t]);
    const owner = new Int16Array(tables).fill(-1), contested = new Uint8Array(tables);
    const shared = byName.find((c) => s.shared[c]) ?? -1;
    for (let t = 0; t < tables; t++) {
      const own = home(t), at = t * contexts;
      let writing = 0;
      for (let c = 0; c < contexts; c++) if (writes[at + c] && !s.shared[c]) writing++;
      contested[t] = writing > 1 && !m.reference.has(t) ? 1 : 0;
      if (s.owns[t] >= 0) owner[t] = s.owns[t];
      else if (s.decided[t] >= 0) owner[t] = s.decided[t];
      else if (m.tables.kind[t] === 2) {
        const extending = new Set((m.extending.get(t) ?? []).map(home).filter((c) => c >= 0));
        owner[t] = extending.size ? strongest(t, (c) => extending.has(c)) : shared >= 0 ? shared : strongest(t, (c) => seen[at + c]);
      } else {
        const rival = strongest(t, (c) => writes[at + c] && !s.shared[c] && c !== own);
        if (own >= 0 && s.shared[own]) owner[t] = rival >= 0 ? rival : own;
        else if (rival >= 0 && claims[at + rival] > MARGIN * ((own >= 0 ? claims[at + own] : 0) + WRITE)) owner[t] = rival;
        else owner[t] = own >= 0 ? own : strongest(t, (c) => seen[at + c]);
      }
    }
    for (let t = 0; t < tables; t++) {
      const parent = m.tables.parent[t];
      if (parent >= 0 && owner[parent] >= 0 && s.owns[t] < 0) { owner[t] = owner[parent]; contested[t] = 0; }
    }
    return { owner, contested };
  }

  const round = (value) => Math.round(value * 10000) / 10000;

  function score(m, s) {
    const { owner, contested } = owners(m, s);
    const here = present(s), sizes = new Int32Array(s.names.length);
    let placed = 0;
    for (const c of s.place) if (c >= 0) { sizes[c]++; placed++; }
    let between = 0, whole = 0;
    const e = m.edges;
    for (let n = 0; n < e.src.length; n++) {
      const a = s.place[e.src[n]], b = s.place[e.dst[n]];
      if (a < 0 || b < 0 || s.shared[a] || s.shared[b]) continue;
      whole += e.weight[n];
      if (a !== b) between += e.weight[n];
    }
    const cutKeys = [], cutTransactions = [];
    let many = 0;
    m.keys.forEach((key, n) => {
      const a = key.from >= 0 ? owner[key.from] : -1, b = key.to >= 0 ? owner[key.to] : -1;
      if (a >= 0 && b >= 0 && a !== b && !s.shared[b]) { cutKeys.push(n); if (key.kind === "many-to-many") many++; }
    });
    m.transactions.forEach((t, n) => {
      const writing = new Set(t.written.map((table) => owner[table]).filter((c) => c >= 0 && !s.shared[c]));
      if (writing.size > 1) cutTransactions.push(n);
    });
    let largest = 0, contexts = 0;
    sizes.forEach((size, c) => { if (!s.shared[c]) largest = Math.max(largest, size); });
    for (const c of here) if (!s.shared[c]) contexts++;
    return {
      owner, contested, sizes, present: here, cutKeys, cutTransactions,
      scores: {
        contexts, largest_share: m.count ? round(largest / m.count) : 0, coverage: m.count ? round(placed / m.count) : 0,
        inter_context_share: whole ? round(between / whole) : 0, cut_foreign_keys: cutKeys.length, cut_transactions: cutTransactions.length,
        contested_tables: contested.reduce((sum, c) => sum + c, 0), modularity: m.raw.scores.modularity, stability: m.raw.scores.stability, cut_many_to_many: many,
      },
    };
  }

  // Weights of dependencies between contexts, as rows of a square.
  function between(m, s) {
    const size = s.names.length, found = new Int32Array(size * size), e = m.edges;
    for (let n = 0; n < e.src.length; n++) {
      const a = s.place[e.src[n]], b = s.place[e.dst[n]];
      if (a >= 0 && b >= 0) found[a * size + b] += e.weight[n];
    }
    return found;
  }

  return { read, apply, score, between, unitContext, present, subjects, column };
})();
if (typeof module !== "undefined") module.exports = Model;
