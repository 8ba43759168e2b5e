// The one entry: each module finds its own elements and does nothing where there are none.
import { closeMenus } from "./menu.js";
import { guardEdits } from "./edit.js";
import { openPanels } from "./panel.js";
import { enhancePickers } from "./picker.js";
import { revealPasswords } from "./reveal.js";
import { buildRowMenus } from "./rowmenu.js";
import { submitOnChange } from "./submit.js";

closeMenus();
guardEdits();
openPanels();
enhancePickers();
revealPasswords();
buildRowMenus();
submitOnChange();
document.querySelector("[data-focus]")?.focus();
