// Buttons that copy what stands elsewhere on the page; without script it can be selected by hand.
export function copyTexts() {
  if (!navigator.clipboard) return;
  for (const link of document.querySelectorAll("a[data-copies]")) link.addEventListener("click", copyFromPage);
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = document.querySelector(button.dataset.copy);
      const word = button.querySelector("span");
      const before = word.textContent;
      try {
        await navigator.clipboard.writeText(source.value ?? source.textContent);
        word.textContent = "Copied";
      } catch {
        source.select?.();
        word.textContent = "Press Ctrl C";
      }
      setTimeout(() => (word.textContent = before), 3000);
    });
  }
}

// A link to a page with a text to copy: with script it is copied from where one is.
async function copyFromPage(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const link = event.currentTarget;
  const word = link.querySelector("span");
  try {
    const answer = await fetch(link.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    await navigator.clipboard.writeText(page.querySelector(link.dataset.copies).textContent);
    word.setAttribute("role", "status");
    word.textContent = "Copied";
  } catch {
    location.assign(link.href);
  }
}
