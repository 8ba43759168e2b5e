// A button that shows a password while it is typed.
export function revealPasswords() {
  for (const input of document.querySelectorAll("input[data-reveal]")) {
    const button = Object.assign(document.createElement("button"), {
      type: "button",
      className: "btn btn-quiet btn-sm",
      textContent: "Show",
    });
    button.setAttribute("aria-label", "Show password");
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      const shown = input.type === "text";
      input.type = shown ? "password" : "text";
      button.textContent = shown ? "Show" : "Hide";
      button.setAttribute("aria-pressed", String(!shown));
    });
    input.after(button);
  }
}
