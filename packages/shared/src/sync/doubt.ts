/*
 * A response without errors can still lack nearly everything. One such response removes nothing that is stored:
 *
 *   believed ──collapse──▶ doubted ──collapse again, late enough──▶ believed: what was missing all the time is gone
 *       ▲                     │
 *       └──────enough is back─┘
 */

/** How many stored items a response should have and how many of them it has; `listed`: how many items it has at all. */
export interface Presence {
  readonly known: number;
  readonly present: number;
  readonly listed: number;
}

/** @param known ids of the stored items @param listed ids in the response, unreadable items included */
export function presenceOf<Id>(known: readonly Id[], listed: readonly Id[]): Presence {
  const ids = new Set(listed);
  return { known: known.length, present: known.filter((id) => ids.has(id)).length, listed: ids.size };
}

/** Whether to remove what a response lacks. `missingSince`: only items that were not seen since then; project ms. */
export type Verdict =
  | { readonly is: 'believed'; readonly missingSince: number }
  | { readonly is: 'doubted'; readonly since: number };

const minute = 60_000;

/** Fewer missing items can be a normal change, unless the list is empty. */
const leastMissing = 3;

/** Project ms until a doubt can be confirmed. */
const confirmAfterMs = {
  club: 60 * minute,
  events: 10 * minute,
  signups: 5 * minute,
  results: 60 * minute,
} as const;
export type DoubtKind = keyof typeof confirmAfterMs;

/** Whether a response lacks more than half of the stored items, and at least three of them, or has no item at all. */
export function isCollapse({ known, present, listed }: Presence): boolean {
  const missing = known - present;
  return 2 * missing > known && (missing >= leastMissing || listed === 0);
}

/**
 * @param doubtedSince when the first response in doubt arrived; null: the last one was believed
 * @param at when this response arrived, project ms
 */
export function verdictOn(
  kind: DoubtKind,
  hasCollapsed: boolean,
  doubtedSince: number | null,
  at: number,
): Verdict {
  if (!hasCollapsed) return { is: 'believed', missingSince: at };
  if (doubtedSince === null) return { is: 'doubted', since: at };
  return at - doubtedSince >= confirmAfterMs[kind]
    ? { is: 'believed', missingSince: doubtedSince }
    : { is: 'doubted', since: doubtedSince };
}

/** A list that can be in doubt: `club:20650`, `events:upcoming`. */
export type DoubtSubject = `${DoubtKind}:${string}`;

const lists: Readonly<Record<DoubtKind, { things: string; nameOf: (id: string) => string }>> = {
  club: { things: 'members', nameOf: (id) => `club ${id}` },
  events: { things: 'events', nameOf: () => 'event list' },
  signups: { things: 'signups', nameOf: (id) => `signups of event ${id}` },
  results: { things: 'results', nameOf: (id) => `results of event ${id}` },
};

/** `name`: as in `club 20650`; `things`: what it lists. */
export function describeList(subject: DoubtSubject): { readonly name: string; readonly things: string } {
  const [kind, id = ''] = subject.split(':') as [DoubtKind, string?];
  return { name: lists[kind].nameOf(id), things: lists[kind].things };
}

/** Reported for a response in doubt. @param things what the response lists */
export const doubtText = ({ known, present }: Omit<Presence, 'listed'>, things: string): string =>
  `the response has ${present} of ${known} stored ${things}; they are kept until another response confirms it`;
