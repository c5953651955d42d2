// Starts what a page has: the components of govuk-frontend, and keeping it in step with what happens.
import { initAll } from "./govuk/govuk.js";
import { follow } from "./live.js";

const main = document.querySelector("main[data-live]");
if (main) follow(main);
initAll();
