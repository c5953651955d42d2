// Replaces the parts of a page that changed, in place: focus, open details and scrolled tables stay as they were,
// and a part in which somebody is filling in a form is left alone until they are done.
import { initAll } from "./govuk/govuk.js";

const REGION = "[data-live-region]";
const CONTROLS = "input:not([type=hidden]), select, textarea";

/** The regions of a document, by their ids. */
function regionsOf(root) {
  return new Map(Array.from(root.querySelectorAll(REGION), (region) => [region.dataset.liveRegion, region]));
}

/** What the server sent of each region; the page's own HTML changes as it is used. */
export function sent(root) {
  return new Map(Array.from(regionsOf(root), ([id, region]) => [id, region.innerHTML]));
}

/** Put what changed in place. `known` is what was sent before, and is kept up to date. Returns how many changed. */
export function update(known, text) {
  const fresh = regionsOf(new DOMParser().parseFromString(text, "text/html"));
  let changed = 0;
  for (const [id, region] of regionsOf(document)) {
    const html = fresh.get(id)?.innerHTML;
    if (html === undefined || html === known.get(id) || isBeingEdited(region)) continue;
    replace(region, html);
    known.set(id, html);
    changed += 1;
  }
  return changed;
}

function isBeingEdited(region) {
  return Array.from(region.querySelectorAll(CONTROLS)).some(
    (control) => control === document.activeElement || isChanged(control),
  );
}

function isChanged(control) {
  if (control.options) {
    const before = Array.from(control.options).filter((option) => option.defaultSelected);
    return before.length > 0 ? before.some((option) => !option.selected) : control.selectedIndex > 0;
  }
  return control.value !== control.defaultValue || control.checked !== control.defaultChecked;
}

function replace(region, html) {
  const active = region.contains(document.activeElement) ? document.activeElement : null;
  const focused = active && active !== region && nameOf(active);
  const open = new Map(Array.from(region.querySelectorAll("details"), (each) => [nameOf(each), each.open]));
  const scrolled = Array.from(region.querySelectorAll(".app-scroll"), (each) => each.scrollLeft);
  region.innerHTML = html;
  region.querySelectorAll("details").forEach((each) => (each.open = open.get(nameOf(each)) ?? each.open));
  region.querySelectorAll(".app-scroll").forEach((each, number) => (each.scrollLeft = scrolled[number] ?? 0));
  initAll({ scope: region });
  if (focused) focusAgain(region, active, focused);
}

/** What tells an element from its neighbours when it is sent again. */
function nameOf(element) {
  const own = element.tagName === "DETAILS" ? element.querySelector("summary") : element;
  const about = element.getAttribute("href") ?? element.getAttribute("aria-label") ?? own?.textContent.trim();
  return `${element.tagName} ${element.id || about}`;
}

/** Focus what had it; where that is gone, the region, so that the place on the page is not lost. */
function focusAgain(region, active, name) {
  const again = Array.from(region.querySelectorAll(active.tagName)).find((each) => nameOf(each) === name);
  if (!again) region.tabIndex = -1;
  (again ?? region).focus({ preventScroll: true });
}
