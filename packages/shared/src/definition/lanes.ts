/** Colors that stand for lanes; their values for light, dark and terminal are in `packages/client`. */
export const colors = ['amber', 'purple', 'blue', 'teal', 'grey', 'red', 'green'] as const;
export type Color = (typeof colors)[number];

export interface LaneEntry {
  readonly label: string;
  readonly color: Color;
  /** Cannot wait for a slot: it may use the places that a window keeps in reserve. No call gets here by failing. */
  readonly forced: boolean;
  /** How much earlier than it came a request counts: it waits at most the difference of two longer than a later one. */
  readonly headStart: string;
  /** The kind of sync whose calls it carries; with none, a conflict names the lane itself. */
  readonly sync?: string;
}

/** Priorities of requests, most urgent first. */
export const lanes = {
  manual_rider_add: { label: 'add rider', color: 'amber', forced: true, headStart: '60m' },
  near_event_urgent: {
    label: 'urgent event',
    color: 'purple',
    forced: true,
    headStart: '54m',
    sync: 'near',
  },
  near_event_normal: { label: 'near event', color: 'blue', forced: false, headStart: '18m', sync: 'near' },
  rider_sync: { label: 'rider sync', color: 'teal', forced: false, headStart: '9m', sync: 'rider' },
  far_event_sync: { label: 'far event', color: 'grey', forced: false, headStart: '0m', sync: 'far' },
} as const satisfies Readonly<Record<string, LaneEntry>>;

/** The head start of a request from inside its own open slot, on top: less than what parts a forced lane from the next. */
export const slotHeadStart = '24m';
