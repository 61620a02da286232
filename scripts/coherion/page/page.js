"use strict";
/* Shows what the page holds. The index says what there is; each view lies packed in an element of its own and is
   unpacked when it is opened; a plot is drawn when it comes into sight. All words are set as text, never as markup. */
(() => {
  const index = JSON.parse(document.getElementById("index").textContent);
  const main = document.getElementById("main");
  const unpacked = new Map();
  // The list is shown while the data and plotly.js, which stand below, are still read.
  const whole = new Promise((done) =>
    document.readyState === "loading" ? addEventListener("DOMContentLoaded", done) : done());
  const drawn = new Set();
  const GRADES = { A: "alert of grade A", B: "alert of grade B", C: "alert of grade C", "": "no alert", failed: "failed" };

  /* ---- elements ---- */
  function el(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === undefined || value === null || value === false) continue;
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.flat().filter((one) => one !== null && one !== undefined && one !== ""));
    return made;
  }
  const hidden = (said) => el("span", { class: "hidden" }, said);
  const short = (said, most) => (said.length > most ? said.slice(0, most).replace(/\s+\S*$/, "") + " …" : said);
  const rounded = (said) => (said && isFinite(said) ? String(+Number(said).toPrecision(4)) : said);
  const hash = (...parts) => "#/" + parts.map(encodeURIComponent).join("/");
  const light = (grade) =>
    el("span", { class: "light " + (grade || "fine"), title: GRADES[grade] },
      el("span", { "aria-hidden": "true" }, grade === "failed" ? "✕" : grade || "✓"), hidden(GRADES[grade]));
  const has = (view) => index.views.includes(view);

  /* ---- data ---- */
  async function data(view) {
    if (!unpacked.has(view)) {
      await whole;
      unpacked.set(view, JSON.parse(await unzipped(index.places[view])));
    }
    return unpacked.get(view);
  }
  async function unzipped(place) {
    const packed = atob(document.getElementById(place).textContent), bytes = new Uint8Array(packed.length);
    for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  }
  /* plotly.js lies packed too, until the first plot is in sight; the page's policy knows it by its hash. */
  let library;
  const plotly = () => (library ??= whole.then(() => unzipped("plotly")).then((program) =>
    document.head.append(el("script", {}, program))));
  function numbers(packed) {
    if (packed === undefined || packed === null || Array.isArray(packed)) return packed;
    const made = new Array(packed.n);
    if ("step" in packed) {
      const digits = 12;
      for (let i = 0; i < packed.n; i++) made[i] = +(packed.from + i * packed.step).toPrecision(digits);
      return made;
    }
    const bytes = Uint8Array.from(atob(packed.d), (one) => one.charCodeAt(0)).buffer;
    const changes = packed.t === 2 ? new Int16Array(bytes) : new Int32Array(bytes);
    const up = packed.k >= 0, scale = 10 ** Math.abs(packed.k);
    let sum = 0;
    for (let i = 0; i < packed.n; i++) { sum += changes[i]; made[i] = up ? sum / scale : sum * scale; }
    return made;
  }

  /* ---- saving ---- */
  function save(name, text, type) {
    const address = URL.createObjectURL(new Blob([text], { type }));
    const link = el("a", { href: address, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }
  const cellText = (said) => String(said ?? "").replace(/[\t\r\n]+/g, " ");
  const tsv = (rows) => rows.map((row) => row.map(cellText).join("\t")).join("\n") + "\n";
  function numbersOf(traces) {
    const rows = [["curve", "x", "y", "z", "x_sd", "y_sd", "name"]];
    for (const trace of traces) {
      if (trace.visible === false || trace.visible === "legendonly") continue;
      const name = unescaped(trace.name || trace.type);
      if (trace.type === "heatmap") {
        trace.y.forEach((y, i) => trace.x.forEach((x, j) => {
          if (trace.z[i][j] !== null) rows.push([name, unescaped(x), unescaped(y), trace.z[i][j], "", "", ""]);
        }));
        continue;
      }
      const names = trace.samples && trace.samples.length > 1 ? trace.samples : trace.text;
      for (let i = 0; i < (trace.x || []).length; i++) {
        if (trace.x[i] === null && trace.y[i] === null) continue;
        rows.push([name, trace.x[i], trace.y[i], trace.z ? trace.z[i] : "",
          trace.error_x ? trace.error_x.array[i] : "", trace.error_y ? trace.error_y.array[i] : "",
          Array.isArray(names) ? unescaped(names[i]) : ""]);
      }
    }
    return tsv(rows);
  }

  /* ---- plots ---- */
  /* plotly.js reads some tags and entities in its texts: here they are only text. */
  const escaped = (said) => String(said).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const unescaped = (said) => String(said ?? "").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
  const TEXTS = new Set(["name", "text", "hovertext", "ticktext"]);
  const COLOURS = new Set(["color", "fillcolor"]);
  function theme() {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(name).trim();
    return { ink: of("--ink"), grey: of("--plot-grey"), paper: of("--paper"), grid: of("--plot-grid"),
      soft: of("--soft"), warn: of("--warn"), line: of("--line") };
  }
  function prepared(value, key, colours) {
    if (value && typeof value === "object" && !Array.isArray(value)) {
      if ("n" in value && ("step" in value || "d" in value)) return numbers(value);
      return Object.fromEntries(Object.entries(value).map(([k, one]) => [k, prepared(one, k, colours)]));
    }
    if (Array.isArray(value)) {
      if ((key === "x" || key === "y") && typeof value.find((one) => one !== null) === "string") return value.map(escaped);
      if (TEXTS.has(key)) return value.map((one) => Array.isArray(one) ? one.map(escaped) : escaped(one ?? ""));
      return value.some((one) => one && typeof one === "object" && !Array.isArray(one))
        ? value.map((one) => prepared(one, key, colours)) : value;
    }
    if (TEXTS.has(key) && typeof value === "string") return escaped(value);
    if (COLOURS.has(key) && (value === "ink" || value === "grey")) return colours[value];
    return value;
  }
  /* Panels below one another; the height that they then take. */
  function stack(layout, panels) {
    const right = Object.keys(layout).some((key) => layout[key].side === "right");
    const all = 270 * panels + 60, own = 1 / panels, gap = 70 / all;
    for (let k = 0; k < panels; k++) {
      const suffix = k ? String(k + 1) : "", top = 1 - k * own;
      layout["xaxis" + suffix].domain = [0, right ? 0.86 : 1];
      layout["yaxis" + suffix].domain = [top - own + gap, top];
      const head = (layout.annotations || [])[k];
      if (head) Object.assign(head, { x: 0, y: top });
    }
    return all;
  }
  function layoutOf(block, colours, narrow, entries, legend, simulated) {
    const layout = prepared(block.layout, "", colours);
    const axis = { gridcolor: colours.grid, linecolor: colours.grey, zeroline: false, exponentformat: "power", ticks: "outside", ticklen: 4,
      tickcolor: colours.grey, mirror: true, showline: true, automargin: true, title: { standoff: 8 } };
    for (const key of Object.keys(layout)) {
      if (/^[xy]axis\d*$/.test(key)) {
        layout[key] = { ...axis, ...layout[key], title: { ...axis.title, ...(layout[key].title || {}) } };
        if (narrow && layout[key].domain && block.name !== "bode") layout[key].nticks = 4;
      }
    }
    if (layout.xaxis && !layout.xaxis.tickvals) layout.xaxis.nticks ??= narrow ? 5 : undefined;
    const beside = !narrow && entries > 7;
    layout.legend = beside
      ? { x: 1.02, y: 1, xanchor: "left", yanchor: "top", font: { size: 11 }, tracegroupgap: 0 }
      : { orientation: "h", x: 0, y: 1.02, xanchor: "left", yanchor: "bottom", font: { size: 11 }, tracegroupgap: 0 };
    const named = Object.keys(layout).some((key) => key.startsWith("xaxis") && layout[key].ticktext);
    const height = narrow && block.panels > 1 ? stack(layout, block.panels) : block.height;
    // What stands above panels must not meet the legend: then it goes below the axes.
    if (!beside && (layout.annotations || []).some((one) => one.yref === "paper" && one.y >= 0.99 && one.yanchor === "bottom"))
      Object.assign(layout.legend, { y: -(named ? 105 : 58) / (height - 68), yanchor: "top" });
    layout.showlegend = legend;
    const marks = layout.annotations || [];
    if (simulated)
      marks.push({ text: "simulated", xref: "paper", yref: "paper", x: 1, y: 1, xanchor: "right", yanchor: "bottom",
        showarrow: false, font: { color: colours.warn, size: 11 } });
    layout.annotations = marks;
    return { paper_bgcolor: colours.paper, plot_bgcolor: colours.paper, hovermode: "closest", dragmode: "zoom",
      font: { family: "system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif", size: 12, color: colours.ink },
      hoverlabel: { font: { size: 12 } },
      margin: { l: 58, r: 14, t: 24, b: 44 }, height, autosize: true, ...layout };
  }
  const visibleFor = (trace, chosen) => !chosen || !trace.choice || trace.choice === chosen ? trace.visible ?? true : false;

  function plotElement(block, simulated) {
    const canvas = el("div", { class: "canvas waiting" }, "…");
    canvas.style.height = block.height + "px";
    const tools = el("div", { class: "tools" });
    const state = { block, canvas, chosen: block.chosen || "", simulated };
    if (block.choices) {
      const select = el("select", { "aria-label": "Temperature", onchange: () => choose(figure, select.value) },
        el("option", { value: "" }, "all"), block.choices.map((one) => el("option", { value: one }, one)));
      select.value = state.chosen;
      state.select = select;
      tools.append(select);
    }
    const button = el("button", { type: "button", "aria-pressed": "true", onclick: () => {
      state.legend = !state.legend;
      button.setAttribute("aria-pressed", String(state.legend));
      if (canvas.data) Plotly.relayout(canvas, { showlegend: state.legend });
    } }, "Legend");
    state.button = button;
    tools.append(button,
      el("button", { type: "button", onclick: () => picture(state) }, "Picture"),
      el("button", { type: "button", onclick: () => {
        save(block.name + ".tsv", numbersOf(canvas.data || prepared(block.data, "", theme())), "text/tab-separated-values");
      } }, "Data"));
    const figure = el("figure", { class: block.wide ? "plot" : "plot half", "aria-label": block.title },
      el("figcaption", {}, el("h3", {}, block.title), tools), canvas,
      block.note ? el("p", { class: "note" }, block.note) : "");
    const leads = [...new Set(block.data.flatMap((trace) => trace.samples || []))].filter(Boolean);
    if (leads.length)
      figure.append(el("p", { class: "note" }, "Samples: ",
        leads.flatMap((one, i) => [i ? ", " : "", el("a", { href: hash("sample", one) }, one)])));
    figure.state = state;
    canvas.state = state;
    sight.observe(canvas);
    return figure;
  }
  function choose(figure, chosen) {
    const around = figure.closest("section") || main;
    for (const other of around.querySelectorAll("figure.plot")) {
      const state = other.state;
      if (!state || !state.select || (chosen && !state.block.choices.includes(chosen))) continue;
      state.select.value = state.chosen = chosen;
      if (state.canvas.data) draw(state);
    }
  }
  async function picture(state) {
    if (!state.canvas.data) await draw(state);
    Plotly.downloadImage(state.canvas, { format: "png", scale: 3, filename: state.block.name,
      width: state.canvas.clientWidth, height: state.canvas.clientHeight });
  }
  function windowOf(block, chosen, layout) {
    const window = block.windows && block.windows[chosen];
    if (block.windows) ["xaxis", "yaxis"].forEach((key, i) => {
      if (window) layout[key].range = window[i]; else layout[key].autorange = true;
    });
  }
  async function draw(state) {
    const { block, canvas } = state;
    await plotly();
    if (!canvas.isConnected) return;
    const colours = theme(), narrow = canvas.clientWidth < 560;
    const traces = prepared(block.data, "", colours).map((trace) => ({ ...trace, visible: visibleFor(trace, state.chosen) }));
    const shown = traces.filter((trace) => trace.visible !== false && trace.showlegend !== false && trace.type !== "heatmap");
    const entries = shown.length;
    if (state.legend === undefined) {
      state.button.hidden = entries < 2;
      state.legend = block.layout.showlegend !== false && entries > 1 && !(narrow && entries > 6) && entries <= 40;
      state.button.setAttribute("aria-pressed", String(state.legend));
    }
    const layout = layoutOf(block, colours, narrow, entries, state.legend, state.simulated);
    windowOf(block, state.chosen, layout);
    canvas.style.height = layout.height + "px";
    canvas.classList.remove("waiting");
    if (!canvas.data) canvas.textContent = "";
    const config = { responsive: true, displaylogo: false, displayModeBar: narrow ? false : "hover",
      toImageButtonOptions: { format: "svg", filename: block.name },
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
    await Plotly.react(canvas, traces, layout, config);
    drawn.add(canvas);
    canvas.removeAllListeners("plotly_click");
    canvas.on("plotly_click", (event) => {
      const point = event.points[0], leads = point && point.data.samples;
      const name = leads && (leads.length === 1 ? leads[0] : leads[point.pointNumber]);
      if (name) location.hash = hash("sample", name);
    });
  }
  const sight = new IntersectionObserver((seen) => {
    for (const one of seen)
      if (one.isIntersecting) { sight.unobserve(one.target); draw(one.target.state); }
  }, { rootMargin: "300px" });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach((one) => draw(one.state)));

  /* ---- tables ---- */
  const isCell = (cell) => cell !== null && typeof cell === "object";
  const shownCell = (cell) => (isCell(cell) ? cell.t : typeof cell === "number" ? String(cell).replace("-", "−") : cell ?? "");
  /* What a cell shows, the amounts in a formula below the line. */
  const printed = (cell) => (isCell(cell) && cell.f ? cell.f.map(([said, low]) => (low ? el("sub", {}, said) : said)) : String(shownCell(cell)));
  /* What is searched: subscripts as figures. */
  const sought = (...said) => said.filter(Boolean).join(" ").normalize("NFKC").toLowerCase();
  const valueOf = (cell) => (isCell(cell) ? cell.v : cell ?? "");
  function compare(a, b) {
    const blank = (one) => one === "" || one === null || one === undefined;
    if (blank(a) || blank(b)) return blank(a) - blank(b);
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  }
  /* Rows are {values, cells}: what they are sorted by, and the elements of a line, or a function that makes them. */
  function sortable(headings, rows, { label, list = "", numeric = [] } = {}) {
    const body = el("tbody");
    const heads = headings.map((heading, i) => {
      const head = el("th", { scope: "col", class: numeric[i] ? "number" : null, "aria-sort": "none" },
        heading ? el("button", { type: "button", onclick: () => sort(i) }, heading) : hidden("more"));
      return head;
    });
    let order = rows.slice(), sorted = -1, down = false;
    function sort(column) {
      down = sorted === column ? !down : false;
      sorted = column;
      heads.forEach((head, i) => head.setAttribute("aria-sort", i === column ? (down ? "descending" : "ascending") : "none"));
      const blank = (one) => one === "" || one === null || one === undefined;
      order = rows.slice().sort((a, b) => {
        const [x, y] = [a.values[column], b.values[column]];
        return blank(x) || blank(y) ? compare(x, y) : compare(x, y) * (down ? -1 : 1);
      });
      fill();
    }
    let wanted = () => true;
    function fill() {
      body.replaceChildren(...order.filter(wanted).flatMap((row) => row.lines || (row.lines = row.make())));
    }
    fill();
    const element = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
      el("table", { class: list }, el("thead", {}, el("tr", {}, heads)), body));
    return { element, filter: (test) => { wanted = test; fill(); return order.filter(test).length; } };
  }
  const isHash = (said) => /^[0-9a-f]{64}$/.test(said);
  function tableElement(block) {
    const made = () => {
      const numeric = block.columns.map((_, i) => {
        const filled = block.rows.map((row) => row[i]).filter((cell) => cell !== null && cell !== "");
        return filled.length > 0 && filled.every((cell) => (isCell(cell) && !cell.f) || typeof cell === "number");
      });
      const rows = block.rows.map((row) => ({
        values: row.map(valueOf),
        text: sought(...row.map((cell) => String(shownCell(cell)))),
        make: () => [el("tr", {}, row.map((cell, i) => {
          const said = String(shownCell(cell));
          return el("td", { class: numeric[i] ? "number" : isHash(said) ? "hash" : said.length > 48 ? "long" : null }, printed(cell));
        }))],
      }));
      const shown = sortable(block.columns, rows, { label: block.title, numeric });
      const tools = el("div", { class: "tools" });
      if (rows.length > 15)
        tools.append(el("input", { type: "search", placeholder: "Search this table", "aria-label": "Search " + block.title,
          oninput: (event) => {
            const said = event.target.value.toLowerCase();
            shown.filter((row) => row.text.includes(said));
          } }));
      tools.append(el("button", { type: "button", onclick: () => save("table.tsv",
        tsv([block.columns, ...block.rows.map((row) => row.map(valueOf))]), "text/tab-separated-values") }, "Data"));
      return [block.note ? el("p", { class: "note" }, block.note) : "", shown.element, tools].filter(Boolean);
    };
    if (!block.closed) return el("div", { class: block.half ? "half" : null }, el("h3", {}, block.title), made());
    const inside = el("div", { class: "inside" });
    return el("details", { ontoggle: () => { if (!inside.hasChildNodes()) inside.append(...made()); } },
      el("summary", {}, block.title), inside);
  }

  /* ---- other blocks ---- */
  const alertElement = (row, withSample) => el("li", {}, light(row.grade), el("div", {},
    el("p", {}, withSample ? [el("a", { href: hash("sample", row.sample), class: "lead" }, row.sample), " "] : "", row.text),
    el("p", { class: "note" }, [row.stage, row.place, row.code].filter(Boolean).join(" · "),
      row.limit ? ` · found ${rounded(row.number)}, limit ${row.limit} ${row.unit === "1" ? "" : row.unit}` : ""),
    row.advice ? el("p", { class: "note" }, "What to do: ", row.advice) : ""));
  function blockElement(block, simulated) {
    switch (block.kind) {
      case "plot": return plotElement(block, simulated);
      case "table": return tableElement(block);
      case "facts": return el("dl", { class: block.half ? "half" : null }, block.rows.flatMap(([name, said]) => [el("dt", {}, name), el("dd", {}, String(said))]));
      case "text": return el("p", { class: block.level === "warning" ? "warning" : "" }, block.text);
      case "alerts": return el("div", {}, block.title ? el("h2", {}, block.title) : "",
        el("ul", { class: "alerts" }, block.rows.map((row) => alertElement(row, Boolean(block.title)))));
      case "lead": {
        const holder = el("div", {});
        data("sample/" + block.sample).then((found) => {
          const own = found.find((one) => one.id === block.section);
          const shown = own && own.blocks.find((one) => one.kind === "plot");
          if (shown) holder.append(blockElement(shown, simulated));
          holder.append(el("p", { class: "note" }, block.text || "", " ", el("a", { href: hash("sample", block.sample) }, block.sample)));
        });
        return holder;
      }
    }
    return el("p", {}, "");
  }
  const blocksElement = (blocks, simulated) =>
    el("div", { class: "grid" }, blocks.map((block) => blockElement(block, simulated)));

  /* ---- views ---- */
  function samplesView() {
    const numeric = [false, false, false, ...index.columns.map(() => true)];
    const order = { failed: 0, A: 1, B: 2, C: 3, "": 4 };
    const groups = index.samples.some((one) => one.composition);
    const rows = index.samples.map((one) => ({
      grade: one.light,
      text: sought(one.sample, one.title, one.group, shownCell(one.composition), one.excluded),
      values: [order[one.light], one.sample, valueOf(one.composition) || one.group, ...one.cells.map(valueOf)],
      make: () => [el("tr", {}, el("td", {}, light(one.light)),
        el("td", {}, el("a", { class: "lead", href: hash("sample", one.sample) }, one.sample),
          one.title && one.title !== one.sample ? el("span", { class: "soft" }, one.title) : "",
          one.excluded ? el("span", { class: "soft", title: one.excluded }, "left out: " + short(one.excluded, 40)) : ""),
        el("td", {}, one.composition ? printed(one.composition) : one.group),
        one.cells.map((cell) => el("td", { class: "number" }, shownCell(cell))))],
    }));
    const headings = ["Alerts", "Sample", groups ? "Composition" : "Group", ...index.columns];
    const shown = sortable(headings, rows, { label: "Samples", list: "list", numeric });
    let grade = null, said = "";
    const count = el("span", { class: "soft", role: "status" });
    function apply() {
      const found = shown.filter((row) => (grade === null || row.grade === grade) && row.text.includes(said));
      count.textContent = `${found} of ${rows.length} samples`;
    }
    const buttons = [null, "failed", "A", "B", "C", ""].filter((one) => one === null || rows.some((row) => row.grade === one))
      .map((one) => {
        const button = el("button", { type: "button", "aria-pressed": String(one === null), onclick: () => {
          grade = one;
          buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
          apply();
        } }, one === null ? "all" : one === "" ? "no alert" : one === "failed" ? "failed" : one);
        return button;
      });
    const search = el("input", { type: "search", placeholder: "Search samples", "aria-label": "Search samples",
      oninput: () => { said = search.value.toLowerCase(); apply(); } });
    apply();
    const verdicts = {};
    for (const one of index.statements) verdicts[one.verdict] = (verdicts[one.verdict] || 0) + 1;
    const alerts = { A: 0, B: 0, C: 0 };
    for (const one of index.samples) for (const key of Object.keys(alerts)) alerts[key] += one.counts[key];
    const counts = el("ul", { class: "counts" }, el("li", {}, el("b", {}, String(rows.length)), "samples"),
      Object.entries(alerts).filter(([, n]) => n).map(([key, n]) => el("li", {}, el("b", {}, String(n)), (n === 1 ? "alert " : "alerts ") + key)),
      Object.entries(verdicts).map(([key, n]) => el("li", {}, el("b", { class: key }, String(n)), (n === 1 ? "statement: " : "statements: ") + key)),
      index.failures.length ? el("li", {}, el("b", { class: "fails" }, String(index.failures.length)), "jobs failed") : "");
    const made = [el("h1", {}, "Samples"), counts];
    for (const [job, what] of index.failures) made.push(el("p", { class: "warning" }, `${job} failed: ${what}`));
    if (index.absent.length)
      made.push(el("p", { class: "warning" }, `${index.absent.length} files cannot be read: `,
        index.absent.slice(0, 5).map(([file, why]) => `${file} (${short(why, 80)})`).join("; "),
        index.absent.length > 5 ? "; …" : "", " ", has("run") ? el("a", { href: "#/run" }, "All of it") : ""));
    if (index.note) made.push(el("p", { class: "soft" }, index.note));
    made.push(el("div", { class: "tools" }, search, el("div", { role: "group", "aria-label": "Gravest alert", class: "tools" }, buttons), count),
      shown.element);
    if (index.files.length)
      made.push(el("details", {}, el("summary", {}, `Files: ${index.files.length} read`), el("div", { class: "inside" }, sortable(["Alerts", "Read into", "Kind", "From", "What it says of itself"], index.files.map((one) => ({
        values: [order[one.light], one.name, one.kind, one.source, one.told],
        make: () => [el("tr", {}, el("td", {}, light(one.light)), el("td", {}, one.name), el("td", {}, one.kind),
          el("td", {}, one.source || ""), el("td", { class: "long" }, one.told || ""))],
      })), { label: "Files" }).element)));
    return made;
  }

  async function sampleView(name, section) {
    const place = index.samples.findIndex((one) => one.sample === name);
    if (place < 0) return notFound();
    const one = index.samples[place];
    const found = has("sample/" + name) ? await data("sample/" + name) : [];
    const link = (at, said) => {
      const other = index.samples[at];
      return other ? el("a", { href: hash("sample", other.sample) }, said(other.sample)) : el("span", {});
    };
    const made = [
      el("div", { class: "around" }, link(place - 1, (said) => "← " + said), el("a", { href: "#/samples" }, "All samples"),
        link(place + 1, (said) => said + " →")),
      el("div", { class: "title" }, light(one.light), el("h1", {}, one.sample, one.title && one.title !== one.sample ? ": " + one.title : ""),
        one.origin === "simulated" ? el("span", { class: "badge simulated" }, "simulated, no measurement") : ""),
      el("p", { class: "soft" }, one.composition ? printed(one.composition) : "", one.composition && one.group ? " · " : "", one.group && "group " + one.group),
      el("dl", {}, index.columns.flatMap((column, i) => one.cells[i] ? [el("dt", {}, column), el("dd", {}, shownCell(one.cells[i]))] : [])),
      el("nav", { class: "sections", "aria-label": "Sections of the sample" },
        found.map((part) => el("a", { href: hash("sample", name, part.id) }, part.title))),
    ];
    if (!found.length) made.push(el("p", { class: "warning" }, index.note || "Nothing of this sample is there."));
    for (const part of found)
      made.push(el("section", { id: "part-" + part.id, "aria-label": part.title }, el("h2", { tabindex: "-1" }, part.title),
        blocksElement(part.blocks, one.origin === "simulated")));
    return made;
  }

  function figuresView() {
    return [el("h1", {}, "Figures"),
      el("p", {}, "Each figure of the series, drawn from the numbers that stand beside its picture. A point leads to its sample."),
      el("ul", { class: "cards" }, index.figures.map((one) => el("li", {}, el("a", { href: hash("figure", one.id) }, one.title))))];
  }
  async function figureView(name) {
    const place = index.figures.findIndex((one) => one.id === name);
    if (place < 0) return notFound();
    const link = (at, said) => {
      const other = index.figures[at];
      return other ? el("a", { href: hash("figure", other.id) }, said(other.id.replaceAll("_", " "))) : el("span", {});
    };
    return [el("div", { class: "around" }, link(place - 1, (said) => "← " + said), el("a", { href: "#/figures" }, "All figures"),
      link(place + 1, (said) => said + " →")),
    el("h1", {}, index.figures[place].title), blocksElement(await data("figure/" + name), index.simulated)];
  }

  function statementsView() {
    const fact = (name, said) => (said ? [el("dt", {}, name), el("dd", {}, said)] : []);
    const rows = index.statements.map((one, i) => {
      const id = "statement-" + i;
      return {
        verdict: one.verdict,
        text: [one.id, one.topic, one.place, one.statement, one.note].join(" ").toLowerCase(),
        values: [one.verdict, one.statement, one.value, one.n === "" ? "" : Number(one.n), one.topic],
        make: () => {
          const inside = el("td", { colspan: "5" });
          const more = el("tr", { id, hidden: true }, inside);
          const button = el("button", { type: "button", class: "pick", "aria-expanded": "false", "aria-controls": id, onclick: () => {
            const open = more.hidden;
            more.hidden = !open;
            button.setAttribute("aria-expanded", String(open));
            if (!inside.hasChildNodes()) {
              inside.append(el("dl", {}, fact("quantity", one.quantity), fact("number", [one.value, one.unit].filter(Boolean).join(" ")),
                fact("test", one.test), fact("criterion", one.criterion), fact("note", one.note), fact("where", one.place), fact("id", one.id)));
              if (one.figure)
                data("figure/" + one.figure).then((blocks) => inside.append(
                  el("p", { class: "soft" }, "Shown by ", el("a", { href: hash("figure", one.figure) }, one.figure.replaceAll("_", " "))),
                  blocksElement(blocks, index.simulated)));
            }
          } }, one.statement);
          return [el("tr", {}, el("td", {}, el("span", { class: "badge " + one.verdict }, one.verdict)), el("td", { class: "long" }, button),
            el("td", { class: "number" }, [one.value, one.unit === "1" ? "" : one.unit].filter(Boolean).join(" ")),
            el("td", { class: "number" }, one.n), el("td", {}, one.topic)), more];
        },
      };
    });
    const shown = sortable(["Verdict", "Statement", "Number", "n", "Topic"], rows, { label: "Statements", numeric: [0, 0, 1, 1, 0] });
    let verdict = null, said = "";
    const count = el("span", { class: "soft", role: "status" });
    function apply() {
      const n = shown.filter((row) => (verdict === null || row.verdict === verdict) && row.text.includes(said));
      count.textContent = `${n} of ${rows.length} statements`;
    }
    const buttons = [null, ...new Set(index.statements.map((one) => one.verdict))].map((one) => {
      const button = el("button", { type: "button", "aria-pressed": String(one === null), onclick: () => {
        verdict = one;
        buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
        apply();
      } }, one === null ? "all" : one);
      return button;
    });
    apply();
    return [el("h1", {}, "Statements"),
      el("p", {}, "What the paper says, each held against the run. Open a statement for its criterion and the figure that shows it."),
      el("div", { class: "tools" }, el("input", { type: "search", placeholder: "Search statements", "aria-label": "Search statements",
        oninput: (event) => { said = event.target.value.toLowerCase(); apply(); } }),
      el("div", { role: "group", "aria-label": "Verdict", class: "tools" }, buttons), count), shown.element];
  }
  const PLAIN = { correlation: "Correlation", multiverse: "Multiverse", recovery: "Recovery", tables: "Tables", compare: "Comparison", run: "Run" };
  const notFound = () => [el("h1", {}, "Not on this page"), el("p", {}, el("a", { href: "#/samples" }, "To the samples"))];

  /* ---- frame ---- */
  const links = [["samples", "Samples"], index.figures.length && ["figures", "Figures"],
    index.statements.length && ["statements", "Statements"],
    ...Object.entries(PLAIN).filter(([view]) => has(view))].filter(Boolean);
  const tabs = links.map(([view, said]) => el("a", { href: "#/" + view, "data-view": view }, said));
  document.getElementById("head").append(
    el("div", { class: "name" }, el("a", { href: "#/samples" }, index.title ? "Results: " + index.title : "Results"),
      index.simulated ? el("span", { class: "badge simulated" }, "simulated data, no measurement") : ""),
    el("nav", { class: "views", "aria-label": "Views" }, tabs));
  document.getElementById("foot").append(
    `Made by coherion ${index.version} from the files of the run. Drag in a plot to zoom, double-click to go back, click a name in its legend to hide a curve.`);

  let turn = 0;
  async function show() {
    const own = ++turn;
    const parts = location.hash.replace(/^#\/?/, "").split("/").map((one) => { try { return decodeURIComponent(one); } catch { return one; } });
    const [view, name, section] = parts;
    if (parts[0] === "main") { main.focus(); return; }
    const same = main.dataset.view === [view, name].join("/");
    if (!same) {
      let made;
      try {
        if (view === "sample") made = await sampleView(name, section);
        else if (view === "figure") made = await figureView(name);
        else if (view === "figures") made = figuresView();
        else if (view === "statements") made = statementsView();
        else if (PLAIN[view] && has(view)) made = [el("h1", {}, PLAIN[view]), blocksElement(await data(view), index.simulated)];
        else if (!view || view === "samples") made = samplesView();
        else made = notFound();
      } catch (problem) {
        made = [el("h1", {}, "Cannot be shown"), el("p", { class: "warning" }, String(problem)),
          el("p", {}, "A browser of 2023 or later is needed.")];
        console.error(problem);
      }
      if (own !== turn) return;
      sight.disconnect();
      const waiting = [...drawn];
      drawn.clear();
      waiting.forEach((one) => Plotly.purge(one));
      main.replaceChildren(...made);
      // Elements observed before they stood in the page would be forgotten by disconnect.
      main.querySelectorAll(".canvas.waiting").forEach((one) => sight.observe(one));
      main.dataset.view = [view, name].join("/");
      const tab = view === "sample" || !view ? "samples" : view === "figure" ? "figures" : view;
      tabs.forEach((one) => (one.dataset.view === tab ? one.setAttribute("aria-current", "page") : one.removeAttribute("aria-current")));
      const heading = main.querySelector("h1");
      document.title = [heading && heading.textContent, index.title || "Results"].filter(Boolean).join(" – ");
      window.scrollTo(0, 0);
      if (own > 1) main.focus({ preventScroll: true });
    }
    const target = section && document.getElementById("part-" + section);
    if (target) { target.scrollIntoView(); target.querySelector("h2").focus({ preventScroll: true }); }
  }
  addEventListener("hashchange", show);
  show();
})();
