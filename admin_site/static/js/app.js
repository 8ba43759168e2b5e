// The one entry: each module finds its own elements and does nothing where there are none.
import { closeMenus } from "./menu.js";
import { guardEdits } from "./edit.js";
import { enhancePickers } from "./picker.js";
import { revealPasswords } from "./reveal.js";
import { submitOnChange } from "./submit.js";

closeMenus();
guardEdits();
enhancePickers();
revealPasswords();
submitOnChange();
document.querySelector("[data-focus]")?.focus();
