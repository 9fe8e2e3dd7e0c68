// Scans that the server has not stored yet. Each is kept in the browser's database before
// anything else happens, and leaves it only when the server has answered. In order, one
// request at a time, for as long as it takes.

import { ask, uuid } from "./api.js";

const DATABASE = "opsctl-station";
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 8000;
const BATCH = 50;

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("scans", { keyPath: "seq", autoIncrement: true });
      request.result.createObjectStore("refused", { keyPath: "id" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function run(database, store, mode, work) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode, { durability: "strict" });
    const request = work(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

// `onAnswer(scan, answer)` for each stored or refused scan, `onState({ waiting, refused, why })`
// whenever something changes; `why` is "", "away" or "signIn".
export async function scanQueue({ onAnswer, onState }) {
  const database = await open();
  navigator.storage?.persist?.().catch(() => {});
  let scans = await run(database, "scans", "readonly", (store) => store.getAll());
  let refused = await run(database, "refused", "readonly", (store) => store.getAll());
  let sending = false;
  let pause = FIRST_PAUSE_MS;
  let timer = 0;
  let why = "";

  const tell = () => onState({ waiting: scans.length, refused, why });

  // Keeps a scan; it is counted from here on, and sent when it can be.
  async function add({ wave, claim, kind, line, units, code, reason = null }) {
    const scan = { id: uuid(), wave, claim, kind, line, units, code, reason, at: Date.now() };
    scan.seq = await run(database, "scans", "readwrite", (store) => store.add(scan));
    scans.push(scan);
    tell();
    send();
    return scan;
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(send, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }

  // Those at the head that belong to one claim.
  function head() {
    const claim = scans[0].claim;
    const end = scans.findIndex((scan) => scan.claim !== claim);
    return scans.slice(0, Math.min(end < 0 ? scans.length : end, BATCH));
  }

  async function send() {
    if (sending || scans.length === 0) return;
    sending = true;
    clearTimeout(timer);
    const batch = head();
    const events = batch.map(({ id, seq, kind, line, units, code, at, reason }) => (
      { id, seq, kind, line, units, code, at, reason }));
    const answer = await ask("POST", "/scans", { claim: batch[0].claim, events });
    sending = false;
    if (answer.away || answer.signIn) {
      why = answer.signIn ? "signIn" : "away";
      tell();
      later();
      return;
    }
    why = "";
    pause = FIRST_PAUSE_MS;
    const answers = answer.done ?? batch.map(({ id }) => ({ id, outcome: "refused", why: answer.refused }));
    await settle(batch, answers);
    send();
  }

  async function settle(batch, answers) {
    for (const scan of batch) {
      const answer = answers.find(({ id }) => id === scan.id);
      if (!answer) continue;
      if (answer.outcome !== "stored") {
        const kept = { ...scan, why: answer.why ?? "the server refused it" };
        await run(database, "refused", "readwrite", (store) => store.put(kept));
        refused.push(kept);
      }
      await run(database, "scans", "readwrite", (store) => store.delete(scan.seq));
      scans = scans.filter(({ id }) => id !== scan.id);
      onAnswer(scan, answer);
    }
    tell();
  }

  async function dismiss(id) {
    await run(database, "refused", "readwrite", (store) => store.delete(id));
    refused = refused.filter((scan) => scan.id !== id);
    tell();
  }

  addEventListener("online", () => {
    pause = FIRST_PAUSE_MS;
    send();
  });
  tell();
  send();

  return {
    add,
    dismiss,
    send,
    waiting: () => scans.length,
    of: (wave) => scans.filter((scan) => scan.wave === wave),
  };
}
