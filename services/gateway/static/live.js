// Keeps parts of a page fresh. Without scripts every page works; it is then reloaded by hand.
// [data-live=URL]      fetch the page anew when the server says "changed"
// [data-refresh=MS]    fetch the page anew every so often
// What is exchanged is the element itself, or the parts [data-part] in it; never a part in which
// somebody is typing or has typed. What was unfolded, focused or scrolled stays so.
"use strict";

function isTypedIn(part) {
  return [...part.querySelectorAll("input, textarea, select")].some(
    (each) => each === document.activeElement || (each.defaultValue !== undefined && each.value !== each.defaultValue) || each.checked !== each.defaultChecked);
}

function exchange(part, fresh) {
  if (!fresh || fresh.innerHTML === part.innerHTML || isTypedIn(part)) return;
  const stops = () => [...part.querySelectorAll("a, button, summary, [tabindex]")];
  const folds = () => [...part.querySelectorAll("details > summary")];
  const focused = stops().indexOf(document.activeElement);
  const unfolded = folds().filter((each) => each.parentElement.open).map((each) => each.textContent);
  const scrolled = [...part.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
  part.replaceChildren(...fresh.childNodes);
  part.querySelectorAll(".scroll").forEach((each, n) => { each.scrollLeft = scrolled[n] || 0; });
  for (const each of folds()) if (unfolded.includes(each.textContent)) each.parentElement.open = true;
  if (focused >= 0) stops()[focused]?.focus({ preventScroll: true });
}

async function freshen(element) {
  const answer = await fetch(location.pathname + location.search, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const parts = [...element.querySelectorAll("[data-part]")];
  for (const part of parts.length ? parts : [element]) exchange(part, page.getElementById(part.id));
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
