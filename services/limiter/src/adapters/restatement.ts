import type { Ledger } from '../core/ledger.ts';
import { restated } from '../core/restore.ts';
import type { Settings } from '../core/settings.ts';
import type { Journal } from './journal.ts';
import type { LedgerClock } from './ledger-clock.ts';

/** After so many entries everything of weight is stated anew: recovery stays short. */
const every = 500;
/** In a large ledger it is worth it less often. */
const budgetsAnEntry = 50;

/** States a ledger anew, part by part between its turns, whenever its journal has grown long. */
export interface Restatement {
  /** Notes that an entry was appended, and appends the next part when it is time. */
  afterEntry(): Promise<void>;
}

/** @param read how many entries had to be read to get the ledger */
export function restateRegularly(
  journal: Journal,
  owner: string,
  ledger: Ledger,
  now: LedgerClock,
  settings: Settings,
  read: number,
): Restatement {
  let entries = read;
  let parts: ReturnType<typeof restated> | undefined;
  let began = 0;

  return {
    async afterEntry() {
      entries += 1;
      if (!parts && entries < every + ledger.budgets.size / budgetsAnEntry) return;
      parts ??= restated(ledger, now, settings);
      const part = parts.next();
      if (!part.done) {
        const { lostAt } = ledger;
        const at = now();
        const sequence = await journal.append({ entry: 'restated', owner, at, lostAt, budgets: part.value });
        if (began === 0) began = sequence;
        return;
      }
      await journal.recoverFrom(began);
      parts = undefined;
      began = 0;
      entries = 0;
    },
  };
}
