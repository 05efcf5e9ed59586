import { howLong as spanOf } from '@paceline/shared/words';

/** A moment as people read it: `2026-11-24 18:24:31.402`. */
export const when = (at: number): string => new Date(at).toISOString().replace('T', ' ').replace('Z', '');

/** A span to the millisecond: whether a call came too early is a matter of few. */
export const howLong = (ms: number): string => spanOf(ms, 3);

/** The first few, and how many more there are. */
export function listed(names: readonly string[], shown = 5): string {
  const more = names.length - shown;
  return names.slice(0, shown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
