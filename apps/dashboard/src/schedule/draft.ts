import type { FieldError } from '../api/problem.ts';
import type { Settings, SyncKind } from '../api/shapes.ts';
import { kindWords } from '../runs/words.ts';

export const kinds = Object.keys(kindWords) as SyncKind[];
export const fields = ['mode', 'opens', 'duration', 'skip', 'catchUp'] as const;
export type Field = (typeof fields)[number];
export type KindSettings = Settings['kinds'][SyncKind];

/** What of a schedule is to be changed: what is not named stays as it is. */
export interface Change {
  readonly timeZone?: string;
  readonly kinds?: Partial<Record<SyncKind, Partial<KindSettings>>>;
}

/** How a draft differs from what is in force. */
export function changeOf(inForce: Settings, draft: Settings): Change {
  const changed = kinds
    .map((kind) => [kind, differing(inForce.kinds[kind], draft.kinds[kind])] as const)
    .filter(([, settings]) => Object.keys(settings).length > 0);
  return {
    ...(draft.timeZone !== inForce.timeZone && { timeZone: draft.timeZone }),
    ...(changed.length > 0 && { kinds: Object.fromEntries(changed) }),
  };
}

const differing = (from: KindSettings, to: KindSettings): Partial<KindSettings> =>
  Object.fromEntries(fields.filter((field) => from[field] !== to[field]).map((field) => [field, to[field]]));

export const isEmpty = (change: Change): boolean => Object.keys(change).length === 0;

export const withField = (draft: Settings, kind: SyncKind, field: Field, value: string): Settings => ({
  ...draft,
  kinds: { ...draft.kinds, [kind]: { ...draft.kinds[kind], [field]: value } },
});

/** What the API says of one field, if anything. */
export const saidOf = (errors: readonly FieldError[], place: string): string | undefined =>
  errors.find(({ field }) => field === place)?.message;
