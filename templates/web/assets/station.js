// The queue: what may be picked, rounds on their way, orders that wait for their package.

import { get, look, once, post, signInAt, uuid } from "./api.js";
import { $, are, h, plural } from "./dom.js";
import { usedSince } from "./idle.js";
import { station } from "./page.js";

const AGAIN_MS = 15_000;
const MOST = 20;
const me = $("#queue").dataset.me;

let state = null;
let asked = Date.now(); // before that, a use of the page was told to the server
const { show, failed } = await station({ onCode, onCommand });

const start = once(async (wish) => {
  const answer = await post("/waves", { ...wish, claim: uuid() });
  if (answer.done) location.href = `/station/pick/${answer.done.wave}`;
  else failed(answer, "No round was started");
});

const pack = once(async (order) => {
  const answer = await post("/packs", { order });
  if (answer.done) location.href = `/station/pack/${answer.done.task}`;
  else failed(answer, "It cannot be packed now");
});

const own = () => state?.waves.find((wave) => wave.state === "picking" && wave.packer === me);

async function onCode(code, label) {
  if (label?.kind === "tote") {
    $("#totes").value = Math.min(label.value, MOST);
    show.ok(plural(Math.min(label.value, MOST), "tote"), "Scan NEXT to start a round with them.");
    return;
  }
  const named = (order) => order.toLowerCase() === code.toLowerCase() || order.split(":").pop() === code;
  const waiting = state?.packing.find(({ order }) => named(order));
  if (waiting) await pack(waiting.order);
  else if (label) show.unknown("Not here", "Scan an order, a tote, or the card NEXT.");
  else await start({ orders: [state?.queue.rows.find(({ order }) => named(order))?.order ?? code.toLowerCase()] });
}

async function onCommand(word) {
  if (word === "NEXT") {
    if (own()) location.href = `/station/pick/${own().wave}`;
    else await start({ next: totes() });
  } else if (word !== "OK") {
    show.unknown("Not here", `The card ${word} does nothing on this page. Scan NEXT to start.`);
  }
}

function totes() {
  const number = Number($("#totes").value);
  return Number.isInteger(number) ? Math.min(Math.max(number, 1), MOST) : 1;
}

async function load() {
  const since = asked;
  asked = Date.now();
  const answer = await (usedSince(since) ? get : look)("/station");
  if (answer.done) {
    state = answer.done;
    draw();
  } else if (answer.signIn) {
    location.href = signInAt();
  } else {
    $("#told").replaceChildren(h("p", { class: "message warn" }, answer.refused ?? "The server does not answer. Trying again…"));
  }
  setTimeout(load, answer.done ? AGAIN_MS : 2000);
}

function draw() {
  const { queue, waves, packing } = state;
  $("#told").replaceChildren();
  // What somebody is about to press stays where it is, with its focus.
  const focused = document.activeElement?.dataset?.key;
  $("#rounds").replaceChildren(...rounds(waves));
  $("#queue").replaceChildren(...orders(queue));
  $("#packing").replaceChildren(...bench(packing));
  if (focused) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  $("#queue").dataset.loaded = "yes";
}

function rounds(waves) {
  const open = waves.filter((wave) => wave.state === "picking");
  if (!open.length) return [];
  return [h("h2", {}, "Rounds on their way"), h("ul", { class: "list" }, open.map((wave) => h("li", {},
    h("span", { class: "grow" },
      h("strong", {}, `Round ${wave.wave}`), ` ${wave.orders.join(", ")}`,
      h("span", { class: "soft" }, ` ${wave.picked} of ${wave.units} taken${wave.packer === me ? "" : ", somebody else's"}`)),
    h("a", { class: `button ${wave.packer === me ? "primary" : ""}`, "data-key": `wave ${wave.wave}`, href: `/station/pick/${wave.wave}` },
      wave.packer === me ? "Go on" : "Look"))))];
}

const forStock = ({ not_ready: n }) => `${plural(n, "order")} ${n === 1 ? "waits" : "wait"} for stock.`;

function orders(queue) {
  if (!queue.rows.length) {
    return [h("p", { class: "empty" }, queue.not_ready ? `Nothing can be picked now. ${forStock(queue)}` : "Nothing is to be picked.")];
  }
  const rows = queue.rows.map((row) => h("tr", {},
    h("td", {}, h("strong", {}, row.order), h("br"), h("span", { class: "soft" }, row.customer)),
    h("td", {}, row.promised_on, h("br"), h("span", { class: "soft" }, row.service)),
    h("td", { class: "number" }, plural(row.reserved, "unit"), h("br"), h("span", { class: "soft" }, plural(row.bins, "place"))),
    h("td", { class: "actions" }, h("button", { type: "button", "data-key": row.order, onclick: () => start({ orders: [row.order] }) }, "Pick"))));
  const more = queue.ready - queue.rows.length;
  return [
    h("div", { class: "scroll" }, h("table", {},
      h("thead", {}, h("tr", {}, h("th", {}, "Order"), h("th", {}, "Promised for"), h("th", { class: "number" }, "To take"), h("th", {}))),
      h("tbody", {}, rows))),
    h("p", { class: "soft" }, [more > 0 ? `${more} more ${are(more)} ready.` : "", queue.not_ready ? forStock(queue) : ""].join(" ")),
  ];
}

function bench(packing) {
  if (!packing.length) return [h("p", { class: "empty" }, "Nothing waits for a package.")];
  return [h("ul", { class: "list" }, packing.map((task) => h("li", {},
    h("span", { class: "grow" }, h("strong", {}, task.order), ` ${task.customer}`, h("br"),
      h("span", { class: "soft" }, task.state === "packed" ? "packed, to be shipped" : `${task.packed} of ${task.picked} packed`, `, tote ${task.tote}`),
      task.may_not_leave && h("span", { class: "chip warn" }, task.may_not_leave)),
    h("button", { type: "button", "data-key": `pack ${task.order}`, onclick: () => (task.state === "packed" ? (location.href = `/station/pack/${task.task}`) : pack(task.order)) },
      task.state === "packed" ? "Ship" : "Pack"))))];
}

$("#start").addEventListener("submit", (event) => {
  event.preventDefault();
  start({ next: totes() });
});

await load();
