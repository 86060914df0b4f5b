"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("samples").textContent);
  const SVG = document.createElementNS ? byId("wall").ownerDocument.querySelector("svg").namespaceURI : "";
  const LOOKS = JSON.parse(byId("looks").textContent); // kind, label and colour of each layer, in the order of their buttons
  const NAMES = { words: "Words", scenes: "Scenes" };
  const shown = new Set(["words", "ignored"]); // layers
  let table = Object.keys(data).reduce((a, b) => (data[b].length > data[a].length ? b : a), Object.keys(data)[0]);
  let samples = []; // those on the wall: {sample, hits}
  const FIRST = { words: 120, scenes: 12 }; // on the wall until more are asked for
  let most = FIRST[table];
  let open = 0; // place in samples of the one in the dialog

  const make = (name, attributes = {}, ...inside) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...inside); // strings become text, never markup
    return node;
  };
  const number = (value) => Number(value).toLocaleString("en");

  // Theme: the system's until the button is used; remembered where the browser lets a local page remember.
  const root = document.documentElement;
  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const told = () => {
    byId("theme").textContent = dark() ? "Light" : "Dark";
    byId("theme").setAttribute("aria-label", dark() ? "Light colours" : "Dark colours");
  };
  try {
    const kept = localStorage.getItem("synthgen-theme");
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  } catch { /* a local page may not remember */ }
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("synthgen-theme", root.dataset.theme); } catch { /* as above */ }
    told();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", told);
  told();

  // Pictures with their layers.
  const path = (points) => {
    const pairs = [];
    for (let k = 0; k + 1 < points.length; k += 2) pairs.push(`${points[k]} ${points[k + 1]}`);
    return points.includes(null) || !pairs.length ? "" : `M${pairs.join("L")}Z`;
  };
  const shape = (name, attributes) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const group = (layer, paths) => {
    const node = shape("g", { class: `layer ${layer}` });
    node.append(...paths);
    return node;
  };
  const frame = (sample, hits) => {
    const box = make("span", { class: "frame" });
    box.style.aspectRatio = `${sample.width} / ${sample.height}`;
    box.append(make("img", { src: sample.picture, alt: "", decoding: "async" }));
    for (const [kind, source] of Object.entries(sample.maps)) {
      if (!source) continue;
      const map = make("img", { class: `layer ${kind}`, alt: "", decoding: "async" });
      if (shown.has(kind)) map.src = source;
      map.dataset.index = sample.index;
      box.append(map);
    }
    const lines = shape("svg", { viewBox: `0 0 ${sample.width} ${sample.height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    const fade = (word) => (hits && !hits.has(sample.words[word]) ? "other" : "");
    for (const { kind, outlines, words } of sample.layers) { // in the order they are drawn
      const each = words.length ? outlines.map((points, k) => [fade(words[k]), path(points)]) : [["", outlines.map(path).join("")]];
      lines.append(group(kind, each.map(([style, d]) => shape("path", { class: style, d }))));
    }
    box.append(lines);
    return box;
  };

  // Filters: a scene is shown if one of its words passes all of them.
  const bound = (id, otherwise) => (byId(id).value === "" ? otherwise : Number(byId(id).value));
  const filter = () => {
    const containing = byId("containing").value;
    const font = byId("font").value;
    const [fewest, most] = [bound("length-low", 0), bound("length-high", Infinity)];
    const [least, greatest] = [bound("size-low", -Infinity), bound("size-high", Infinity)];
    const all = !containing && !font && fewest === 0 && most === Infinity && least === -Infinity && greatest === Infinity;
    const passes = (word) => {
      const length = Array.from(word.text).length;
      const size = table === "words" ? word.width : word.height;
      return word.text.includes(containing) && (!font || word.font === font)
        && length >= fewest && length <= most && size >= least && size <= greatest;
    };
    return { all, passes };
  };
  const select = () => {
    const { all, passes } = filter();
    const every = data[table] || [];
    if (all) samples = every.map((sample) => ({ sample, hits: null }));
    else if (table === "words") samples = every.filter(passes).map((sample) => ({ sample, hits: null }));
    else {
      samples = every.map((sample) => ({ sample, hits: new Set(sample.words.filter(passes)) })).filter(({ hits }) => hits.size);
    }
    let text = `${number(samples.length)} of ${number(every.length)} ${table}`;
    if (table === "scenes") {
      const words = every.reduce((sum, scene) => sum + scene.words.length, 0);
      const hits = samples.reduce((sum, { sample, hits }) => sum + (hits ? hits.size : sample.words.length), 0);
      text += `, ${number(hits)} of ${number(words)} words in them`;
    }
    byId("count").textContent = text;
    draw();
  };

  // The wall: one stop of the Tab key, arrows move within it.
  const label = ({ sample }) => (table === "words" ? `Word ${number(sample.index)}: ${sample.text}` : `Scene ${number(sample.index)}, ${sample.words.length} words`);
  const draw = () => {
    const wall = byId("wall");
    const zoom = Number(byId("zoom").value);
    wall.className = table;
    wall.style.setProperty("--zoom", zoom);
    const tiles = samples.slice(0, most).map((entry, place) => {
      const tile = make("button", { type: "button", class: "sample", "aria-label": label(entry), tabindex: place ? "-1" : "0" });
      const picture = frame(entry.sample, entry.hits);
      if (table === "words") tile.style.width = `${entry.sample.width * zoom}px`;
      tile.append(picture, make("span", { class: "name" }, table === "words" ? entry.sample.text : label(entry)));
      tile.addEventListener("click", () => look(place));
      return make("div", { role: "listitem" }, tile);
    });
    wall.replaceChildren(...(tiles.length ? tiles : [make("p", { class: "empty" }, "No sample passes these filters.")]));
    byId("more").hidden = samples.length <= most;
    byId("more").textContent = `Show ${number(samples.length - most)} more`;
  };
  const stops = () => [...byId("wall").querySelectorAll(".sample")];
  const moveTo = (node) => {
    stops().forEach((stop) => stop.setAttribute("tabindex", stop === node ? "0" : "-1"));
    node.focus();
  };
  const beyond = (all, at, down) => { // nearest tile of the next row
    const here = all[at].getBoundingClientRect();
    const middle = here.left + here.width / 2;
    const rows = all.map((stop) => stop.getBoundingClientRect()).map((box, place) => ({ box, place }))
      .filter(({ box }) => (down ? box.top >= here.top + 4 : box.top <= here.top - 4));
    if (!rows.length) return at;
    const top = down ? Math.min(...rows.map(({ box }) => box.top)) : Math.max(...rows.map(({ box }) => box.top));
    const away = ({ box }) => Math.abs(box.left + box.width / 2 - middle);
    return rows.filter(({ box }) => Math.abs(box.top - top) < 4).reduce((a, b) => (away(b) < away(a) ? b : a)).place;
  };
  byId("wall").addEventListener("keydown", (event) => {
    const all = stops();
    const at = all.indexOf(document.activeElement);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = {
      ArrowRight: () => Math.min(at + 1, all.length - 1),
      ArrowLeft: () => Math.max(at - 1, 0),
      ArrowDown: () => beyond(all, at, true),
      ArrowUp: () => beyond(all, at, false),
      Home: () => 0,
      End: () => all.length - 1,
    }[event.key];
    if (!to) return;
    event.preventDefault();
    moveTo(all[to()]);
  });

  byId("more").addEventListener("click", () => {
    const before = most;
    most = Infinity;
    draw();
    moveTo(stops()[before]);
  });

  // One sample, large.
  const look = (place) => {
    open = place;
    const { sample, hits } = samples[place];
    byId("closer-title").textContent = table === "words" ? sample.text : `Scene ${number(sample.index)}`;
    const picture = frame(sample, hits);
    const times = table === "words" ? Math.max(1, Math.min(8, Math.floor(900 / sample.width))) : 1.5;
    picture.style.width = `min(${sample.width * times}px, calc((100dvh - 14rem) * ${sample.width / sample.height}))`;
    byId("closer-picture").replaceChildren(picture);
    const labels = [["Index", sample.index], ["Size", `${sample.width} \u00d7 ${sample.height} px`]];
    if (table === "words") labels.push(["Characters", Array.from(sample.text).length], ["Font", sample.font], ["Contrast", sample.contrast], ["Source", sample.source]);
    else labels.push(["Words", sample.words.length], ["Of them ignored", sample.words.filter((word) => word.ignore).length]);
    if (table === "scenes") labels.push(["Characters", sample.layers.find(({ kind }) => kind === "chars").outlines.length]);
    labels.push(["Background", sample.background], ["Split", sample.split]);
    byId("closer-labels").replaceChildren(...labels.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, String(value ?? "unknown")))));
    const words = (sample.words || []).map((word) => make("code", { title: `${word.font || "no font"}, ${Math.round((word.visible || 0) * 100)} % seen`, class: word.ignore ? "ignored" : "" }, word.text));
    byId("closer-words").replaceChildren(...words);
    byId("before").disabled = place === 0;
    byId("after").disabled = place === samples.length - 1;
    if (!byId("closer").open) byId("closer").showModal();
  };
  byId("before").addEventListener("click", () => open > 0 && look(open - 1));
  byId("after").addEventListener("click", () => open < samples.length - 1 && look(open + 1));
  byId("close").addEventListener("click", () => byId("closer").close());
  byId("closer").addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft" && open > 0) look(open - 1);
    if (event.key === "ArrowRight" && open < samples.length - 1) look(open + 1);
  });
  byId("closer").addEventListener("click", (event) => event.target === byId("closer") && byId("closer").close());
  byId("closer").addEventListener("close", () => stops()[open] && moveTo(stops()[open]));

  // Toggles.
  const layer = () => {
    const of = new Map((data.scenes || []).map((scene) => [String(scene.index), scene]));
    for (const { kind } of LOOKS) {
      document.body.classList.toggle(`show-${kind}`, shown.has(kind));
      if (!shown.has(kind)) continue;
      document.querySelectorAll(`img.${kind}:not([src])`).forEach((map) => { map.src = of.get(map.dataset.index).maps[kind]; });
    }
  };
  const kinds = () => {
    const there = new Set((data[table] || []).flatMap(({ layers, maps }) => [...layers.map(({ kind }) => kind), ...Object.keys(maps)]));
    return LOOKS.filter(({ kind }) => there.has(kind));
  };
  const toggles = () => {
    byId("layers").replaceChildren(...kinds().map(({ kind, label: text, colour }) => {
      const dot = make("i", { "aria-hidden": "true" });
      dot.style.setProperty("--dot", colour);
      const button = make("button", { type: "button", "aria-pressed": String(shown.has(kind)), "data-layer": kind }, dot, text);
      button.addEventListener("click", () => {
        if (!shown.delete(kind)) shown.add(kind);
        button.setAttribute("aria-pressed", String(shown.has(kind)));
        layer();
      });
      return button;
    }));
  };
  const fonts = () => {
    const counts = new Map();
    for (const sample of data[table] || []) {
      for (const font of new Set((sample.words || [sample]).map((word) => word.font))) {
        if (font) counts.set(font, (counts.get(font) || 0) + 1);
      }
    }
    const options = [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([font, count]) => make("option", { value: font }, `${font} (${count})`));
    byId("font").replaceChildren(make("option", { value: "" }, `any of ${options.length}`), ...options);
  };
  const bounds = () => { // the least and the greatest there are, where nothing is asked
    const words = (data[table] || []).flatMap((sample) => sample.words || [sample]);
    const told = (name, values) => {
      const [low, high] = values.length ? values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]) : ["", ""];
      byId(`${name}-low`).placeholder = low === "" ? "" : Math.floor(low);
      byId(`${name}-high`).placeholder = high === "" ? "" : Math.ceil(high);
    };
    told("length", words.map((word) => Array.from(word.text).length));
    told("size", words.map((word) => (table === "words" ? word.width : word.height)));
  };
  const choose = (name) => {
    table = name;
    most = FIRST[name];
    byId("filters").reset();
    byId("size-name").textContent = name === "words" ? "Width, px" : "Height of a word, px";
    byId("tables").querySelectorAll("button").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.table === name)));
    toggles();
    fonts();
    bounds();
    select();
    layer();
  };
  const tables = Object.keys(data);
  byId("tables").replaceChildren(...tables.map((name) => {
    const button = make("button", { type: "button", "data-table": name, "aria-pressed": "false" }, `${NAMES[name]} (${number(data[name].length)})`);
    button.addEventListener("click", () => choose(name));
    return button;
  }));
  byId("tables").hidden = tables.length < 2;

  let waiting = 0;
  byId("filters").addEventListener("input", (event) => {
    clearTimeout(waiting);
    if (event.target === byId("zoom")) draw();
    else waiting = setTimeout(select, 80); // not at each key while someone types
  });
  byId("filters").addEventListener("reset", () => setTimeout(select));
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  document.querySelectorAll("[data-char]").forEach((button) => button.addEventListener("click", () => {
    if (button.dataset.of !== table) choose(button.dataset.of);
    byId("containing").value = button.dataset.char;
    select();
    byId("samples-section").scrollIntoView();
    byId("containing").focus({ preventScroll: true });
  }));
  byId("filters").hidden = false;
  choose(table);
})();
