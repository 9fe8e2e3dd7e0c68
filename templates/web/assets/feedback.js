// What a packer hears, sees and reads after a scan. Sound comes first, for nobody looks at a
// screen while walking. What went wrong covers the screen and waits to be read.

const TONES = {
  ok: [[880, 70]],
  line: [[880, 70], [1175, 90]],
  all: [[784, 90], [988, 90], [1319, 180]],
  wrong: [[220, 220], [165, 320]],
  unknown: [[330, 120], [330, 120], [330, 120]],
  many: [[520, 110], [260, 110], [520, 110], [260, 110]],
};

const ICONS = { ok: "✓", line: "✓✓", all: "★", wrong: "✕", unknown: "?", many: "⊕" };

const FLASH_MS = 900;

let audio = null;

function sound(kind) {
  try {
    audio ??= new AudioContext();
    if (audio.state === "suspended") audio.resume();
    let at = audio.currentTime;
    for (const [hertz, ms] of TONES[kind]) {
      const tone = audio.createOscillator();
      const loudness = audio.createGain();
      tone.type = kind === "wrong" || kind === "many" ? "square" : "sine";
      tone.frequency.value = hertz;
      loudness.gain.setValueAtTime(0.25, at);
      loudness.gain.exponentialRampToValueAtTime(0.001, at + ms / 1000);
      tone.connect(loudness).connect(audio.destination);
      tone.start(at);
      tone.stop(at + ms / 1000);
      at += ms / 1000 + 0.02;
    }
    navigator.vibrate?.(kind === "ok" ? 30 : kind === "line" || kind === "all" ? 80 : [120, 60, 120]);
  } catch {
    // A browser without sound still shows it.
  }
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// The band for what went well, and the sheet over everything for what did not.
export function feedback() {
  const band = element("div", "band");
  band.setAttribute("role", "status");
  band.setAttribute("aria-live", "polite");
  // A modal dialog: over every other one, and the focus stays in it.
  const cover = element("dialog", "cover");
  cover.setAttribute("role", "alertdialog");
  cover.setAttribute("aria-live", "assertive");
  cover.addEventListener("cancel", (event) => {
    event.preventDefault();
    acknowledge();
  });
  document.body.append(band, cover);

  let flash = 0;
  let missed = 0;
  let acknowledged = null;

  function good(kind, title, words = "") {
    sound(kind);
    clearTimeout(flash);
    band.className = `band shown ${kind}`;
    band.replaceChildren(
      element("span", "icon", ICONS[kind]),
      element("strong", "", title),
      element("span", "", words),
    );
    flash = setTimeout(() => band.classList.remove("shown"), FLASH_MS);
  }

  function draw(kind, title, words, actions) {
    const button = element("button", "primary", "OK, I have read it (Enter)");
    button.type = "button";
    button.dataset.ack = "";
    button.addEventListener("click", () => acknowledge());
    const more = actions.map(({ label, run }) => {
      const other = element("button", "", label);
      other.type = "button";
      other.addEventListener("click", () => {
        acknowledge();
        run();
      });
      return other;
    });
    const row = element("div", "buttons");
    row.append(button, ...more);
    const icon = element("p", "icon", ICONS[kind]);
    icon.setAttribute("aria-hidden", "true");
    const count = element("p", "missed", "");
    cover.replaceChildren(icon, element("h2", "", title), element("p", "words", words), count, row);
    cover.className = `cover ${kind}`;
    if (!cover.open) cover.showModal();
    button.focus({ preventScroll: true });
  }

  function bad(kind, title, words = "", { then = null, actions = [] } = {}) {
    sound(kind);
    acknowledged = then;
    missed = 0;
    band.classList.remove("shown");
    draw(kind, title, words, actions);
  }

  function acknowledge() {
    if (!cover.open) return;
    cover.close();
    const then = acknowledged;
    acknowledged = null;
    then?.();
  }

  // A scan while a message waits does not count, and says so.
  function block() {
    missed += 1;
    sound("wrong");
    const scans = missed === 1 ? "1 scan" : `${missed} scans`;
    cover.querySelector(".missed").textContent = `${scans} since then did not count. Read this first.`;
  }

  return {
    ok: (title, words) => good("ok", title, words),
    line: (title, words) => good("line", title, words),
    all: (title, words) => good("all", title, words),
    wrong: (title, words, more) => bad("wrong", title, words, more),
    unknown: (title, words, more) => bad("unknown", title, words, more),
    many: (title, words, more) => bad("many", title, words, more),
    blocking: () => cover.open,
    block,
    acknowledge,
    // What the message offers beside being read.
    act: () => cover.querySelector("button:not([data-ack])")?.click(),
  };
}
