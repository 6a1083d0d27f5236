// Keeps a part of a page fresh. Without scripts every page works; it is then reloaded by hand.
// [data-live=URL]      fetch the page anew when the server says "changed"
// [data-also="ID ID"]  fetch these parts of it together with that one
// [data-page=URL]      where the page is, if not at its own address
// [data-refresh=MS]    fetch the page anew every so often
// What somebody is writing in is left alone until they are done.
"use strict";

const FIELDS = "input:not([type=hidden]), textarea, select";

function isWrittenIn(part) {
  const active = document.activeElement;
  if (part.contains(active) && active.matches(FIELDS)) return true;
  return [...part.querySelectorAll("textarea")].some((each) => each.value !== each.defaultValue);
}

function exchange(part, fresh) {
  if (!fresh) return;
  const unfolded = [...part.querySelectorAll("details")].map((each) => each.open);
  fresh.querySelectorAll("details").forEach((each, n) => { each.open ||= unfolded[n] || false; });
  if (fresh.innerHTML === part.innerHTML) return;
  const active = document.activeElement;
  const focused = part.contains(active) ? [...part.querySelectorAll("a, button, summary, [tabindex]")].indexOf(active) : -1;
  const scrolled = [...part.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
  part.className = fresh.className;
  part.replaceChildren(...fresh.childNodes);
  part.querySelectorAll(".scroll").forEach((each, n) => { each.scrollLeft = scrolled[n] || 0; });
  if (focused >= 0) part.querySelectorAll("a, button, summary, [tabindex]")[focused]?.focus({ preventScroll: true });
}

async function freshen(part) {
  const also = (part.dataset.also || "").split(" ").map((id) => document.getElementById(id));
  const all = [part, ...also.filter(Boolean)];
  if (document.hidden || all.every(isWrittenIn)) return;
  const address = part.dataset.page || location.pathname + location.search;
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const each of all) {
    if (!isWrittenIn(each)) exchange(each, fresh.getElementById(each.id));
    else each.addEventListener("focusout", () => freshen(part).catch(() => {}), { once: true });
  }
}

for (const part of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(part.dataset.live);
  const again = () => freshen(part).catch(() => {});
  source.addEventListener("changed", again);
  document.addEventListener("visibilitychange", again);
  addEventListener("pagehide", () => source.close());
}

for (const part of document.querySelectorAll("[data-refresh]")) {
  const again = () => freshen(part).catch(() => {}).finally(() => setTimeout(again, Number(part.dataset.refresh)));
  setTimeout(again, Number(part.dataset.refresh));
}
