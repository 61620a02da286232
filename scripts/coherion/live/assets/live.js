"use strict";
/* One wish at a time: while the server works on one, only the newest of those that come meanwhile is kept. */
window.live = (() => {
  const SLOW = 20000, EVERY = 3;
  // As dcc.Graph has them: with others plotly.js would begin each plot anew.
  const CONFIG = { displaylogo: false, displayModeBar: false, responsive: true, typesetMath: false };
  let busy = 0, next = null, skipped = 0;
  const same = () => window.dash_clientside.no_update;
  const put = (id, props) => window.dash_clientside.set_props(id, props);
  const inSight = ({ sample, panel }) => {
    const shown = document.querySelector(".plots")?.dataset;
    return !shown || (shown.sample === sample && shown.panel === panel);
  };
  const frame = () => new Promise((shown) => requestAnimationFrame(() => setTimeout(shown)));
  async function send(wish) {
    busy = performance.now();
    try {
      const answer = await fetch("/move", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(wish),
      }).catch(() => null);
      // What the fetch below has told of already.
      if (!answer?.ok) return sent();
      const made = await answer.json();
      // Another sample or panel was opened meanwhile: its plots are not those of this answer.
      if (!inSight(made.done)) return sent();
      const drawn = draw(made.figures);
      put("refused", { children: made.refused });
      await drawn;
      const calm = answered(made.done);
      if (calm !== same()) put("calm", { data: calm });
    } catch (problem) {
      put("refused", { children: `the page failed: ${problem.message}` });
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
      const [values, ids, sample, panel, page] = given;
      const wish = { values: ids.map((id, i) => ({ ...id, value: values[i] })), sample, panel, page };
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
/* A server that has ended, or that failed, is told of: the framework says it to the console alone. */
const asked = window.fetch;
window.fetch = async (...given) => {
  const own = /_dash-update-component|\/move$/.test(String(given[0]?.url ?? given[0]));
  const told = (why) => own && window.dash_clientside.set_props("refused", { children: `no answer: ${why}` });
  try {
    const answer = await asked(...given);
    if (!answer.ok) told(answer.statusText);
    return answer;
  } catch (problem) {
    told(`${problem.message}; is the command that serves this page still running?`);
    throw problem;
  }
};
/* The dialog is gone to when it opens, and Escape closes it. */
new MutationObserver(() => {
  const dialog = document.getElementById("dialog");
  if (dialog && !dialog.hidden && dialog.dataset.open !== "yes") document.getElementById("difference").focus();
  if (dialog) dialog.dataset.open = dialog.hidden ? "no" : "yes";
}).observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["hidden"] });
document.addEventListener("keydown", (pressed) => {
  const dialog = document.getElementById("dialog");
  if (pressed.key !== "Escape" || !dialog || dialog.hidden) return;
  document.getElementById("close").click();
  document.getElementById("ask").focus();
});
