import type { Journal } from './journal.ts';

/** A journal that tells the sequence of each entry that is appended through it, and whether it was a claim. */
export const telling = (journal: Journal, tell: (sequence: number, isClaim: boolean) => void): Journal => ({
  ...journal,
  async append(entry) {
    const sequence = await journal.append(entry);
    tell(sequence, entry.entry === 'facts' && entry.facts.some(({ fact }) => fact === 'claimed'));
    return sequence;
  },
});
