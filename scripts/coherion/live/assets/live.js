"use strict";
/* One wish at a time: while the server works on one, only the newest of those that come meanwhile is kept. */
window.live = (() => {
  const SLOW = 20000, EVERY = 3, PAUSE = 60;
  // As dcc.Graph has them: with others plotly.js would begin each plot anew.
  const CONFIG = { displaylogo: false, displayModeBar: false, responsive: true, typesetMath: false };
  let busy = 0, next = null, skipped = 0, later = null, pause = 0;
  // What the controls of the panel in sight said last, and whose they are.
  let known = new Map(), whose = "", choice = null;
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
      follow(made.news, wish);
      const drawn = draw(made.done, made.figures);
      if (document.getElementById("refused").textContent !== made.refused) put("refused", { children: made.refused });
      await drawn;
      // Readings take seconds: what stands beside the new curve is of the settings before until they are there. This is
      // said after the curve is painted, which the framework would hold up.
      if (document.getElementById("facts")?.ariaBusy !== "true") put("facts", { "aria-busy": "true" });
      for (const [id, able] of Object.entries(made.able)) if (document.getElementById(id).disabled === able) put(id, { disabled: !able });
      const calm = answered(made.done);
      if (calm !== same()) put("calm", { data: calm });
    } catch (problem) {
      put("refused", { children: `the page failed: ${problem.message}` });
      known = new Map();
      sent();
    }
  }
  /* What can be put into the plots as they stand is on the screen first; the plots are drawn when the control rests. */
  async function draw(done, figures) {
    clearTimeout(pause);
    later = null;
    const plots = Object.entries(figures).map(([name, figure]) => [document.querySelector(`.plot.${name} .js-plotly-plot`), figure]);
    if (!plots.every(([plot]) => plot)) return;
    const sketched = plots.filter((one) => window.sketch(...one));
    if (sketched[0] && sketched[0] === plots[0]) {
      await frame();
      later = { done, plots };
      pause = setTimeout(finish, PAUSE);
    } else await react(done, plots);
  }
  async function react(done, plots) {
    for (const [plot, figure] of plots) {
      if (!inSight(done)) break;
      window.sketch.drawn(plot, figure);
      await window.Plotly.react(plot, figure.data, figure.layout, CONFIG);
      await frame();
      if (next) break;
    }
  }
  async function finish() {
    const now = later;
    try {
      await react(now.done, now.plots);
    } finally {
      if (later === now) later = null;
    }
  }
  /* What another page of this sample moved is shown here, too, unless it was moved here meanwhile. */
  function follow(news, wish) {
    const of = (values, { stage, key }) => JSON.stringify(values.find((one) => one.stage === stage && one.key === key)?.value);
    for (const one of news) {
      if (of([...known.values()], one) !== of(wish.values, one)) continue;
      known.set(`${one.stage}.${one.key}`, one);
      if (next) next.values = [...known.values()];
      put({ stage: one.stage, key: one.key }, { value: one.value });
    }
  }
  /* What waited goes next. */
  function sent() {
    const wish = next;
    busy = 0;
    next = null;
    if (wish) send(wish);
  }
  /* Ask for what follows the controls; those that say what they said before ask for nothing. */
  function ask({ sample, panel, page }, said) {
    if (whose !== (whose = `${sample} ${panel}`)) known = new Map();
    let moved = false;
    for (const { stage, key, value } of said) {
      const name = `${stage}.${key}`;
      if (JSON.stringify(known.get(name)?.value) === JSON.stringify(value)) continue;
      known.set(name, { stage, key, value });
      moved = true;
    }
    if (!moved) return;
    const wish = { values: [...known.values()], sample, panel, page, everywhere: choice };
    if (busy && performance.now() - busy < SLOW) next = wish;
    else send(wish);
  }
  function answered(done) {
    // The controls were set by another hand, or are others.
    if (done.all) {
      known = new Map();
      clearTimeout(pause);
      later = null;
    }
    // The other plots follow when nothing waits, and now and then while a control is held.
    const calm = !next || done.all || ++skipped >= EVERY ? { ...done, held: Boolean(next), at: performance.now() } : same();
    if (calm !== same()) skipped = 0;
    sent();
    return calm;
  }
  return {
    idle: () => !busy && !later,
    answered,
    moved([values, everywhere, ids, sample, panel, page]) {
      choice = everywhere;
      ask({ sample, panel, page }, ids.map((id, i) => ({ ...id, value: values[i] })));
    },
    slid(thumb) {
      const shown = document.querySelector(".plots")?.dataset, slider = thumb.closest(".dash-slider-container");
      if (!shown || !slider || document.activeElement !== thumb) return;
      const found = [...slider.querySelectorAll("[role=slider]")].map((one) => Number(one.getAttribute("aria-valuenow")));
      const value = found.length > 1 ? found : found[0];
      ask(shown, [{ ...JSON.parse(slider.id), value }]);
    },
  };
})();
/* A slider that is moved shows it to those who hear the page before the framework tells of it. */
new MutationObserver((changes) => changes.forEach((one) => window.live.slid(one.target))).observe(document, {
  subtree: true,
  attributeFilter: ["aria-valuenow"],
});
/* A number that is typed is taken as it stands: the framework would show the nearest step of the slider and tell nobody. */
const typed = new WeakMap();
const ofSlider = (input) => input.type === "number" && input.closest?.(".dash-slider-container");
document.addEventListener("input", ({ target }) => ofSlider(target) && typed.set(target, target.valueAsNumber), true);
function take(event) {
  const { target, type, key } = event, slider = ofSlider(target);
  if (!slider || (type === "keydown" && key !== "Enter")) return;
  const found = [...slider.querySelectorAll("input[type=number]")];
  const numbers = found.map((one) => (typed.has(one) ? typed.get(one) : one.valueAsNumber));
  if (!numbers.every(Number.isFinite)) return;
  event.stopPropagation();
  if (!found.some((one) => typed.delete(one))) return;
  const min = Math.min(Number(target.min), ...numbers), max = Math.max(Number(target.max), ...numbers);
  const value = numbers.length > 1 ? numbers : numbers[0];
  window.dash_clientside.set_props(JSON.parse(slider.id), { value, min, max });
}
for (const type of ["keydown", "focusout"]) document.addEventListener(type, take, true);
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
