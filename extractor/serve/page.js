"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const SVG = byId("filters").namespaceURI;
  const MOST = Number(document.body.dataset.maxBytes);
  const root = document.documentElement;
  let asked = null; // what stops the request that is under way
  let photo = null; // the file that is shown
  let words = []; // of the photo: {path, button, told}
  const kept = { picture: "", json: "" }; // addresses of what the browser holds for the page

  const make = (name, attributes = {}, ...inside) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...inside); // strings become text, never markup
    return node;
  };
  const shape = (name, attributes) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const hold = (name, content) => { // in place of what was held before
    if (kept[name]) URL.revokeObjectURL(kept[name]);
    kept[name] = URL.createObjectURL(content);
    return kept[name];
  };
  const count = (number, one) => `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;

  // Theme: the system's until the button is used; remembered where the browser lets the page remember.
  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const named = () => {
    byId("theme").textContent = dark() ? "Light" : "Dark";
    byId("theme").setAttribute("aria-label", dark() ? "Light colours" : "Dark colours");
  };
  try {
    const theme = localStorage.getItem("extract-theme");
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  } catch { /* it may not remember */ }
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("extract-theme", root.dataset.theme); } catch { /* as above */ }
    named();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", named);
  named();

  // Words light up on the photo and in the text together.
  const light = (indices) => {
    const lit = new Set(indices);
    words.forEach(({ path, button }, place) => {
      path.classList.toggle("lit", lit.has(place));
      button.classList.toggle("lit", lit.has(place));
    });
    const [first] = indices;
    byId("about-word").textContent = indices.length === 1 ? words[first].told : "";
  };
  const held = () => (document.activeElement.dataset.words || "").split(",").filter(Boolean).map(Number); // of what has the focus
  const under = (node, indices) => { // the pointer
    node.addEventListener("pointerenter", () => light(indices));
    node.addEventListener("pointerleave", () => light(held()));
  };
  const lights = (button, indices) => {
    under(button, indices);
    button.dataset.words = indices.join();
    button.addEventListener("focus", () => light(indices));
    button.addEventListener("blur", () => light([]));
  };
  const moveTo = (place) => {
    words.forEach(({ button }, other) => button.setAttribute("tabindex", other === place ? "0" : "-1"));
    words[place].button.focus();
  };
  byId("lines").addEventListener("keydown", (event) => { // one stop of the Tab key, arrows move within it
    const buttons = [...byId("lines").querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const first = (line) => line?.querySelector("button");
    const line = buttons[at].closest("li");
    const to = {
      ArrowRight: () => buttons[at + 1],
      ArrowLeft: () => buttons[at - 1],
      ArrowDown: () => first(line.nextElementSibling),
      ArrowUp: () => first(line.previousElementSibling),
      Home: () => buttons[0],
      End: () => buttons.at(-1),
    }[event.key];
    if (!to) return;
    event.preventDefault();
    const next = to();
    if (next) moveTo(words.findIndex(({ button }) => button === next));
  });

  // What was read.
  const path = (points) => {
    const flat = points.flat();
    const pairs = [];
    for (let k = 0; k + 1 < flat.length; k += 2) pairs.push(`${flat[k]} ${flat[k + 1]}`);
    return pairs.length ? `M${pairs.join("L")}Z` : "";
  };
  const percent = (share) => `${Math.round(share * 100)} %`;
  const wordOf = (word, place) => {
    const button = make("button", { type: "button", tabindex: place ? "-1" : "0" }, word.text || "\u2423");
    const outline = shape("path", { d: path(word.polygon || word.quad) });
    const told = `${word.text}: ${percent(word.confidence)} sure of the text, ${percent(word.score)} of the place`;
    lights(button, [place]);
    under(outline, [place]); // no more: with a listener for the focus, browsers make it a stop of the Tab key
    outline.addEventListener("click", () => moveTo(place));
    return { button, path: outline, told };
  };
  const fit = (width, height) => {
    byId("frame").style.aspectRatio = `${width} / ${height}`;
    byId("frame").style.width = `min(100%, calc(85vh * ${width / height}))`;
  };
  const frame = (...layers) => {
    const picture = make("img", { src: kept.picture, alt: "The photo" });
    picture.addEventListener("error", () => { byId("unshown").hidden = false; picture.remove(); });
    picture.addEventListener("load", () => layers.length || fit(picture.naturalWidth, picture.naturalHeight));
    byId("frame").replaceChildren(picture, ...layers);
  };
  const map = (name, content) => make("img", { class: `layer ${name}`, alt: "", src: `data:image/png;base64,${content}` });
  const fieldRow = (field) => {
    const button = make("button", { type: "button" }, field.text);
    lights(button, field.words);
    const value = [field.value, field.unit].filter((part) => part !== null && part !== undefined && part !== "").join(" ");
    const note = field.note ? [make("small", {}, ` ${field.note}`)] : [];
    return make("tr", {}, make("td", {}, field.kind), make("td", {}, button), make("td", {}, value, ...note));
  };
  const show = ({ maps, ...page }) => {
    words = page.words.map(wordOf);
    const outlines = shape("svg", { class: "layer words", viewBox: `0 0 ${page.width} ${page.height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    outlines.append(...words.map((word) => word.path));
    fit(page.width, page.height);
    frame(map("region", maps.region), map("affinity", maps.affinity), outlines);
    const lines = page.lines.map((line) => make("li", {}, ...line.words.flatMap((place) => [words[place].button, " "])));
    byId("lines").replaceChildren(...(lines.length ? lines : [make("li", { class: "empty" }, "No text was found on this photo.")]));
    byId("fields").replaceChildren(...page.fields.map(fieldRow));
    byId("fields-part").hidden = !page.fields.length;
    byId("copy").onclick = () => copy(page.text);
    byId("copy").disabled = !page.text;
    byId("download").href = hold("json", new Blob([JSON.stringify(page, null, 2)], { type: "application/json" }));
    byId("download").download = `${photo.name.replace(/\.[^.]*$/, "") || "photo"}.json`;
    byId("read").hidden = false;
    byId("layers").hidden = false;
    light([]);
    byId("status").textContent = `${count(page.words.length, "word")} on ${count(page.lines.length, "line")}, read in ${page.seconds.toFixed(2)} s${page.left_out ? `; ${count(page.left_out, "more place")} could not be read` : ""}`;
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // not offered on plain addresses of other machines
      const field = make("textarea", { class: "unseen" });
      field.value = text;
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    byId("status").textContent = "The text is copied.";
  };

  // Sending.
  const fail = (text, again) => {
    byId("fault-text").textContent = text;
    byId("again").hidden = !again;
    byId("fault").hidden = false;
    byId("status").textContent = "";
  };
  const ask = async (file, signal) => {
    const answer = await fetch("extract?maps=true", {
      method: "POST", body: file, signal, headers: { "Content-Type": file.type || "application/octet-stream" },
    });
    const content = await answer.json().catch(() => ({ error: `the server answered ${answer.status} without a reason` }));
    return { done: answer.ok, again: answer.status >= 500 || answer.status === 408, content };
  };
  const clear = () => {
    asked?.abort();
    words = [];
    for (const id of ["fault", "unshown", "read", "layers", "result"]) byId(id).hidden = true;
  };
  const read = async (file) => {
    clear();
    photo = file;
    if (file.size > MOST) {
      fail(`${file.name}: need at most ${MOST.toLocaleString("en")} bytes, got ${file.size.toLocaleString("en")}; send a smaller photo`, false);
      return;
    }
    const mine = new AbortController();
    asked = mine;
    hold("picture", file);
    fit(4, 3); // until its size is known
    frame();
    byId("result").hidden = false;
    document.body.classList.add("busy");
    byId("status").textContent = `Reading ${file.name} \u2026`;
    try {
      const { done, again, content } = await ask(file, mine.signal);
      if (asked !== mine) return;
      if (done) show(content);
      else fail(content.error, again);
      byId("result").hidden = !done;
    } catch (error) {
      if (asked !== mine) return; // another photo came
      byId("result").hidden = true;
      fail(`the server does not answer (${error.message}); see whether it runs`, true);
    } finally {
      if (asked === mine) document.body.classList.remove("busy");
    }
  };

  // Ways in.
  const take = (files) => {
    const file = [...files].find((one) => one.type.startsWith("image/")) || files[0];
    if (file) read(file);
  };
  byId("choose").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", (event) => {
    take(event.target.files);
    event.target.value = ""; // so that the same file can be chosen again
  });
  byId("again").addEventListener("click", () => photo && read(photo));
  document.addEventListener("paste", (event) => take(event.clipboardData.files));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || document.body.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    take(event.dataTransfer.files);
  });
  byId("layers").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const shown = document.body.classList.toggle(`show-${button.dataset.layer}`);
    button.setAttribute("aria-pressed", String(shown));
  });
})();
