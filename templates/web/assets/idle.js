// Locks the page when nobody is at it. Since when that is, the server judges, for a person may
// be at work in another window; the page asks it when it has seen no key and no touch for as
// long. While the server cannot be asked, the page stays: what is scanned then is kept.

import { look, signInAt } from "./api.js";

const LOOKED_EVERY_MS = 5000;
const ASKED_EVERY_MS = 30_000;
const idleMs = Number(document.body.dataset.idleMinutes) * 60_000;

let used = Date.now();
let asked = 0;

// Whether somebody has touched the page since then.
export const usedSince = (at) => used >= at;

async function lock() {
  const now = Date.now();
  if (now - used < idleMs || now - asked < ASKED_EVERY_MS) return;
  asked = now;
  const answer = await look("/me");
  if (answer.signIn) location.href = signInAt();
}

export function lockWhenIdle() {
  for (const touched of ["keydown", "pointerdown"]) {
    addEventListener(touched, () => { used = Date.now(); }, true);
  }
  setInterval(lock, LOOKED_EVERY_MS);
  document.addEventListener("visibilitychange", lock);
}
