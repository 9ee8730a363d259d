"use strict";
// Draws the charts of the page: those over all trials at once, those of a trial when it is opened. Data is unpacked from
// the page itself; nothing is ever fetched.
(() => {
  const blocks = new Map();
  document.documentElement.classList.add("scripted"); // room for the charts, so that drawing them moves nothing

  async function unpack(id) {
    const packed = JSON.parse(document.getElementById("data-" + id).textContent);
    const bytes = Uint8Array.from(atob(packed), (x) => x.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  function block(id) {
    if (!blocks.has(id)) blocks.set(id, unpack(id));
    return blocks.get(id);
  }

  function colours() {
    const style = getComputedStyle(document.documentElement), c = {};
    for (const name of ["ink", "soft", "line", "grid", "shade", "raised", "good", "bad", "doubt", "blue", "sky", "amber", "grey", "plum"]) {
      c[name] = style.getPropertyValue("--" + name).trim();
    }
    c.badWash = c.bad + "33";
    c.amberWash = c.amber + "44";
    c.plumWash = c.plum + "33";
    return c;
  }

  async function draw(plot) {
    const id = plot.closest("[data-block]").dataset.block, data = await block(id);
    if (plot.clientWidth === 0) return;
    if (plot.chart) plot.chart.destroy();
    const chart = charts[plot.dataset.kind](data, plot.dataset.key, colours());
    chart.options.width = plot.clientWidth;
    if (id !== "page" && !chart.apart) chart.options.cursor.sync = {key: "trial-" + id};
    plot.chart = new uPlot(chart.options, chart.columns, plot); // hangs on its element
    widths.observe(plot);
  }

  const widths = new ResizeObserver((entries) => {
    for (const {target, contentRect} of entries) {
      const u = target.chart, width = Math.floor(contentRect.width);
      if (u && width > 0 && width !== u.width) u.setSize({width, height: u.height});
    }
  });

  const drawAll = (within) => Promise.all([...within.querySelectorAll(".plot")].map(draw));
  const redraw = () => [...document.querySelectorAll(".plot")].filter((plot) => plot.chart).forEach(draw);

  // copy puts the text beside a button on the clipboard; where there is none, the text is selected instead.
  async function copy(button) {
    const text = button.parentElement.querySelector("pre");
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(text);
      button.textContent = "Selected";
    }
  }

  function openTarget() {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) {
      target.open = true;
      target.scrollIntoView();
    }
  }

  document.querySelectorAll("main > section > .figures").forEach(drawAll);
  for (const trial of document.querySelectorAll("details.trial")) {
    trial.addEventListener("toggle", () => trial.open && drawAll(trial));
  }
  for (const button of document.querySelectorAll("button.copy")) {
    button.addEventListener("click", () => copy(button));
  }
  addEventListener("hashchange", openTarget);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  for (const [event, printing] of [["beforeprint", true], ["afterprint", false]]) {
    addEventListener(event, () => {
      document.documentElement.classList.toggle("printing", printing);
      redraw();
    });
  }
  openTarget();
})();
