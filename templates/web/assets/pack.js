// An order on the bench: a second scan of each unit into its box, serials where units are
// told apart, then weight, the close of the box, and the way out.

import { ask, get, once, post, uuid } from "./api.js";
import { STATES, drawBench, sizeOf } from "./bench.js";
import { $, are, h, plural, sentences } from "./dom.js";
import { station } from "./page.js";
import { prompt } from "./prompt.js";

const root = $("#bench");
const task = Number(root.dataset.task);
const boxes = JSON.parse(root.dataset.boxes);
const carried = root.dataset.carried === "yes";
const stations = JSON.parse(root.dataset.stations);
const manages = root.dataset.role !== "packer";
const MOST_MM = 10_000;
const SIDES = [["length_mm", "Length"], ["width_mm", "Width"], ["height_mm", "Height"]];
// The buttons at the foot, by the order's state.
const FOOT = { picked: ["undo", "box", "close", "finish"], packed: ["finish"] };
const NOT_CHANGED = "The server does not answer. Nothing was changed; scan it again in a moment.";

let bench = null;
let placed = []; // what UNDO takes out again, the last one last

const { show, failed: notDone } = await station({ onCode, onCommand });

const openPackage = () => bench?.packages.filter((box) => !box.closed).at(-1) ?? null;

function failed(answer, title) {
  notDone(answer, title, NOT_CHANGED);
  return null;
}

function draw() {
  const buttons = FOOT[bench.state] ?? [];
  for (const button of $(".foot").children) button.hidden = !buttons.includes(button.id);
  $(".foot").hidden = buttons.length === 0;
  $("#finish").textContent = bench.state === "packed" ? "Ship" : "Finish";
  drawBench(root, { bench, current: openPackage(), measure, resize, close, reopen, open: openBox });
}

async function load() {
  const answer = await get(`/packs/${task}`);
  if (answer.done) {
    bench = answer.done;
    draw();
  } else if (answer.refused) {
    show.wrong("This order cannot be shown", sentences(answer.refused, answer.hint), { then: () => { location.href = "/station"; } });
  } else if (answer.signIn) {
    failed(answer, "");
  } else {
    root.replaceChildren(h("p", { class: "message warn" }, "The server does not answer. Trying again…"));
    setTimeout(load, 2000);
  }
}

async function change(title, path, body) {
  const answer = await post(`/packs/${task}/${path}`, body);
  if (!answer.done) return failed(answer, title);
  bench = answer.done;
  draw();
  return bench;
}

// A box of the list, or one of its own size.
const openBox = once(async () => {
  let preset = null;
  let size = {};
  if (boxes.length) {
    const answer = await prompt({
      title: "Which box?", words: "NEXT or the arrow keys go through them, OK or Enter takes the one shown.",
      fields: [{ name: "preset", label: "Box", options: [...boxes.map(({ name, size }) => ({ value: name, label: `${name} (${size})` })), { value: "", label: "another size" }] }],
    });
    if (!answer) return null;
    preset = answer.preset || null;
  }
  if (!preset) {
    size = await askSize("What size has the box?", {});
    if (!size) return null;
  }
  const opened = await change("No box was opened", "packages", { id: uuid(), preset, ...size });
  if (opened) show.ok(`Box ${openPackage().number}`, "Scan what goes into it.");
  return opened;
});

// Length, width and height as typed: {} where nobody measured, null where the question was left.
async function askSize(title, box) {
  const answer = await prompt({
    title, words: "Outside, in mm. Leave all three empty where nobody measured.",
    fields: SIDES.map(([name, label]) => ({ name, label: `${label}, mm`, type: "number", longest: 5, value: box[name] ?? "" })),
  });
  if (!answer) return null;
  const typed = SIDES.filter(([name]) => answer[name].trim() !== "");
  const size = Object.fromEntries(typed.map(([name]) => [name, Number(answer[name])]));
  const fits = Object.values(size).every((mm) => Number.isInteger(mm) && mm >= 1 && mm <= MOST_MM);
  if (fits && [0, SIDES.length].includes(typed.length)) return size;
  show.wrong("That is no size", `Length, width and height are 1 to ${MOST_MM} mm each.`);
  return null;
}

const resize = once(async (box) => {
  const size = await askSize(`What size has box ${box.number}?`, box);
  if (size?.length_mm) await measure(box.number, size);
});

const inState = () => (bench ? `This order ${STATES[bench.state] ?? `is ${bench.state}`}.` : "The order is not loaded yet.");

async function onCode(code, label) {
  if (bench?.state !== "picked") {
    show.wrong("Nothing is packed now", inState());
    return;
  }
  if (label) {
    show.unknown("Not here", "Scan a product, a serial, or a card.");
    return;
  }
  const answer = await ask("POST", "/resolve", { code });
  if (!answer.done && !answer.refused) {
    failed(answer, "Not packed");
    return;
  }
  const found = answer.done ?? { kind: "unknown", items: [], why: answer.refused };
  const here = (found.items ?? []).filter(({ sku }) => bench.lines.some((line) => line.sku === sku));
  if (here.length > 1) {
    const chosen = await prompt({
      title: "Which one is it?", words: "Several products have this code.",
      fields: [{ name: "sku", label: "Product", options: here.map(({ sku, title }) => ({ value: sku, label: `${sku}: ${title}` })) }],
    });
    if (chosen) await put(code, here.find(({ sku }) => sku === chosen.sku), found.gs1);
  } else if (here.length) {
    await put(code, here[0], found.gs1);
  } else if (found.items?.length) {
    show.wrong("Wrong item", `${found.items[0].title} (${found.items[0].sku}) is not in this order.`);
  } else if (bench.lines.some(({ tracking }) => tracking === "serial")) {
    // No product has the code: it may be the serial itself.
    await put(code, { sku: "", title: "", units: 1 }, { serial: code }, found.why);
  } else {
    show.unknown("Unknown code", sentences(found.why));
  }
}

async function put(code, item, gs1, unknown = null) {
  if (!openPackage() && !(await openBox())) return;
  const scan = {
    id: uuid(), package: openPackage().number, sku: item.sku, units: item.units,
    lot: gs1?.lot ?? null, serial: gs1?.serial ?? null, code, at: Date.now(),
  };
  await send(scan, item, unknown);
}

async function send(scan, item, unknown) {
  const answer = await post(`/packs/${task}/items`, scan);
  if (!answer.done) {
    failed(answer, "Not packed");
    return;
  }
  const result = answer.done;
  bench = result.bench;
  draw();
  if (result.outcome === "stored") {
    stored(scan, result);
  } else if (result.needs) {
    await askFor(result.needs, scan, item);
  } else if (result.manager_may_swap) {
    show.wrong("Another unit than promised", sentences(result.why, result.hint), { actions: [{ label: "Swap, by a manager (NEXT)", run: () => swap(scan) }] });
  } else if (unknown) {
    show.unknown("Unknown code", sentences(`${unknown}, and ${result.why ?? "no serial here is that"}`));
  } else {
    const full = bench.left === 0 || /more|already|all/.test(result.why ?? "");
    show[full ? "many" : "wrong"]("Not packed", sentences(result.why, result.hint));
  }
}

function stored(scan, result) {
  placed.push({ ...scan, placed: result.placed });
  const line = bench.lines.find(({ line: id }) => id === result.placed[0]?.line) ?? bench.lines.find(({ sku }) => sku === scan.sku);
  const words = line ? `${line.title}, ${line.packed} of ${line.picked}` : "";
  const where = `Box ${result.placed[0]?.package ?? scan.package}`;
  if (bench.left === 0) show.all(where, "Everything is packed. Weigh and close the box, then scan DONE.");
  else if (line && line.packed === line.picked) show.line(where, words);
  else show.ok(where, words);
}

async function askFor(what, scan, item) {
  const answer = await prompt({
    title: what === "serial" ? "Scan its serial" : "Scan its lot",
    words: `${item.title || scan.sku}: ${what === "serial" ? "each unit is told apart by its serial." : "its lots are told apart."}`,
    fields: [{ name: what, label: what === "serial" ? "Serial" : "Lot", scan: true, longest: 100 }],
  });
  const value = answer?.[what]?.trim();
  if (value) await send({ ...scan, id: uuid(), [what]: value, units: what === "serial" ? 1 : scan.units }, item, null);
}

// A manager takes this unit in place of the one promised: by role, or by badge.
async function swap(scan) {
  let proof = {};
  if (!manages) {
    const answer = await prompt({
      title: "A manager allows the swap", words: "A manager scans their badge.",
      fields: [{ name: "badge", label: "Badge", scan: true, secret: true }],
    });
    if (!answer?.badge) return;
    proof = answer;
  }
  const answer = await post(`/packs/${task}/swap`, { ...scan, id: uuid(), ...proof });
  if (!answer.done) {
    failed(answer, "Not swapped");
    return;
  }
  bench = answer.done.bench;
  draw();
  if (answer.done.outcome === "stored") stored(scan, answer.done);
  else show.wrong("Not swapped", sentences(answer.done.why, answer.done.hint));
}

const undo = once(async () => {
  const last = placed.pop();
  if (!last) return show.wrong("Nothing to take out", "No scan of this page is left that could be undone.");
  const answer = await post(`/packs/${task}/unpack`, { ...last, id: uuid() });
  if (!answer.done) return failed(answer, "Not taken out");
  bench = answer.done.bench;
  draw();
  if (answer.done.outcome !== "stored") return show.wrong("Not taken out", sentences(answer.done.why, answer.done.hint));
  return show.ok("Taken out", last.sku || last.serial);
});

async function measure(number, fields) {
  const done = await change("Not measured", "measure", { number, ...fields });
  const box = done?.packages.find((one) => one.number === number);
  if (!box) return;
  if (box.warning) show.wrong("Look again", sentences(box.warning));
  else show.ok(`Box ${number}`, [sizeOf(box), box.weight_g && `${box.weight_g} g`].filter(Boolean).join(", "));
}

async function close(number) {
  if (await change("The box stays open", "measure", { number, close: true })) show.line(`Box ${number} closed`, "");
}

async function reopen(number) {
  if (await change("The box stays closed", "measure", { number, close: false })) show.ok(`Box ${number} open again`, "");
}

const closeCurrent = once(async () => {
  const box = openPackage();
  if (!box) return show.wrong("No box is open", "Scan BOX to take one.");
  if (!box.weight_g) {
    const answer = await prompt({
      title: `Weigh box ${box.number}`, words: "Leave it empty where there is no scale.",
      fields: [{ name: "weight", label: "Grams", type: "number", longest: 6 }],
      ok: "Close the box",
    });
    if (!answer) return undefined;
    const weight_g = Number(answer.weight);
    if (weight_g > 0) await measure(box.number, { weight_g });
  }
  return close(box.number);
});

const finish = once(async () => {
  if (!bench) return undefined;
  if (bench.state === "packed") return shipPrompt();
  if (bench.state !== "picked") return show.wrong("Nothing to finish", inState());
  let partial = false;
  if (bench.left > 0) {
    const answer = await prompt({
      title: `${plural(bench.left, "unit")} ${are(bench.left)} not packed`, words: "Send what is packed now, and the rest later?",
      ok: "Send a part now",
    });
    if (!answer) return undefined;
    partial = true;
  }
  if (!(await change("Not finished", "finish", { partial }))) return undefined;
  return show.all("Packed", carried ? "Scan DONE once more to ship it." : "Give it to the carrier, and enter its tracking number.");
});

const ship = once(async ({ carrier, tracking }) => {
  const answer = await post(`/packs/${task}/ship`, { carrier, tracking });
  if (!answer.done) return failed(answer, "Not shipped");
  await load();
  $("a", root)?.focus();
  return show.all("Shipped", `${carrier} ${tracking}`);
});

const money = ({ amount_minor: minor, currency }) => new Intl.NumberFormat(undefined, { style: "currency", currency })
  .format(minor / 10 ** new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits);

// By the carrier, with its prices, or by hand.
async function shipPrompt() {
  if (!carried) return byHand();
  const rates = await get(`/packs/${task}/rates`);
  if (rates.signIn || rates.away) return failed(rates, "Not shipped");
  if (!rates.done) {
    const answer = await prompt({
      title: "The carrier gives no price", words: `${sentences(rates.refused, rates.hint)} Ship it by hand?`, ok: "By hand",
    });
    return answer ? byHand() : undefined;
  }
  const { carrier, usual, under_way: begun, rates: services } = rates.done;
  if (begun) return buy(carrier, { station: localStorage.getItem("station") ?? stations[0] ?? null });
  const first = services.find(({ service }) => service === usual) ?? services[0];
  const answer = await prompt({
    title: `Ship with ${carrier}`, words: "NEXT goes through the services, OK buys the labels and prints them.",
    fields: [
      { name: "service", label: "Service", value: first?.service, options: [
        ...services.map((rate) => ({ value: rate.service, label: `${rate.name} ${money(rate.charge)}${rate.days ? `, ${plural(rate.days, "day")}` : ""}` })),
        { value: "", label: "by hand, with a number of its own" },
      ] },
      ...(stations.length > 1 ? [{ name: "station", label: "Printers of", value: localStorage.getItem("station") ?? stations[0], options: stations.map((name) => ({ value: name, label: name })) }] : []),
    ],
    ok: "Buy and print",
  });
  if (!answer) return undefined;
  if (!answer.service) return byHand();
  if (answer.station) localStorage.setItem("station", answer.station);
  return buy(carrier, { service: answer.service, station: answer.station ?? stations[0] ?? null });
}

const buy = once(async (carrier, how) => {
  const answer = await post(`/packs/${task}/send`, how);
  if (!answer.done && answer.refused && /--address-as-is/.test(answer.hint)) {
    const anyway = await prompt({ title: "Is the address right?", words: sentences(answer.refused), ok: "Take it as it is" });
    return anyway ? buyAgain(carrier, { ...how, address_as_is: true }) : undefined;
  }
  return sent(carrier, answer);
});

const buyAgain = async (carrier, how) => sent(carrier, await post(`/packs/${task}/send`, how));

async function sent(carrier, answer) {
  if (!answer.done) return failed(answer, "Not shipped");
  await load();
  $("a", root)?.focus();
  const { consignment, papers } = answer.done;
  const count = consignment.parcels.length;
  const numbers = consignment.parcels.map(({ tracking }) => tracking).join(", ");
  if (papers.wrong.length) return show.wrong("Shipped, but not printed", sentences(...papers.wrong));
  return show.all("Shipped", `${plural(count, "label")} of ${carrier}${papers.printed ? ", printed" : ""}: ${numbers}`);
}

async function byHand() {
  const answer = await prompt({
    title: "Shipped by hand", words: "Scan or type the tracking number.",
    fields: [{ name: "carrier", label: "Carrier", value: localStorage.getItem("carrier") ?? "" }, { name: "tracking", label: "Tracking number", scan: true }],
    ok: "Ship it",
  });
  if (!answer) return;
  if (!answer.carrier.trim()) {
    show.wrong("Which carrier?", "Enter the carrier's name; it is kept for the next time.");
    return;
  }
  localStorage.setItem("carrier", answer.carrier.trim());
  await ship({ carrier: answer.carrier.trim(), tracking: answer.tracking.trim() });
}

async function onCommand(word) {
  const does = { BOX: openBox, CLOSE: closeCurrent, UNDO: undo };
  if (does[word]) return bench?.state === "picked" ? does[word]() : show.wrong("Nothing is packed now", inState());
  if (word === "DONE") return finish();
  if (word === "NEXT") {
    if (bench?.state === "picked") return show.wrong("Not finished yet", "Scan DONE first, or leave with the link Station.");
    location.href = "/station";
  }
  return word === "OK" ? undefined : show.unknown("Not here", `The card ${word} does nothing while packing.`);
}

for (const [id, run] of [["box", openBox], ["close", closeCurrent], ["undo", undo], ["finish", finish]]) {
  $(`#${id}`).addEventListener("click", () => run());
}

await load();
