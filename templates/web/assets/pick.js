// A round. The sheet in this page decides what a scan means, so that nobody waits for the
// server and a lost network stops nobody. What counts is what the server has stored.

import { ask, get, once, post, signInAt } from "./api.js";
import { gtins, plain, read } from "./codes.js";
import { $, are, h, plural, sentences } from "./dom.js";
import { drawSheet } from "./sheet.js";
import { station } from "./page.js";
import { prompt } from "./prompt.js";

const wave = Number(document.body.querySelector("#round").dataset.wave);
const RESOLVE_PATIENCE_MS = 1500;
const REASONS = [
  { value: "not there", label: "1. Not there" },
  { value: "damaged", label: "2. Damaged" },
  { value: "fewer than shown", label: "3. Fewer than shown" },
  { value: "another product lies there", label: "4. Another product lies there" },
];

let sheet = null;
let done = []; // picks of this page, the last one last: what UNDO takes back
let lastPut = null; // the tote that the last unit belongs into
let chosen = null; // the line that was picked out by its bin
let refused = 0; // scans that were kept and came back, since that was last read

const { show, queue, failed } = await station({ onCode, onCommand, onAnswer });

const waitingFor = (line) => queue.of(wave).filter((scan) => scan.line === line.line);
function taken(line) {
  const sign = { pick: 1, undo: -1, short: 0 };
  return waitingFor(line).reduce((sum, scan) => sum + sign[scan.kind] * scan.units, line.picked);
}
function given(line) {
  const short = waitingFor(line).find((scan) => scan.kind === "short");
  return short ? line.quantity - short.units : line.short;
}
const room = (line) => Math.max(0, line.quantity - taken(line) - given(line));
const open = () => sheet.lines.filter((line) => room(line) > 0);
const current = () => open().find((line) => line.line === chosen) ?? open()[0] ?? null;
const many = () => sheet.tasks.length > 1;
const mine = () => Boolean(sheet?.claim) && sheet.state === "picking";

async function load() {
  const answer = await get(`/waves/${wave}`);
  if (answer.done) {
    sheet = answer.done;
    draw();
  } else if (answer.refused) {
    show.wrong("This round cannot be shown", sentences(answer.refused, answer.hint), { then: () => { location.href = "/station"; } });
  } else if (answer.signIn) {
    location.href = signInAt();
  } else {
    if (!sheet) $("#round").replaceChildren(h("p", { class: "message warn" }, "The server does not answer. Trying again…"));
    setTimeout(load, 2000);
  }
}

const draw = () => {
  $(".foot").hidden = !mine();
  drawSheet($("#round"), {
  sheet, taken, given, room, current: sheet && current(), many: many(), lastPut, mine: mine(), toBench,
  });
};

// What the server says of a code: null where it cannot be reached.
async function resolve(code) {
  const answer = await ask("POST", "/resolve", { code }, RESOLVE_PATIENCE_MS);
  return answer.done ?? (answer.refused ? { kind: "unknown", why: answer.refused } : null);
}

const withGtin = (numbers) => sheet.lines.filter((line) => line.codes.some(({ gtin }) => numbers.includes(gtin)));
const withSku = (sku) => sheet.lines.filter((line) => line.sku.toLowerCase() === sku.toLowerCase());
const unitsOf = (line, numbers) => line.codes.find(({ gtin }) => numbers.includes(gtin))?.units ?? 1;

// { lines, units, lot } of the sheet, or { why } where it is nothing on it.
async function find(code) {
  const rich = /^(\]|\(0|01\d{14}|https?:)|[\x1d|]/i.test(code);
  const numbers = gtins(code);
  const plainly = withGtin(numbers);
  if (plainly.length) return { lines: plainly, units: unitsOf(plainly[0], numbers), lot: null };
  const named = withSku(code);
  if (named.length) return { lines: named, units: 1, lot: null };
  const answer = await resolve(code);
  if (answer?.items?.length) {
    const lines = answer.items.flatMap(({ sku }) => withSku(sku));
    if (lines.length) {
      const item = answer.items.find(({ sku }) => withSku(sku).length);
      return { lines, units: item.units, lot: answer.gs1?.lot ?? null };
    }
    const [item] = answer.items;
    return { other: `${item.title} (${item.sku})` };
  }
  if (answer) return { why: answer.why };
  if (rich) {
    const own = read(code);
    const lines = withGtin(own.gtins);
    if (lines.length) return { lines, units: unitsOf(lines[0], own.gtins), lot: own.lot };
  }
  return { why: "it is on no line of this sheet, and the server cannot be asked what it is" };
}

async function onCode(code, own) {
  if (!mine()) {
    show.wrong("This round takes no scans", sheet?.state === "picking" ? "Somebody else walks it." : "It is finished or was given back.");
    return;
  }
  if (own?.kind === "tote") return checkTote(own.value);
  if (own?.kind === "bin") return chooseBin(own.value);
  const found = await find(code);
  if (found.other) {
    const next = current();
    show.wrong("Wrong item", `This is ${found.other}. ${next ? `Take ${next.title} (${next.sku}) from ${next.bin}.` : "Nothing more is to be taken."}`);
  } else if (found.why) {
    show.unknown("Unknown code", sentences(found.why));
  } else {
    await take(code, found);
  }
}

async function take(code, { lines, units, lot }) {
  const skus = [...new Set(lines.map((line) => line.sku))];
  let wanted = lines;
  if (skus.length > 1) {
    const answer = await prompt({
      title: "Which one is it?", words: "Several products have this code.",
      fields: [{ name: "sku", label: "Product", options: skus.map((sku) => ({ value: sku, label: `${sku}: ${withSku(sku)[0].title}` })) }],
    });
    if (!answer) return;
    wanted = lines.filter((line) => line.sku === answer.sku);
  }
  const of = wanted[0];
  if (of.tracking === "lot" && wanted.some((line) => line.lot)) {
    const scanned = lot ?? (await prompt({
      title: `Which lot of ${of.sku}?`, words: "Scan or type the lot from the label.",
      fields: [{ name: "lot", label: "Lot", scan: true }],
    }))?.lot?.trim();
    if (!scanned) return;
    const right = wanted.filter((line) => line.lot?.toLowerCase() === scanned.toLowerCase());
    if (!right.length) {
      const lots = [...new Set(wanted.filter((line) => room(line) > 0).map((line) => `${line.lot} from ${line.bin}`))];
      show.wrong("Wrong lot", `This is lot ${scanned} of ${of.sku}. Take lot ${lots.join(" or ") || of.lot}.`);
      return;
    }
    wanted = right;
  }
  await count(code, wanted, units);
}

async function count(code, lines, units) {
  const line = lines.find((one) => room(one) >= units);
  if (!line) return tooMany(lines, units);
  const { id } = await queue.add({ wave, claim: sheet.claim, kind: "pick", line: line.line, units, code });
  done.push({ id, line: line.line, units, code });
  lastPut = { tote: line.tote, units, line };
  chosen = null;
  draw();
  const where = many() ? `Tote ${line.tote}: put ${units}` : `${line.sku}: ${taken(line)} of ${line.quantity}`;
  const words = `${line.title}, ${taken(line)} of ${line.quantity}`;
  if (open().length === 0) show.all(where, "Everything is taken. Scan DONE.");
  else if (room(line) === 0) show.line(where, `${words}. Next: ${current().bin}`);
  else show.ok(where, words);
}

function tooMany(lines, units) {
  const left = lines.reduce((sum, line) => sum + room(line), 0);
  const [{ sku, title }] = lines;
  const most = Math.max(...lines.map(room));
  if (left === 0) show.many("Too many", `All of ${title} (${sku}) is taken. Put this one back.`);
  else show.many("Too many", `This pack holds ${units}, and ${most === left ? `only ${left} ${are(left)} wanted` : `no place wants more than ${most}`}. Take single units.`);
}

function checkTote(number) {
  if (!lastPut) return show.wrong("No item yet", "Scan the item first, then the tote it goes into.");
  if (number === lastPut.tote) return show.ok(`Tote ${number}`, "That is the right one.");
  return show.wrong("Wrong tote", `${lastPut.line.title} goes into tote ${lastPut.tote}, not ${number}.`);
}

function chooseBin(code) {
  const there = sheet.lines.filter((line) => plain(line.bin) === code);
  const line = there.find((one) => room(one) > 0);
  if (!line) return show.wrong("Wrong place", there.length ? "Everything from there is taken." : `Nothing is to be taken there. Next: ${current()?.bin ?? "none"}.`);
  chosen = line.line;
  draw();
  return show.ok(line.bin, `${line.sku}: take ${room(line)}`);
}

async function undo() {
  const last = done.pop();
  if (!last) return show.wrong("Nothing to take back", "No scan of this page is left that could be undone.");
  const line = sheet.lines.find((one) => one.line === last.line);
  await queue.add({ wave, claim: sheet.claim, kind: "undo", line: last.line, units: last.units, code: last.code });
  draw();
  return show.ok("Taken back", `${line.sku}: ${taken(line)} of ${line.quantity}. Put ${last.units} back to ${line.bin}.`);
}

async function short() {
  const line = current();
  if (!line) return show.wrong("Nothing is missing", "Every line is taken.");
  const most = line.quantity - 1;
  const answer = await prompt({
    title: `Short: ${line.sku} in ${line.bin}`,
    words: `${line.title}. Wanted: ${line.quantity}. How many are there in all, those taken included?`,
    fields: [
      { name: "found", label: "Found", type: "number", value: taken(line), longest: 6 },
      { name: "reason", label: "Why", options: REASONS },
    ],
    ok: "Report the rest as missing",
  });
  if (!answer) return undefined;
  const found = Number(answer.found);
  if (!/^\d+$/.test(answer.found) || found > most) return show.wrong("That is not short", `Fewer than ${line.quantity} must be found, 0 to ${most}.`);
  if (found < taken(line)) return show.wrong("More are taken already", `${taken(line)} ${taken(line) === 1 ? "was" : "were"} scanned. Undo some first.`);
  await queue.add({ wave, claim: sheet.claim, kind: "short", line: line.line, units: found, code: "", reason: answer.reason });
  draw();
  return show.ok("Reported", `${line.sku}: ${found} of ${line.quantity}. The rest is looked for.`);
}

const finish = once(async () => {
  if (!mine()) return show.wrong("Nothing to finish", "This round is not yours, or finished already.");
  if (open().length) return show.wrong("Not done yet", `${plural(open().length, "line")} left. Next: ${current().sku} in ${current().bin}. Scan SHORT for what is not there.`);
  if (queue.waiting()) return show.wrong("Not stored yet", `${plural(queue.waiting(), "scan")} still ${queue.waiting() === 1 ? "waits" : "wait"} for the server. Scan DONE again when none does.`);
  const answer = await post(`/waves/${wave}/finish`, { claim: sheet.claim });
  if (answer.done) {
    sheet = answer.done;
    draw();
    return show.all("Round finished", "Carry it to the packing bench.");
  }
  return failed(answer, "The round is not finished");
});

const release = once(async () => {
  const answer = await prompt({
    title: "Give this round back?", words: "Its orders go back to the queue. What is picked stays at the packing bench.",
    fields: [{ name: "why", label: "Why", options: ["called away", "end of the shift", "started by mistake"].map((value) => ({ value, label: value })) }],
    ok: "Give it back",
  });
  if (!answer) return;
  const released = await post(`/waves/${wave}/release`, answer);
  if (released.done) location.href = "/station";
  else failed(released, "It was not given back");
});

const toBench = once(async (order) => {
  const answer = await post("/packs", { order });
  if (answer.done) location.href = `/station/pack/${answer.done.task}`;
  else failed(answer, "It cannot be packed now");
});

async function onCommand(word) {
  if (word === "DONE") return finish();
  if (word === "NEXT" && sheet?.state === "picked") return toBench(sheet.tasks.find(({ state }) => state === "picked")?.order);
  if (word === "NEXT") return skip();
  if (word === "OK") return undefined;
  if (!mine()) return onCode(word, null);
  if (word === "UNDO") return undo();
  if (word === "SHORT") return short();
  return show.unknown("Not here", `The card ${word} does nothing while picking.`);
}

// The line after the one shown, for what cannot be reached now.
function skip() {
  const lines = open();
  const at = lines.indexOf(current());
  chosen = lines[(at + 1) % lines.length]?.line ?? null;
  draw();
  if (chosen) show.ok(current().bin, `${current().sku}: take ${room(current())}`);
}

function onAnswer(scan, answer) {
  if (scan.wave !== wave || !sheet) return;
  const line = sheet.lines.find((one) => one.line === scan.line);
  if (line && answer.line) Object.assign(line, { picked: answer.line.picked, short: answer.line.short });
  if (answer.outcome !== "stored") {
    refused += 1;
    done = done.filter(({ id }) => id !== scan.id);
    const words = sentences(`${line?.sku ?? scan.code}: ${answer.why ?? "the server refused it"}`);
    show.wrong(`${plural(refused, "scan")} did not count`, words, { then: () => { refused = 0; } });
    // The round may have gone to somebody else.
    if (refused === 1) load();
  }
  if (answer.short) {
    $("#told").replaceChildren(h("p", { class: "message warn" }, answer.short.words));
    if (answer.short.new_lines.length) load();
  }
  draw();
}

for (const [id, run] of [["undo", () => onCommand("UNDO")], ["short", () => onCommand("SHORT")], ["next", () => onCommand("NEXT")], ["finish", finish], ["release", release]]) {
  $(`#${id}`).addEventListener("click", once(run));
}

await load();
