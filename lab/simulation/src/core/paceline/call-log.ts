import type { Agenda } from '@paceline/kit/agenda';
import type { RecordedCall } from '@paceline/limiter/core/recovery';
import type { BudgetName, Lane } from '@paceline/shared/definition';

/** The call log in Postgres, as limiters and syncs use it. Its statements take no time. */
export type CallLog = ReturnType<typeof createCallLog>;

/** Project ms: longer than any window. */
const keptMs = 2 * 86_400_000;

interface Row {
  readonly endpoint: BudgetName;
  readonly lane: Lane;
  readonly recordedAt: number;
  endedAt: number | null;
  status: number | null;
}

export function createCallLog(agenda: Agenda) {
  const rows = new Map<string, Row>();
  let term = 0;
  return {
    /** Starts a term. @returns it, with the calls recorded under earlier ones */
    startTerm(): { term: number; calls: RecordedCall[] } {
      term += 1;
      const now = agenda.now();
      const calls = [...rows].flatMap(([permit, { endpoint, lane, recordedAt, endedAt, status }]) =>
        recordedAt < now - keptMs
          ? []
          : [
              {
                account: 'team',
                endpoint,
                permit,
                lane,
                status,
                age: now - recordedAt,
                endedAge: endedAt === null ? null : now - endedAt,
              },
            ],
      );
      return { term, calls };
    },
    /** Records a call before it is sent. @returns false if a later term has started */
    recordStart(permit: string, under: number, endpoint: BudgetName, lane: Lane): boolean {
      if (under !== term) return false;
      rows.set(permit, { endpoint, lane, recordedAt: agenda.now(), endedAt: null, status: null });
      return true;
    },
    recordEnd(permit: string, status: number | null): void {
      const row = rows.get(permit);
      if (row) Object.assign(row, { endedAt: agenda.now(), status });
    },
    remove: (permit: string) => void rows.delete(permit),
  };
}
