// Draws each chart of the page as SVG from the specification beside it. No code is made of text (CSP): Vega interprets.
(function () {
  "use strict";
  function config() {
    var css = getComputedStyle(document.documentElement);
    var c = function (name) { return css.getPropertyValue("--" + name).trim(); };
    var font = c("sans");
    return {
      background: null, font: font, padding: 2, view: { stroke: null },
      legend: { labelColor: c("soft"), labelFont: font, labelFontSize: 11, symbolStrokeWidth: 2 },
      axis: { labelColor: c("soft"), titleColor: c("soft"), titleFontWeight: 400, labelFontSize: 11, titleFontSize: 11.5,
        gridColor: c("line"), domainColor: c("line-2"), tickColor: c("line-2"), labelFont: font, titleFont: font },
      style: {
        interval: { color: c("accent"), fill: c("accent"), fillOpacity: 0.16 },
        score: { color: c("accent"), stroke: c("accent"), strokeWidth: 2 },
        dot: { color: c("accent"), fill: c("accent"), filled: true, size: 34, stroke: null },
        span: { color: c("accent"), stroke: c("accent"), strokeWidth: 2 },
        "dot-other": { color: c("alert"), fill: c("alert"), filled: true, size: 34, stroke: null },
        "span-other": { color: c("alert"), stroke: c("alert"), strokeWidth: 2 },
        "new": { color: c("accent"), fill: c("accent"), fillOpacity: 0.35, width: { band: 0.7 } },
        "of-new": { color: c("alert"), fill: c("alert"), fillOpacity: 0.75, width: { band: 0.7 } },
        threshold: { color: c("soft"), stroke: c("soft"), strokeDash: [4, 3], strokeWidth: 1.2 },
        alert: { color: c("alert"), stroke: c("alert"), strokeWidth: 1.4 },
        "alert-name": { color: c("alert"), fill: c("alert"), align: "left", dx: 4, fontSize: 11, baseline: "top" }
      }
    };
  }
  function draw(figure) {
    var spec = JSON.parse(figure.querySelector("script").textContent);
    var at = figure.querySelector(".drawing");
    var compiled = vegaLite.compile(spec, { config: config() }).spec;
    new vega.View(vega.parse(compiled, null, { ast: true }), {
      expr: vega.expressionInterpreter, renderer: "svg", container: at, hover: true
    }).runAsync().catch(function (error) { at.textContent = String(error); });
  }
  function all() { document.querySelectorAll("figure.chart").forEach(draw); }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all); else all();
})();
