// What a list does beyond its links: the state for row menus, Shift and click on heads, counts of views, scroll.
export function tendList() {
  for (const link of document.querySelectorAll("thead a[data-more]")) {
    link.addEventListener("click", (event) => {
      if (!event.shiftKey) return;
      event.preventDefault();
      location.assign(link.dataset.more);
    });
  }
  countViews();
  keepScroll();
}

async function countViews() {
  const tabs = document.querySelector("[data-counts]");
  if (!tabs) return;
  const answer = await fetch(tabs.dataset.counts).catch(() => null);
  if (!answer?.ok) return;
  const { counts } = await answer.json();
  for (const link of tabs.querySelectorAll("[data-view]")) {
    link.querySelector(".count").textContent = counts[link.dataset.view] ?? "";
  }
}

// Back to the row that one left for: the address of the list names the place.
function keepScroll() {
  if (!document.querySelector(".list-area")) return;
  // However its address is spelt, the list names its state in one way.
  const state = document.querySelector(".list[data-state]")?.dataset.state ?? "";
  const key = `scroll:${location.pathname}?${state}`;
  const left = sessionStorage.getItem("scroll:left");
  addEventListener("pagehide", () => {
    sessionStorage.setItem(key, scrollY);
    sessionStorage.setItem("scroll:left", key);
  });
  const place = Number(sessionStorage.getItem(key));
  const cameFrom = document.referrer && new URL(document.referrer).pathname;
  const isBack = cameFrom?.startsWith(location.pathname) && (cameFrom !== location.pathname || left === key);
  if (place && isBack) scrollTo(0, place);
}
