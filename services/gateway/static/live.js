// Keeps a part of a page fresh. Without scripts every page works; it is then reloaded by hand.
// [data-live=URL]      fetch the page anew when the server says "changed"
// [data-refresh=MS]    fetch the page anew every so often
"use strict";

async function freshen(part) {
  const active = document.activeElement;
  if (document.hidden || (part.contains(active) && active.matches("input, textarea, select"))) return;
  const answer = await fetch(location.pathname + location.search, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
  if (!fresh || fresh.innerHTML === part.innerHTML) return;
  const focused = part.contains(active) ? [...part.querySelectorAll("a, button, summary, [tabindex]")].indexOf(active) : -1;
  const scrolled = [...part.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
  part.replaceChildren(...fresh.childNodes);
  part.querySelectorAll(".scroll").forEach((each, n) => { each.scrollLeft = scrolled[n] || 0; });
  if (focused >= 0) part.querySelectorAll("a, button, summary, [tabindex]")[focused]?.focus({ preventScroll: true });
}

for (const part of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(part.dataset.live);
  source.addEventListener("changed", () => freshen(part).catch(() => {}));
  addEventListener("pagehide", () => source.close());
}

for (const part of document.querySelectorAll("[data-refresh]")) {
  const again = () => freshen(part).catch(() => {}).finally(() => setTimeout(again, Number(part.dataset.refresh)));
  setTimeout(again, Number(part.dataset.refresh));
}
