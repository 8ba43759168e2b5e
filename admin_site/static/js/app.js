// The one entry: each module finds its own elements and does nothing where there are none.
import { arrangePins } from "./pins.js";
import { closeMenus } from "./menu.js";
import { editCells } from "./cells.js";
import { guardEdits } from "./edit.js";
import { listenToKeys } from "./keys.js";
import { openPalette } from "./palette.js";
import { openPanels } from "./panel.js";
import { enhancePickers } from "./picker.js";
import { revealPasswords } from "./reveal.js";
import { buildRowMenus } from "./rowmenu.js";
import { submitOnChange } from "./submit.js";
import { tendList } from "./list.js";

closeMenus();
guardEdits();
openPanels();
enhancePickers();
revealPasswords();
buildRowMenus();
submitOnChange();
tendList();
editCells();
arrangePins();
openPalette();
listenToKeys();
document.querySelector("[data-focus]")?.focus();
