"use strict";
/* One wish at a time: while the server works on one, only the newest of those that come meanwhile is kept. */
window.live = (() => {
  const SLOW = 20000, EVERY = 3;
  // As dcc.Graph has them: with others plotly.js would begin each plot anew.
  const CONFIG = { displaylogo: false, displayModeBar: false, responsive: true, typesetMath: false };
  let busy = 0, next = null, skipped = 0;
  const same = () => window.dash_clientside.no_update;
  const put = (id, props) => window.dash_clientside.set_props(id, props);
  const frame = () => new Promise((shown) => requestAnimationFrame(() => setTimeout(shown)));
  async function send(wish) {
    busy = performance.now();
    try {
      const answer = await fetch("/move", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(wish),
      });
      if (!answer.ok) throw new Error(answer.statusText);
      const made = await answer.json();
      const drawn = draw(made.figures);
      put("refused", { children: made.refused });
      await drawn;
      const calm = answered(made.done);
      if (calm !== same()) put("calm", { data: calm });
    } catch (problem) {
      put("refused", { children: `no answer: ${problem.message}` });
      sent();
    }
  }
  /* One plot after another, each on the screen before the next is begun; a newer move leaves the rest to its own. */
  async function draw(figures) {
    for (const [name, figure] of Object.entries(figures)) {
      const plot = document.querySelector(`.plot.${name} .js-plotly-plot`);
      if (!plot) break;
      await window.Plotly.react(plot, figure.data, figure.layout, CONFIG);
      await frame();
      if (next) break;
    }
  }
  /* What waited goes next. */
  function sent() {
    const wish = next;
    busy = 0;
    next = null;
    if (wish) send(wish);
  }
  function answered(done) {
    // The other plots follow when nothing waits, and now and then while a control is held.
    const calm = !next || done.all || ++skipped >= EVERY ? { ...done, held: Boolean(next), at: performance.now() } : same();
    if (calm !== same()) skipped = 0;
    sent();
    return calm;
  }
  return {
    idle: () => !busy,
    answered,
    moved(given) {
      const [values, ids, sample, panel] = given;
      const wish = { values: ids.map((id, i) => ({ ...id, value: values[i] })), sample, panel };
      if (busy && performance.now() - busy < SLOW) next = wish;
      else send(wish);
    },
  };
})();
/* The parts of a slider are called what its setting is called. */
new MutationObserver(() => {
  for (const row of document.querySelectorAll(".parameters tr[data-name]"))
    for (const one of row.querySelectorAll("input:not([aria-label])"))
      one.setAttribute("aria-label", `${row.dataset.name}, ${one.type === "checkbox" ? "free" : "start"}`);
  for (const one of document.querySelectorAll(".control:is(.number, .decades, .range, .text, .lines) :is([role=slider], input):not([data-named])")) {
    one.dataset.named = "";
    one.setAttribute("aria-label", one.closest(".control").getAttribute("aria-label"));
  }
}).observe(document, { childList: true, subtree: true });
