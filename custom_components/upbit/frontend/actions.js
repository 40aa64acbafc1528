/** What selecting a row with a tap or a hold does, as with Home Assistant's own cards. */

/** How long an element is held, in milliseconds; as long as in Home Assistant. */
const HOLD = 500;

/** @param {ActionConfig} config */
const isAction = ({ action }) => action !== "none";

/**
 * Return what the options of a card make of a tap and a hold.
 * @param {CardConfig} config
 * @returns {Actions}
 */
export function actionsOf({ tap_action = { action: "more-info" }, hold_action = { action: "none" } }) {
  return { tap_action, hold_action, tap: isAction(tap_action), hold: isAction(hold_action) };
}

/**
 * Call a function when an element is tapped, or held for a while and then released.
 * @param {HTMLElement} element
 * @param {() => boolean} canHold Whether holding does something else than a tap.
 * @param {(action: "tap" | "hold") => void} act
 */
export function listenForActions(element, canHold, act) {
  let isHeld = false;
  let isTouched = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const reset = () => {
    clearTimeout(timer);
    isHeld = false;
  };
  element.addEventListener("pointerdown", ({ button, pointerType }) => {
    reset();
    isTouched = pointerType === "touch";
    if (button === 0 && canHold()) timer = setTimeout(() => (isHeld = true), HOLD);
  });
  // A finger that begins to scroll cancels.
  element.addEventListener("pointercancel", reset);
  element.addEventListener("pointerleave", reset);
  element.addEventListener("pointerup", () => {
    clearTimeout(timer);
    if (!isHeld) return;
    act("hold");
    // With a mouse, a click follows within this task; with a finger, none does.
    setTimeout(reset);
  });
  element.addEventListener("click", () => {
    if (!isHeld) act("tap");
  });
  element.addEventListener("contextmenu", (event) => {
    if (isTouched && canHold()) event.preventDefault();
  });
}

/**
 * Have Home Assistant do what an action's configuration describes.
 * @param {HTMLElement} element
 * @param {string} entity
 * @param {Actions} actions
 * @param {"tap" | "hold"} action
 */
export function fireAction(element, entity, { tap_action, hold_action }, action) {
  const detail = { config: { entity, tap_action, hold_action }, action };
  element.dispatchEvent(new CustomEvent("hass-action", { detail, bubbles: true, composed: true }));
}
