export interface FreshnessClassEntry {
  readonly label: string;
  /** How long before its start an event enters this class. It leaves when the next class starts. */
  readonly from: string;
  /** Max age of the copy of its signups: the default of `FRESHNESS_<CLASS>`. */
  readonly goal: string;
  /** The lane in which its signups are fetched. */
  readonly lane: string;
  /** When the class applies, as the end of a sentence. */
  readonly period: string;
}

/** Events by time until their start, soonest first: the sooner, the fresher their signups should be. */
export const freshnessClasses = {
  urgent: {
    label: 'About to start',
    from: '15m',
    goal: '15m',
    lane: 'near_event_urgent',
    period: 'in the last 15 minutes before an event',
  },
  near: {
    label: 'Within the hour',
    from: '60m',
    goal: '60m',
    lane: 'near_event_normal',
    period: 'in the last hour before an event',
  },
  far: {
    label: 'Within two days',
    from: '48h',
    goal: '24h',
    lane: 'far_event_sync',
    period: 'in the last two days before an event',
  },
} as const satisfies Readonly<Record<string, FreshnessClassEntry>>;
