export interface KindEntry {
  /** The name of the sync, in the middle of a sentence. */
  readonly label: string;
  /** What it syncs, as part of a sentence. */
  readonly covers: string;
  /** The service that runs it: its flow is `src/flows/<kind>.ts` there. */
  readonly service: 'rider-sync' | 'event-sync';
  /** The lane in which its calls wait, and so its color. */
  readonly lane: string;
  /** What one call refreshes (`1 club`) and what it yields (`40 riders`), both in the singular. */
  readonly thing: string;
  readonly yields: string;
  /** The budget of the call for each thing, and of the list that a run starts with. */
  readonly budget: string;
  readonly list?: string;
  /** The number of things on a busy day, for planning. `clubs`: as many as are configured. */
  readonly things: number | 'clubs';
  /** How fresh each thing is kept: refreshed in every slot, or within the goal of a class. */
  readonly goal?: 'cycle' | { readonly class: string };
  /** Whether it runs at the very first start, when there is no data yet. */
  readonly atFirstStart?: boolean;
  /** The defaults of `SYNC_<KIND>`, `SLOT_<KIND>`, `SLOT_<KIND>_DURATION` and `SLOT_<KIND>_CATCH_UP`. */
  readonly mode: 'off' | 'on';
  readonly opens: string;
  readonly duration: string;
  readonly catchUp: string;
  /** The reason for a default that is not obvious, shown with its variable. */
  readonly why?: Partial<Readonly<Record<'mode' | 'duration' | 'catchUp', string>>>;
}

/** The scheduled syncs. */
export const kinds = {
  rider: {
    label: 'rider sync',
    covers: 'members of the clubs, and riders added by hand',
    service: 'rider-sync',
    lane: 'rider_sync',
    thing: 'club',
    yields: 'rider',
    budget: 'clubs',
    things: 'clubs',
    goal: 'cycle',
    atFirstStart: true,
    mode: 'on',
    opens: '0 */6 * * *',
    duration: '10m',
    catchUp: 'latest',
    why: { catchUp: 'Default latest: the next slot is hours away.' },
  },
  near: {
    label: 'near sync',
    covers: 'signups of events that start within an hour',
    service: 'event-sync',
    lane: 'near_event_normal',
    thing: 'near event',
    yields: 'signup',
    budget: 'signups',
    list: 'events',
    things: 37,
    goal: { class: 'near' },
    mode: 'on',
    opens: '10,25,40,55 * * * *',
    duration: '10m',
    catchUp: 'skip',
    why: {
      mode: 'When off or observed, no urgent calls are made shortly before an event either.',
      catchUp: 'Default skip: the events of a missed slot have started, and the next slot is minutes away.',
    },
  },
  far: {
    label: 'far sync',
    covers: 'signups of events in the next two days',
    service: 'event-sync',
    lane: 'far_event_sync',
    thing: 'far event',
    yields: 'signup',
    budget: 'signups',
    list: 'events',
    things: 310,
    goal: { class: 'far' },
    mode: 'on',
    opens: '5,20,35,50 * * * *',
    duration: '5m',
    catchUp: 'skip',
    why: {
      duration: 'The near and the far sync share a rate limit: check new slots with npm run plan.',
      catchUp:
        'Default skip: a late slot would collide with one of the near sync, and the next is minutes away.',
    },
  },
  results: {
    label: 'results sync',
    covers: 'results of finished events',
    service: 'event-sync',
    lane: 'far_event_sync',
    thing: 'finished event',
    yields: 'result',
    budget: 'results',
    things: 19,
    mode: 'off',
    opens: 'every 30m',
    duration: '10m',
    catchUp: 'latest',
    why: { catchUp: 'Default latest: results have a rate limit of their own, and late ones are as useful.' },
  },
} as const satisfies Readonly<Record<string, KindEntry>>;
