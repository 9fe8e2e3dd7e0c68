// What every page of the station has: the scanner, the messages, the scans that wait, the
// field for typed codes, and the cards that mean the same everywhere.

import { signInAt } from "./api.js";
import { $, h, plural, sentences } from "./dom.js";
import { label } from "./codes.js";
import { feedback } from "./feedback.js";
import { lockWhenIdle } from "./idle.js";
import { prompting, promptScan, promptTyped, promptWants } from "./prompt.js";
import { scanQueue } from "./queue.js";
import { listen } from "./scanner.js";

// Sent from here and not as a form, so that the page stays where the server is away.
async function send(action, fields) {
  try {
    return await fetch(action, {
      method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams(fields),
      signal: AbortSignal.timeout(10_000),
    });
  } catch {
    return null;
  }
}

const LATER = "The server does not answer. Scans are kept; try again in a moment.";

async function switchTo(badge, show) {
  const response = await send("/station/switch", { badge, next: location.pathname });
  if (response?.ok) {
    location.reload();
    return;
  }
  const words = response && await response.json().catch(() => null);
  show.wrong("Nobody was let in", words ? sentences(words.error, words.hint) : LATER);
}

async function lock(show) {
  const response = await send("/station/lock", {});
  if (response?.ok) location.href = signInAt();
  else show.wrong("Not locked", LATER);
}

// `onCode(code, label)` for products and for labels of the house; `onCommand(word)` for cards;
// `onAnswer(scan, answer)` when the server has answered a scan that was kept.
export async function station({ onCode, onCommand, onAnswer = () => {} }) {
  const show = feedback();
  lockWhenIdle();
  const typed = $("#typed");

  const queue = await scanQueue({ onAnswer, onState: (state) => drawWaiting(state, () => queue) });

  async function dispatch(code) {
    const own = label(code);
    const command = own?.kind === "command" ? own.value : null;
    if (show.blocking()) {
      if (command === "OK") show.acknowledge();
      else if (command === "NEXT") show.act();
      else show.block();
      return;
    }
    if (own?.kind === "badge" && !promptWants("badge")) {
      await switchTo(code.toUpperCase(), show);
    } else if (command === "LOCK") {
      await lock(show);
    } else if (prompting()) {
      if (!promptScan(code)) show.wrong("That does not answer the question", "Answer it, or scan UNDO to leave it.");
    } else if (command) {
      await onCommand(command);
    } else {
      await onCode(code, own);
    }
  }

  // One after another: a scan that comes while another is looked at waits for it. An answer
  // to an open question or message must not wait for the scan that asked it.
  let before = Promise.resolve();
  function accept(code) {
    if (show.blocking() || prompting()) {
      dispatch(code);
      return;
    }
    before = before.then(() => dispatch(code)).catch((error) => {
      console.error(error);
      show.wrong("The page stumbled over this scan", "It did not count. Scan it again; if it stays, load the page anew.");
    });
  }

  listen({
    onCode: accept,
    onTyped: (text) => {
      if (show.blocking()) return;
      if (prompting()) {
        promptTyped(text);
      } else if (typed) {
        typed.focus();
        typed.value += text;
      }
    },
  });
  typed?.form.addEventListener("submit", (event) => {
    event.preventDefault();
    const code = typed.value.trim();
    typed.value = "";
    typed.blur();
    if (code) accept(code);
  });
  // What no other place has told: never in silence.
  addEventListener("unhandledrejection", (event) => {
    console.error(event.reason);
    show.wrong("The page stumbled", "Look whether it was done before you do it again; if it stays, load the page anew.");
  });

  // Tells what a request came to that was not done.
  function failed(answer, title, away = "The server does not answer. Try again in a moment.") {
    if (answer.signIn) location.href = signInAt();
    else if (answer.away) show.wrong(title, sentences(answer.words, answer.hint) || away);
    else show.wrong(title, sentences(answer.refused, answer.hint));
  }

  document.body.dataset.ready = "yes";
  return { show, queue, failed };
}

function drawWaiting({ waiting, refused, why }, queue) {
  const line = $("#waiting");
  if (!line) return;
  const words = {
    "": waiting ? `${plural(waiting, "scan")} on the way` : "Every scan is stored",
    away: `${plural(waiting, "scan")} wait${waiting === 1 ? "s" : ""} for the server. Go on: none is lost.`,
    signIn: `${plural(waiting, "scan")} wait${waiting === 1 ? "s" : ""}: sign in again, or scan your badge.`,
  };
  const link = why === "signIn" && h("a", { class: "button", href: signInAt() }, "Sign in");
  line.replaceChildren(words[why], " ", ...(link ? [link] : []));
  line.className = `waiting ${why ? "warn" : waiting ? "busy" : "calm"}`;
  line.dataset.waiting = waiting;

  const list = $("#refused");
  list.hidden = refused.length === 0;
  list.replaceChildren(
    h("h2", {}, `${plural(refused.length, "scan")} did not count`),
    h("ul", {}, refused.map((scan) => h("li", {},
      h("span", {}, `${scan.kind === "pick" ? "" : `${scan.kind} `}${scan.units} × ${scan.code || `line ${scan.line}`}: ${scan.why}`),
      h("button", { type: "button", onclick: () => queue().dismiss(scan.id) }, "I have seen it")))),
  );
}
