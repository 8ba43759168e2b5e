// A select that acts at once; its plain button is for those without script.
export function submitOnChange() {
  for (const select of document.querySelectorAll("select[data-submit]")) {
    const plain = select.form.querySelector("[data-plain]");
    if (plain) plain.hidden = true;
    select.addEventListener("change", () => select.form.requestSubmit());
  }
}
