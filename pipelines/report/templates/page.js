(function () {
  "use strict";
  document.documentElement.classList.add("js");
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
}());
