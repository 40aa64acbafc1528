/**
 * How the balances card looks, from the variables of the theme.
 *
 * Its own colors suit a light and a dark background: a theme without modes counts as light whatever it looks like, and
 * a page may begin before its theme is loaded.
 */

export const STYLE = `
  :host {
    display: block;
    block-size: 100%;
    --available: var(--upbit-available-color, #10957f);
    --locked: var(--upbit-locked-color, #f9a023);
    --flash: color-mix(in srgb, var(--upbit-change-color, #f9a023) 28%, transparent);
  }
  [hidden] {
    display: none !important;
  }
  ha-card {
    block-size: 100%;
    display: flex;
    flex-direction: column;
    overflow: hidden;
    container-type: inline-size;
    line-height: var(--ha-line-height-normal, 1.6);
  }
  .header {
    display: flex;
    align-items: center;
    gap: 8px;
    padding-inline: 16px 8px;
    padding-block: 8px 0;
  }
  h2, h3 {
    margin: 0;
    font-weight: var(--ha-font-weight-medium, 500);
    font-size: var(--ha-font-size-l, 16px);
    color: var(--primary-text-color);
    overflow-wrap: anywhere;
  }
  h3 {
    font-size: var(--ha-font-size-m, 14px);
  }
  .stream {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    margin-inline-end: auto;
    color: var(--secondary-text-color);
    font-size: var(--ha-font-size-s, 12px);
  }
  .stream::before {
    content: "";
    inline-size: 8px;
    block-size: 8px;
    border-radius: 50%;
    background: var(--warning-color, #ffa600);
  }
  .stream[data-state="on"]::before {
    background: var(--success-color, #43a047);
  }
  .stream:empty::before {
    content: none;
  }
  .digits, .reveal {
    flex: none;
    display: grid;
    place-items: center;
    inline-size: 40px;
    block-size: 40px;
    padding: 0;
    border: none;
    border-radius: 50%;
    background: none;
    color: var(--secondary-text-color);
    cursor: pointer;
  }
  :is(.digits, .reveal)[aria-pressed="true"] {
    color: var(--primary-color);
    background: color-mix(in srgb, var(--primary-color) 15%, transparent);
  }
  .accounts {
    flex: 1;
    min-block-size: 0;
    overflow: hidden auto;
    padding-block: 4px 8px;
  }
  .total p {
    margin: 0;
    padding-inline: 16px;
    padding-block: 0 4px;
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    gap: 0 8px;
    font-size: var(--ha-font-size-m, 14px);
    color: var(--secondary-text-color);
  }
  .total p bdi {
    font-variant-numeric: tabular-nums;
    overflow-wrap: anywhere;
  }
  .total p:not(.message) bdi {
    font-weight: var(--ha-font-weight-medium, 500);
    color: var(--primary-text-color);
  }
  .account-header {
    display: flex;
    align-items: center;
    gap: 8px;
    padding-inline: 16px;
    padding-block: 12px 4px;
  }
  ul {
    list-style: none;
    margin: 0;
    padding: 0;
  }
  .row {
    box-sizing: border-box;
    inline-size: 100%;
    display: grid;
    grid-template-columns: 40px minmax(0, 1fr);
    align-items: center;
    gap: 2px 12px;
    padding: 8px 16px;
    border: none;
    background: none;
    color: var(--primary-text-color);
    font: inherit;
    text-align: start;
    cursor: pointer;
  }
  .row:disabled {
    cursor: default;
  }
  .row:enabled:hover {
    background: color-mix(in srgb, var(--primary-text-color) 4%, transparent);
  }
  button:focus-visible {
    outline: 2px solid var(--primary-color);
    outline-offset: -3px;
  }
  .row:focus-visible {
    border-radius: var(--ha-card-border-radius, 12px);
  }
  .badge {
    grid-row: 1 / span 4;
    display: grid;
    place-items: center;
    inline-size: 40px;
    block-size: 40px;
    border-radius: 50%;
    background: color-mix(in srgb, var(--available) 16%, transparent);
    font-weight: var(--ha-font-weight-medium, 500);
  }
  .badge.wide {
    font-size: var(--ha-font-size-s, 12px);
  }
  .line {
    display: flex;
    align-items: center;
    gap: 8px;
    font-size: var(--ha-font-size-m, 14px);
  }
  .name {
    flex: none;
    max-inline-size: 60%;
    font-weight: var(--ha-font-weight-medium, 500);
    overflow-wrap: anywhere;
  }
  .second {
    flex-wrap: wrap;
    gap: 0 8px;
    font-size: var(--ha-font-size-s, 12px);
    color: var(--secondary-text-color);
  }
  .second :is(.value, .share):empty {
    display: none;
  }
  .currency-name {
    margin-inline-end: auto;
    overflow-wrap: anywhere;
  }
  .value {
    color: var(--primary-text-color);
    overflow-wrap: anywhere;
  }
  .amount, .change, .value, .share {
    font-variant-numeric: tabular-nums;
  }
  .amount {
    overflow-wrap: anywhere;
  }
  /* A change that does not fit beside the amount wraps out of sight: part of a number would be another number. */
  .change {
    flex: 1 1 0;
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: right;
    block-size: 1lh;
    overflow: hidden;
    white-space: nowrap;
    font-size: var(--ha-font-size-s, 12px);
    font-weight: var(--ha-font-weight-medium, 500);
    visibility: hidden;
  }
  .change::before {
    content: "";
    block-size: 1lh;
  }
  /* Numbers run from left to right in every language; the end of the line differs. */
  :host(:dir(ltr)) .amount {
    text-align: right;
  }
  :host(:dir(rtl)) .amount {
    text-align: left;
  }
  :host(:dir(rtl)) .change {
    justify-content: left;
  }
  .bar {
    display: flex;
    gap: 2px;
    block-size: 6px;
    margin-block: 2px;
    border-radius: 3px;
    overflow: hidden;
    background: color-mix(in srgb, var(--primary-text-color) 10%, transparent);
  }
  .bar .available {
    background: var(--available);
  }
  .bar .locked {
    flex: none;
    min-inline-size: 4px;
    background: repeating-linear-gradient(
      -45deg, var(--locked) 0 4px, color-mix(in srgb, var(--locked) 65%, transparent) 4px 6px
    );
  }
  .details {
    display: flex;
    flex-wrap: wrap;
    gap: 0 12px;
    font-size: var(--ha-font-size-s, 12px);
    font-variant-numeric: tabular-nums;
    color: var(--secondary-text-color);
    overflow-wrap: anywhere;
  }
  .details bdi::before {
    content: "";
    display: inline-block;
    inline-size: 8px;
    block-size: 8px;
    margin-inline-end: 4px;
    border-radius: 50%;
    background: var(--available);
  }
  .details .of-locked::before {
    background: var(--locked);
  }
  .history {
    grid-column: 2;
    line-height: 0;
  }
  .history:empty {
    display: none;
  }
  .history svg {
    inline-size: 100%;
    block-size: 20px;
  }
  .history path {
    fill: none;
    stroke: var(--available);
    stroke-width: 1.5px;
    vector-effect: non-scaling-stroke;
  }
  [data-state="unavailable"] :is(.badge, .bar), [data-state="empty"] :is(.badge, .bar) {
    opacity: 0.5;
  }
  [data-state="unavailable"] .amount, [data-state="empty"] .amount {
    color: var(--secondary-text-color);
  }
  .changed .change {
    visibility: visible;
  }
  .changed :is(.details, .second) {
    color: var(--primary-text-color);
  }
  .changed .row {
    background: var(--flash);
  }
  @media (prefers-reduced-motion: no-preference) {
    .changed .row {
      background: none;
      animation: flash 4s ease-out var(--elapsed);
    }
    .changed .change {
      animation: fade 4s ease-in var(--elapsed);
    }
    .bar span {
      transition: inline-size 0.6s ease-out;
    }
  }
  @keyframes flash {
    from { background: var(--flash); }
  }
  @keyframes fade {
    70% { opacity: 1; }
    to { opacity: 0; }
  }
  .message {
    margin: 0;
    padding: 8px 16px;
    color: var(--secondary-text-color);
  }
  @container (inline-size < 260px) {
    .row {
      grid-template-columns: minmax(0, 1fr);
    }
    .badge {
      display: none;
    }
    .history {
      grid-column: 1;
    }
  }
`;
