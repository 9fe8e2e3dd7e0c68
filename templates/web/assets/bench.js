// The bench on the screen: what is to be packed, the boxes, and where it goes.

import { h, plural } from "./dom.js";

export const STATES = {
  picking: "is still being picked", picked: "is on the bench", packed: "is packed, to be shipped", shipped: "has left", released: "was given back",
};

export function drawBench(root, view) {
  const { bench } = view;
  root.dataset.state = bench.state;
  root.dataset.left = bench.left;
  root.replaceChildren(
    h("div", { class: "head" }, h("h1", {}, `Pack ${bench.order}`),
      h("p", { class: "progress" }, h("progress", { max: bench.packed + bench.left, value: bench.packed }),
        ` ${bench.packed} of ${plural(bench.packed + bench.left, "unit")}; the order ${STATES[bench.state] ?? `is ${bench.state}`}`)),
    bench.may_not_leave ? h("p", { class: "message bad" }, `This order may not leave: ${bench.may_not_leave}`) : "",
    bench.note ? h("p", { class: "message" }, `The customer writes: “${bench.note}”`) : "",
    h("div", { class: "bench" }, h("section", {}, lines(bench)), h("section", {}, packages(view), address(bench))),
  );
}

function lines(bench) {
  const row = (line) => h("tr", { class: line.packed === line.picked ? "full" : "", "data-sku": line.sku },
    h("td", {}, h("strong", {}, line.title), h("br"), h("span", { class: "soft" }, line.sku, line.lot ? `, lot ${line.lot}` : "", line.tracking === "serial" ? ", with serial" : "")),
    h("td", { class: "number count" }, `${line.packed} / ${line.picked}`),
    h("td", {}, line.packed === line.picked ? "✓ packed" : `${line.picked - line.packed} left`));
  return h("div", { class: "scroll" }, h("table", { class: "sheet" },
    h("thead", {}, h("tr", {}, h("th", {}, "Product"), h("th", { class: "number" }, "Packed"), h("th", {}))),
    h("tbody", {}, bench.lines.map(row))));
}

function packages({ bench, current, open, ...doing }) {
  if (!bench.packages.length) {
    return h("div", { class: "package" }, h("p", {}, "No box yet."), bench.state === "picked" && h("button", { type: "button", onclick: open }, "Take a box"));
  }
  return [
    ...bench.packages.map((box) => onePackage(box, { bench, current, ...doing })),
    bench.state === "packed" && h("p", { class: "message good" }, "Packed. Scan DONE or press Ship to send it."),
    bench.state === "shipped" && h("div", { class: "message good" }, h("p", {}, "Shipped."), h("a", { class: "button primary", href: "/station" }, "Back to the queue (NEXT)")),
  ];
}

export const sizeOf = (box) => ([box.length_mm, box.width_mm, box.height_mm].every(Boolean)
  ? `${box.length_mm} × ${box.width_mm} × ${box.height_mm} mm` : "");

function onePackage(box, { bench, current, measure, resize, close, reopen }) {
  const packing = bench.state === "picked";
  const weight = h("input", { inputmode: "numeric", pattern: "[0-9]*", maxlength: "6", class: "few", value: box.weight_g ?? "", "aria-label": `Weight of box ${box.number} in grams` });
  const form = h("form", { class: "row" }, h("div", {}, h("label", {}, "Grams", weight)), h("button", {}, "Weigh"),
    h("button", { type: "button", onclick: () => resize(box) }, "Size"),
    h("button", { type: "button", onclick: () => close(box.number) }, "Close"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (Number(weight.value) > 0) measure(box.number, { weight_g: Number(weight.value) });
  });
  return h("article", { class: `package ${box === current && packing ? "open" : ""}`, "data-box": box.number },
    h("h3", {}, `Box ${box.number}`, box.box ? h("span", { class: "chip" }, box.box) : "", box.closed ? h("span", { class: "chip good" }, "closed") : "", h("span", { class: "soft" }, sizeOf(box))),
    box.items.length ? h("ul", {}, box.items.map((item) => h("li", {}, `${item.units} × ${item.title}`, item.lot ? `, lot ${item.lot}` : "",
      item.serials.length ? h("div", { class: "soft" }, item.serials.join(", ")) : ""))) : h("p", { class: "soft" }, "Empty."),
    h("p", { class: "soft" }, box.weight_g ? `Weighed ${box.weight_g} g. ` : "", box.expected_g ? `Should weigh about ${box.expected_g} g.` : ""),
    box.warning ? h("p", { class: "message warn" }, box.warning) : "",
    packing && !box.closed ? form : "",
    packing && box.closed ? h("button", { type: "button", onclick: () => reopen(box.number) }, "Open again") : "");
}

function address(bench) {
  return h("div", { class: "package" }, h("h3", {}, "Goes to"), h("p", { class: "address" }, bench.ship_to.join("\n") || "No address is known."), bench.service ? h("p", { class: "chip" }, bench.service) : "");
}
