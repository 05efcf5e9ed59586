/** Lane colors; their values for light, dark and terminal are in `packages/client`. */
export const colors = ['amber', 'purple', 'blue', 'teal', 'grey', 'red', 'green'] as const;
export type Color = (typeof colors)[number];

export interface LaneEntry {
  readonly label: string;
  readonly color: Color;
  /** Doesn't wait for a slot and can use a window's reserve. Retries never enter a forced lane. */
  readonly forced: boolean;
  /** Requests are ordered by arrival minus head start: a lane can delay another at most by the difference. */
  readonly headStart: string;
  /** The sync kind whose calls it carries. A conflict of a lane without one names the lane. */
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
  near_event_normal: { label: 'near sync', color: 'blue', forced: false, headStart: '18m', sync: 'near' },
  rider_sync: { label: 'rider sync', color: 'teal', forced: false, headStart: '9m', sync: 'rider' },
  far_event_sync: { label: 'far sync', color: 'grey', forced: false, headStart: '0m', sync: 'far' },
} as const satisfies Readonly<Record<string, LaneEntry>>;

/** Extra head start of a request during its kind's own slot: too small to pass a forced lane. */
export const slotHeadStart = '24m';

/** How long the request to add a rider waits for a call before it fails. */
export const addMaxWait = '5m';
