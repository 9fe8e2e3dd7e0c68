// The log as it happens. Newest on top; what is shown already is not shown twice, for a
// stream that starts over may tell it again.
"use strict";

(() => {
  const MOST = 500;
  const table = document.getElementById("events");
  const rows = table.tBodies[0];
  const state = document.getElementById("live");
  const button = document.getElementById("pause");
  const none = document.getElementById("none");
  const address = new URL(table.dataset.stream, location.href);
  let source = null;
  let again = 0;

  function say(words, tone) {
    state.textContent = words;
    state.className = tone ? `chip ${tone}` : "chip";
  }

  function cell(row, text, kind) {
    const at = row.insertCell();
    at.textContent = text;
    if (kind) at.className = kind;
    return at;
  }

  function show(event) {
    const told = JSON.parse(event.data);
    if (event.lastEventId) address.searchParams.set("after", event.lastEventId);
    if (rows.querySelector(`tr[data-id="${Number(told.id)}"]`)) return;
    const row = rows.insertRow(0);
    row.dataset.id = told.id;
    row.className = "fresh";
    const time = document.createElement("time");
    time.dateTime = told.utc;
    time.title = told.utc;
    time.textContent = told.local;
    cell(row, "", "time").append(time);
    cell(row, told.kind);
    const about = cell(row, "");
    if (told.href) {
      const link = document.createElement("a");
      link.href = told.href;
      link.textContent = told.subject;
      about.append(link);
    } else {
      about.textContent = told.subject;
    }
    cell(row, told.particulars, "json");
    cell(row, told.actor);
    none.hidden = true;
    while (rows.rows.length > MOST) rows.deleteRow(-1);
  }

  function open() {
    clearTimeout(again);
    say("connecting");
    source = new EventSource(address);
    source.onopen = () => say("live", "good");
    source.onmessage = show;
    source.addEventListener("away", () => say("the store is out of reach; trying again", "warn"));
    source.addEventListener("back", () => say("live", "good"));
    source.addEventListener("reload", () => location.reload());
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) {
        say("connecting again", "warn");
        return;
      }
      // Refused: too many watch already, or nobody is signed in any more.
      say("not live at the moment; trying again", "warn");
      again = setTimeout(open, 10000);
    };
  }

  function close() {
    clearTimeout(again);
    source.close();
    source = null;
    say("paused", "warn");
  }

  button.addEventListener("click", () => {
    if (source) close();
    else open();
    button.textContent = source ? "Pause" : "Go on";
  });
  button.hidden = false;
  open();
})();
