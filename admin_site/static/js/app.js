// The one entry: each module finds its own elements and does nothing where there are none.
import { followJob } from "./job.js";
import { tickRows } from "./ticks.js";
import { arrangePins } from "./pins.js";
import { closeMenus } from "./menu.js";
import { copyTexts } from "./copy.js";
import { editCells } from "./cells.js";
import { guardEdits } from "./edit.js";
import { orderColumns } from "./columns.js";
import { keepFocus } from "./focus.js";
import { listenToKeys } from "./keys.js";
import { openPalette } from "./palette.js";
import { openPanels } from "./panel.js";
import { enhancePickers } from "./picker.js";
import { revealPasswords } from "./reveal.js";
import { buildRowMenus } from "./rowmenu.js";
import { submitOnChange } from "./submit.js";
import { tendList } from "./list.js";

closeMenus();
copyTexts();
guardEdits();
openPanels();
enhancePickers();
revealPasswords();
buildRowMenus();
submitOnChange();
tendList();
tickRows();
followJob();
editCells();
orderColumns();
arrangePins();
openPalette();
listenToKeys();
keepFocus();
(document.querySelector("[data-focus]") ?? firstField())?.focus();

// A new row begins with its first field; on a phone that would call the keyboard up before anything is read.
function firstField() {
  if (!matchMedia("(pointer: fine)").matches) return null;
  return document.querySelector("form[data-new] .editor-main :is(input:not([type=hidden]), textarea, select)");
}
