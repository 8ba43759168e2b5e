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
  foldPins();
  keepScroll();
}

// The pinned band stands on every page; whoever knows it folds it, and it stays so for this list on this machine.
function foldPins() {
  const band = document.querySelector("tbody.is-pinned");
  const line = band?.querySelector(".band-line");
  if (!line) return;
  const key = `folded:${location.pathname}`;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-quiet btn-sm push" });
  const what = Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: " pinned rows" });
  const count = band.rows.length - 1;
  const tell = () => {
    const folded = localStorage.getItem(key) === "1";
    band.classList.toggle("is-folded", folded);
    button.replaceChildren(folded ? `Show ${count}` : "Hide", what);
    button.setAttribute("aria-expanded", String(!folded));
  };
  button.addEventListener("click", () => {
    // What is out of sight is not meant by a deed.
    for (const box of band.querySelectorAll("[name=ids]:checked")) box.click();
    localStorage.setItem(key, localStorage.getItem(key) === "1" ? "0" : "1");
    tell();
  });
  line.querySelector(".push")?.classList.remove("push");
  line.append(button);
  tell();
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
