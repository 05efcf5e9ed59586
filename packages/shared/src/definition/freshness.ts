export interface FreshnessClassEntry {
  readonly label: string;
  /** From this long before its start on, an event is of this class, until the next one begins. */
  readonly from: string;
  /** How old the copy of its signups may be: the default of `FRESHNESS_<CLASS>`. */
  readonly goal: string;
  /** The lane in which its signups are fetched. */
  readonly lane: string;
  /** When it begins, after "How old our copy of its signups may be". */
  readonly about: string;
}

/** How soon an event starts, which says how fresh the copy of its signups should be. The first is the soonest. */
export const freshnessClasses = {
  urgent: {
    label: 'About to start',
    from: '15m',
    goal: '15m',
    lane: 'near_event_urgent',
    about: 'in the last 15 minutes before an event',
  },
  near: {
    label: 'Within the hour',
    from: '60m',
    goal: '60m',
    lane: 'near_event_normal',
    about: 'in the last hour',
  },
  far: {
    label: 'Within two days',
    from: '48h',
    goal: '24h',
    lane: 'far_event_sync',
    about: 'in the last two days',
  },
} as const satisfies Readonly<Record<string, FreshnessClassEntry>>;
