import type { BudgetName, Lane, SyncKind } from './api/shapes.ts';

/** Colour means lane, everywhere; the values for light and dark stand in `styles/tokens.css`. */
export const colourOf = (lane: Lane): string => `var(--lane-${lane})`;

/** Who asks, most urgent first. */
export const laneWords: Readonly<Record<Lane, string>> = {
  manual_rider_add: 'add rider',
  near_event_urgent: 'urgent event',
  near_event_normal: 'near event',
  rider_sync: 'rider sync',
  far_event_sync: 'far event',
};
/** The lanes in a text by their words. */
export const readable = (text: string): string =>
  text.replaceAll(/[a-z]+(?:_[a-z]+)+/g, (name) => laneWords[name as Lane] ?? name);
export const lanes = Object.keys(laneWords) as Lane[];

export const budgetWords: Readonly<Record<BudgetName, string>> = {
  clubs: 'Clubs',
  riders_bulk: 'Riders, many at once',
  riders_single: 'Riders, one by one',
  results: 'Results',
  events: 'List of events',
  signups: 'Signups of an event',
};

export const budgets = Object.keys(budgetWords) as BudgetName[];

/** The lane in which a sync of a kind asks, and so its colour. */
export const laneOf: Readonly<Record<SyncKind, Lane>> = {
  rider: 'rider_sync',
  near: 'near_event_normal',
  far: 'far_event_sync',
  results: 'far_event_sync',
};
