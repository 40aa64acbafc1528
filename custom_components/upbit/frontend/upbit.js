/** The module that Home Assistant loads into its pages: registers the card and the dashboard strategy. */

import { CARD, registerCard } from "./balances-card.js";
import { registerStrategy } from "./dashboard-strategy.js";

// A page that stays open over an update of the integration loads the new module beside the old one.
if (!customElements.get(CARD)) {
  registerCard();
  registerStrategy();
}
