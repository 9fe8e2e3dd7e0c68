// The round on the screen: where to go now, how many to take, into which tote; and the rest.

import { h, plural } from "./dom.js";

export function drawSheet(root, view) {
  const { sheet } = view;
  if (!sheet) return;
  root.dataset.state = sheet.state;
  const units = sheet.lines.reduce((sum, line) => sum + line.quantity, 0);
  const taken = sheet.lines.reduce((sum, line) => sum + view.taken(line), 0);
  root.dataset.taken = taken;
  root.replaceChildren(
    h("div", { class: "head" },
      h("h1", {}, `Round ${sheet.wave}`),
      h("p", { class: "progress" }, h("progress", { max: units, value: taken }), ` ${taken} of ${plural(units, "unit")}`)),
    ...warnings(sheet, view),
    sheet.state === "picked" ? finished(sheet, view) : sheet.state === "picking" ? now(view) : ended(),
    lines(sheet, view),
    notes(sheet),
  );
}

function warnings(sheet, { mine }) {
  const told = sheet.tasks.filter((task) => task.warning).map((task) => (
    h("p", { class: "message warn" }, `${task.order}: ${task.warning}`)));
  if (!mine && sheet.state === "picking") told.push(h("p", { class: "message warn" }, "Somebody else walks this round. You can look, not scan."));
  if (sheet.state === "released") told.push(h("p", { class: "message warn" }, "This round was given back; its orders are in the queue again."));
  if (sheet.state === "expired") told.push(h("p", { class: "message warn" }, "Nothing was scanned for too long: its orders may have gone to somebody else."));
  return told;
}

function now({ current, room, many, lastPut, taken }) {
  const put = many && lastPut && h("div", { class: "put" },
    h("span", { class: "small" }, "Put into"),
    h("strong", { class: "tote" }, `Tote ${lastPut.tote}`),
    h("span", { class: "quantity" }, `${lastPut.units} ×`),
    h("span", { class: "small" }, lastPut.line.sku));
  if (!current) {
    return h("div", { class: "now" }, h("div", { class: "take" }, h("strong", { class: "bin" }, "Nothing left to take"), h("span", {}, "Scan DONE, or press Finish.")), put);
  }
  return h("div", { class: "now" },
    h("div", { class: "take", "data-line": current.line },
      h("span", { class: "small" }, "Go to"),
      h("strong", { class: "bin" }, current.bin),
      h("span", { class: "quantity" }, `Take ${room(current)}`, taken(current) ? h("small", {}, ` (${taken(current)} of ${current.quantity} taken)`) : ""),
      h("span", { class: "title" }, current.title),
      h("span", { class: "small" }, current.sku, current.lot ? `, lot ${current.lot}` : "", many ? `, for tote ${current.tote}` : "")),
    put);
}

function finished(sheet, { toBench }) {
  const tasks = sheet.tasks.filter(({ state }) => state === "picked");
  return h("div", { class: "now done" },
    h("div", { class: "take" }, h("strong", { class: "bin" }, "Picked"), h("span", {}, "Carry it to the packing bench.")),
    h("div", { class: "buttons" }, tasks.map((task) => (
      h("button", { type: "button", class: "primary", onclick: () => toBench(task.order) }, `Pack ${task.order}${tasks.length > 1 ? ` (tote ${task.tote})` : ""}`))),
    h("a", { class: "button", href: "/station" }, "Back to the queue")));
}

function ended() {
  return h("div", { class: "buttons ended" }, h("a", { class: "button primary", href: "/station" }, "Back to the queue"));
}

function lines(sheet, { taken, given, room, current, many }) {
  const isNow = (line) => line === current && sheet.state === "picking";
  const row = (line) => h("tr", { class: room(line) === 0 ? "full" : isNow(line) ? "here" : "", "data-sku": line.sku },
    h("td", { class: "place" }, line.bin),
    h("td", {}, h("strong", {}, line.title), h("br"), h("span", { class: "soft" }, line.sku, line.lot ? `, lot ${line.lot}` : "")),
    many ? h("td", {}, `Tote ${line.tote}`) : null,
    h("td", { class: "number count" }, `${taken(line)} / ${line.quantity}`, given(line) ? h("div", { class: "soft" }, `${given(line)} short`) : ""),
    h("td", {}, room(line) === 0 ? (given(line) ? "short" : "✓ taken") : isNow(line) ? "→ now" : ""));
  return h("div", { class: "scroll" }, h("table", { class: "sheet" },
    h("thead", {}, h("tr", {}, ["Place", "Product", ...(many ? ["For"] : []), "Taken", ""].map((title) => (
      h("th", { class: title === "Taken" ? "number" : "" }, title))))),
    h("tbody", {}, sheet.lines.map(row))));
}

function notes(sheet) {
  const told = sheet.tasks.filter(({ note }) => note);
  return h("div", { class: "notes" }, told.map(({ order, note }) => h("p", { class: "message" }, `${order}: “${note}”`)));
}
