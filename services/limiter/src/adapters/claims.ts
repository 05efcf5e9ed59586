import type { Journal } from './journal.ts';

/** A journal that tells of each claim that is committed through it, with the sequence that it got. */
export const tellingClaims = (journal: Journal, tell: (claim: number) => void): Journal => ({
  ...journal,
  async append(entry) {
    const sequence = await journal.append(entry);
    if (entry.entry === 'facts' && entry.facts.some(({ fact }) => fact === 'claimed')) tell(sequence);
    return sequence;
  },
});
