import type { Agenda } from '@paceline/kit/agenda';
import type { Dice } from '@paceline/kit/dice';
import type { RecordedCall } from '@paceline/limiter/core/recovery';
import type { Lane } from '@paceline/shared/definition';
import { budgetKey } from './upstream.ts';

/** Longest ms of a statement. */
const maxDelay = 20;

interface Row {
  readonly lane: Lane;
  readonly recordedAt: number;
  endedAt: number | null;
  status: number | null;
}

/** Postgres as limiters and callers use it: the term of the partition, and a row for each call. It loses nothing. */
export type CallLog = ReturnType<typeof createCallLog>;

/** What a test takes away to see that it is needed: the records, or the check of their term. */
export type Omitted = 'records' | 'terms';

/** @param omitted what it does without */
export function createCallLog(agenda: Agenda, dice: Dice, omitted?: Omitted) {
  const rows = new Map<string, Row>();
  let term = 0;
  let reached = 0;
  const delay = () => dice.whole(0, maxDelay);

  return {
    /** Starts a term. @returns it */
    startTerm: (): number => (term += 1),
    /** The journal sequence recorded last, and all calls. */
    read(): { reached: number; calls: RecordedCall[] } {
      const age = (at: number) => agenda.now() - at;
      const calls = [...rows].map(([permit, { lane, recordedAt, endedAt, status }]) => ({
        ...budgetKey,
        permit,
        lane,
        status,
        age: age(recordedAt),
        endedAge: endedAt === null ? null : age(endedAt),
      }));
      return { reached, calls };
    },
    /** Records how far the journal has reached. @returns false if a later term has started */
    recordClaim(ofTerm: number, sequence: number): boolean {
      if (ofTerm === term && omitted !== 'records') reached = sequence;
      return ofTerm === term || omitted !== undefined;
    },
    /** Records a call unless a later term has started; `then` gets whether it did. */
    recordStart(permit: string, lane: Lane, under: number, then: (isRecorded: boolean) => void): void {
      agenda.in(delay(), () => {
        const isLatest = under === term || omitted !== undefined;
        if (isLatest && omitted !== 'records')
          rows.set(permit, { lane, recordedAt: agenda.now(), endedAt: null, status: null });
        agenda.in(delay(), () => then(isLatest));
      });
    },
    recordEnd(permit: string, status: number | undefined): void {
      agenda.in(delay(), () => {
        const row = rows.get(permit);
        if (row) Object.assign(row, { endedAt: agenda.now(), status: status ?? null });
      });
    },
    remove(permit: string, then: (value: unknown) => void): void {
      agenda.in(delay(), () => {
        rows.delete(permit);
        agenda.in(delay(), () => then(undefined));
      });
    },
  };
}
