// Keeps a page in step with what happens, without loading it anew. The server says that something changed; the page then
// asks for itself and replaces what differs. It does nothing while it is paused or cannot be seen.
import { sent, update } from "./regions.js";

const APART = 1000; // milliseconds between two refreshes, at least
const POLL = 10000; // milliseconds between two looks, where the server cannot say that something changed
const PAUSED = "engagement-paused"; // kept for the tab

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "numeric",
  minute: "2-digit",
  hour12: true,
  timeZone: "Europe/London",
});

/** Follow what `main` names in `data-live`, until the page is left or its visitor is no longer signed in. */
export function follow(main) {
  const known = sent(document); // also of what stands beside `main`
  const status = main.querySelector("[data-live-status]");
  const toggle = main.querySelector("[data-live-toggle]");
  let [source, poll, waiting, asking, ended] = [null, null, null, false, false];
  let next = 0; // when the page may be refreshed again
  const paused = () => sessionStorage.getItem(PAUSED) === "yes";
  let missed = paused() || document.hidden; // whether something may have happened that nobody told us of

  function say(words) {
    if (status && status.textContent !== words) status.textContent = words;
  }

  /** Refresh now, or as soon as the last refresh is long enough ago. */
  function changed() {
    if (waiting || !source) return;
    waiting = setTimeout(refresh, Math.max(0, next - Date.now()));
  }

  async function refresh() {
    waiting = null;
    next = Date.now() + APART;
    if (asking) return changed();
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { "X-Fragment": "main" }, cache: "no-store" });
      if (answer.redirected || [401, 403, 404].includes(answer.status)) end();
      else if (answer.ok) show(await answer.text());
      else say("Updates are late; trying again");
    } catch {
      say("Updates are late; trying again");
    } finally {
      asking = false;
    }
  }

  function show(text) {
    if (!source) return; // paused or hidden while the answer was on its way
    if (update(known, text)) say(`Updated ${clock.format(new Date()).replace(/\s/g, "").toLowerCase()}`);
    else if (status?.textContent.startsWith("Updates are late")) say("");
  }

  function listen() {
    source = new EventSource(main.dataset.live);
    source.addEventListener("change", changed);
    source.addEventListener("open", () => {
      if (missed) changed();
      missed = false;
    });
    source.addEventListener("error", () => (missed = true));
  }

  /** Where no stream is open: look whether something changed, and try again to open one. */
  function look() {
    if (source.readyState === EventSource.OPEN) return;
    changed();
    if (source.readyState === EventSource.CLOSED) listen();
  }

  function start() {
    if (source || ended || paused() || document.hidden) return;
    listen();
    poll = setInterval(look, POLL);
  }

  function stop() {
    source?.close();
    clearInterval(poll);
    clearTimeout(waiting);
    [source, poll, waiting, missed] = [null, null, null, true];
  }

  function end() {
    ended = true;
    stop();
    if (toggle) toggle.hidden = true;
    say("Updates have ended: load the page again");
  }

  function tell() {
    if (toggle) toggle.textContent = paused() ? "Resume updates" : "Pause updates";
    say(paused() ? "Updates are paused" : "");
  }

  toggle?.addEventListener("click", () => {
    sessionStorage.setItem(PAUSED, paused() ? "no" : "yes");
    tell();
    paused() ? stop() : start();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start()));
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => event.persisted && start());
  if (toggle) toggle.hidden = false;
  tell();
  start();
}
