const DRAFT_PAUSE = 2000;
const SIGNED_OUT = "You are signed out: what you type is not being kept. Save, and you can log in again without losing it.";
const REFUSED = "What you type is not being kept at this moment. Save it before you leave.";
const OFFLINE = "The site cannot be reached: what you type is not being kept.";

// The edit form: says how many fields are unsaved, warns before leaving with them, sends only once.
export function guardEdits() {
  const form = document.querySelector("form[data-edit]");
  if (!form) return;
  const state = form.querySelector("[data-state]");
  const before = snapshot(form);
  const said = state.textContent;
  let sending = false;

  form.addEventListener("input", () => tell(form, state, said, before));
  const keep = keeper(form, () => !sending && changed(form, before).length > 0, () => tell(form, state, said, before));
  form.addEventListener("input", keep);
  form.addEventListener("submit", (event) => {
    if (sending) return event.preventDefault();
    sending = true;
    event.submitter?.classList.add("is-busy");
  });
  window.addEventListener("pageshow", () => {
    sending = false;
    form.querySelector(".is-busy")?.classList.remove("is-busy");
  });
  window.addEventListener("beforeunload", (event) => {
    if (!sending && ("unsaved" in form.dataset || changed(form, before).length)) event.preventDefault();
  });
}

// What is typed is kept on the server, a while after the last key, and when the page is left.
function keeper(form, isUnsaved, told) {
  let timer = 0;
  const send = () => {
    clearTimeout(timer);
    timer = 0;
    if (!isUnsaved()) return;
    fetch(form.dataset.draft, { method: "POST", body: new FormData(form), keepalive: false })
      .catch(() => null)
      .then((answer) => {
        if (answer?.ok && !answer.redirected) delete form.dataset.lost;
        else form.dataset.lost = !answer ? OFFLINE : answer.redirected || [400, 401, 403].includes(answer.status) ? SIGNED_OUT : REFUSED;
        told();
      });
  };
  document.addEventListener("visibilitychange", () => timer && document.visibilityState === "hidden" && send());
  return () => {
    clearTimeout(timer);
    timer = setTimeout(send, DRAFT_PAUSE);
  };
}

function snapshot(form) {
  const values = new Map();
  for (const [name, value] of new FormData(form)) {
    if (!name.endsWith(".find")) values.set(name, [...(values.get(name) ?? []), value]);
  }
  return new Map([...values].map(([name, list]) => [name, list.sort().join("\n")]));
}

function changed(form, before) {
  const now = snapshot(form);
  return [...new Set([...before.keys(), ...now.keys()])].filter((name) => before.get(name) !== now.get(name));
}

function tell(form, state, said, before) {
  const names = changed(form, before);
  for (const field of form.querySelectorAll(".field[id]")) {
    field.classList.toggle("changed", names.includes(field.id.replace("field-", "")));
  }
  state.classList.toggle("is-dirty", names.length > 0 || "unsaved" in form.dataset);
  if ("lost" in form.dataset) state.textContent = form.dataset.lost;
  else if ("unsaved" in form.dataset) state.textContent = said;
  else state.textContent = names.length ? `${names.length} unsaved ${names.length === 1 ? "change" : "changes"}` : said;
}
