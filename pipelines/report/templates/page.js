(function () {
  "use strict";
  document.documentElement.classList.add("js");
  Array.prototype.forEach.call(document.querySelectorAll("table"), sortable);
  var box = document.getElementById("search"), fresh = document.getElementById("fresh"), said = document.getElementById("shown");
  if (!box) { return; }
  var groups = Array.prototype.map.call(document.querySelectorAll("[data-population]"), function (group) {
    var rows = Array.prototype.map.call(group.querySelectorAll("tbody tr"), function (row) {
      return { node: row, text: row.querySelector(".pair").textContent.toLowerCase(), fresh: row.hasAttribute("data-new") };
    });
    return { node: group, rows: rows };
  });
  function filter() {
    var words = box.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0, all = 0;
    groups.forEach(function (group) {
      var left = 0;
      group.rows.forEach(function (row) {
        var keep = (!fresh.checked || row.fresh) && words.every(function (w) { return row.text.indexOf(w) >= 0; });
        row.node.hidden = !keep; all += 1; left += keep ? 1 : 0;
      });
      group.node.hidden = left === 0; shown += left;
    });
    said.textContent = shown === all ? all + " pairs shown" : shown + " of " + all + " pairs shown";
  }
  box.addEventListener("input", filter);
  fresh.addEventListener("change", filter);
  filter();

  // A click on a header sorts by its column: numbers from the largest, texts from A, a second click the other way.
  function sortable(table) {
    var body = table.tBodies[0], heads = table.tHead ? table.tHead.rows[0].cells : [];
    var rows = body ? Array.prototype.slice.call(body.rows) : [];
    var isPlain = rows.every(function (row) { return row.cells.length === heads.length; });
    if (table.tBodies.length !== 1 || table.tHead === null || rows.length < 2 || !isPlain) { return; }
    Array.prototype.forEach.call(heads, function (head, at) {
      if (head.querySelector("svg") || !head.textContent.trim()) { return; }
      var button = document.createElement("button"), isNumeric = head.classList.contains("n");
      button.type = "button";
      while (head.firstChild) { button.appendChild(head.firstChild); }
      head.appendChild(button);
      button.addEventListener("click", function () {
        var now = head.getAttribute("aria-sort");
        var isDown = now ? now === "ascending" : isNumeric;
        Array.prototype.forEach.call(heads, function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
        rows.sort(function (a, b) { return compared(worth(a.cells[at]), worth(b.cells[at]), isDown ? -1 : 1); });
        rows.forEach(function (row) { body.appendChild(row); });
      });
    });
  }
  function worth(cell) {
    var text = cell.textContent.trim().replace(/\u2212/g, "-");
    if (text === "" || text === "–") { return null; }
    if (/^\d{4}-\d{2}/.test(text)) { return text; }
    var number = parseFloat(text.replace(/(\d)[,\u00a0\u202f](?=\d{3})/g, "$1"));
    return isNaN(number) ? text.toLowerCase() : number;
  }
  function compared(a, b, way) {
    if (a === null || b === null) { return a === b ? 0 : a === null ? 1 : -1; }  // what is missing comes last
    if (typeof a === "number" && typeof b === "number") { return way * (a - b); }
    return way * String(a).localeCompare(String(b));
  }
}());
