// Keeps parts of a page fresh. Without scripts every page works; it is then reloaded by hand.
// [data-live=URL]      fetch the page anew when the server says "changed"
// [data-page=URL]      where the page is, if not at its own address
// [data-refresh=MS]    fetch the page anew every so often
// What is exchanged are the page's parts [data-part], or else the element itself; what somebody is
// writing in only when they are done. What was unfolded, focused or scrolled stays so.
"use strict";

const FIELDS = "input:not([type=hidden]), textarea, select";

function isWrittenIn(part) {
  return [...part.querySelectorAll(FIELDS)].some(
    (each) => each === document.activeElement || (each.defaultValue !== undefined && each.value !== each.defaultValue) || each.checked !== each.defaultChecked);
}

function exchange(part, fresh) {
  if (!fresh || (fresh.innerHTML === part.innerHTML && fresh.className === part.className)) return;
  const stops = () => [...part.querySelectorAll("a, button, summary, [tabindex]")];
  const folds = () => [...part.querySelectorAll("details > summary")];
  const focused = stops().indexOf(document.activeElement);
  const unfolded = folds().filter((each) => each.parentElement.open).map((each) => each.textContent);
  const scrolled = [...part.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
  part.className = fresh.className;
  part.replaceChildren(...fresh.childNodes);
  part.querySelectorAll(".scroll").forEach((each, n) => { each.scrollLeft = scrolled[n] || 0; });
  for (const each of folds()) if (unfolded.includes(each.textContent)) each.parentElement.open = true;
  if (focused >= 0) stops()[focused]?.focus({ preventScroll: true });
}

async function freshen(element) {
  const address = element.dataset.page || location.pathname + location.search;
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const parts = [...document.querySelectorAll("[data-part]")];
  for (const part of parts.length ? parts : [element]) {
    if (!isWrittenIn(part)) exchange(part, page.getElementById(part.id));
    else part.addEventListener("focusout", () => setTimeout(() => freshen(element).catch(() => {})), { once: true });
  }
}

for (const element of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(element.dataset.live);
  let missed = false;
  const again = () => {
    missed = document.hidden;
    if (!missed) freshen(element).catch(() => {});
  };
  source.addEventListener("changed", again);
  document.addEventListener("visibilitychange", () => { if (missed) again(); });
  addEventListener("pagehide", () => source.close());
}

for (const element of document.querySelectorAll("[data-refresh]")) {
  const later = () => setTimeout(again, Number(element.dataset.refresh));
  const again = () => document.hidden ? later() : freshen(element).catch(() => {}).finally(later);
  later();
}
