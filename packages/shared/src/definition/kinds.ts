export interface KindEntry {
  readonly title: string;
  /** Beside a run or a slot: `riders`. */
  readonly label: string;
  readonly about: string;
  /** The service that runs it: its flow is `src/flows/<kind>.ts` there. */
  readonly service: 'rider-sync' | 'event-sync';
  /** The lane in which its calls wait, and so its color. */
  readonly lane: string;
  /** What one call refreshes, and what it brings: `1 club`, `40 riders`. */
  readonly thing: string;
  readonly yields: string;
  /** The budget of the call for each thing, and that of the list which a run begins with. */
  readonly budget: string;
  readonly list?: string;
  /** How many things there are on a busy day: what planning reckons with. `clubs`: as many as are configured. */
  readonly things: number | 'clubs';
  /** How often each thing is refreshed at the least: once between slots, or as fresh as the goal of a class. */
  readonly goal?: 'cycle' | { readonly class: string };
  /** Whether it is due at once at the very first start: there is nothing to show before it has run. */
  readonly atFirstStart?: boolean;
  /** The defaults of `SYNC_<KIND>`, `SLOT_<KIND>`, `SLOT_<KIND>_DURATION` and `SLOT_<KIND>_CATCH_UP`. */
  readonly mode: 'off' | 'on';
  readonly opens: string;
  readonly duration: string;
  readonly catchUp: string;
  /** A word more on a default that is not obvious, by the variable that it belongs to. */
  readonly why?: Partial<Readonly<Record<'mode' | 'duration' | 'catchUp', string>>>;
}

/** The scheduled syncs. */
export const kinds = {
  rider: {
    title: 'Rider sync',
    label: 'riders',
    about: 'members of the clubs, and riders added by hand',
    service: 'rider-sync',
    lane: 'rider_sync',
    thing: 'club',
    yields: 'riders',
    budget: 'clubs',
    things: 'clubs',
    goal: 'cycle',
    atFirstStart: true,
    mode: 'on',
    opens: '0 */6 * * *',
    duration: '10m',
    catchUp: 'latest',
    why: { catchUp: 'The next slot is hours away, so latest.' },
  },
  near: {
    title: 'Near events',
    label: 'near events',
    about: 'signups of events that start within the hour',
    service: 'event-sync',
    lane: 'near_event_normal',
    thing: 'near event',
    yields: 'signups',
    budget: 'signups',
    list: 'events',
    things: 37,
    goal: { class: 'near' },
    mode: 'on',
    opens: '10,25,40,55 * * * *',
    duration: '10m',
    catchUp: 'skip',
    why: {
      mode: 'Off or observed, there are no urgent refreshes either.',
      catchUp: 'Events have started by then, and the next slot is minutes away, so skip.',
    },
  },
  far: {
    title: 'Far events',
    label: 'far events',
    about: 'signups of events of the next two days',
    service: 'event-sync',
    lane: 'far_event_sync',
    thing: 'far event',
    yields: 'signups',
    budget: 'signups',
    list: 'events',
    things: 310,
    goal: { class: 'far' },
    mode: 'on',
    opens: '5,20,35,50 * * * *',
    duration: '4m',
    catchUp: 'skip',
    why: {
      duration: 'Near and far share calls: check new slots with npm run plan.',
      catchUp: 'A late slot would collide with a near one, and the next is minutes away, so skip.',
    },
  },
  results: {
    title: 'Results',
    label: 'results',
    about: 'results of events that are over',
    service: 'event-sync',
    lane: 'far_event_sync',
    thing: 'ended event',
    yields: 'results',
    budget: 'results',
    things: 19,
    mode: 'off',
    opens: 'every 30m',
    duration: '10m',
    catchUp: 'latest',
    why: { catchUp: 'Results share no calls, and late ones are as good, so latest.' },
  },
} as const satisfies Readonly<Record<string, KindEntry>>;
