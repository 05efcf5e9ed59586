import type { Clock } from '@paceline/shared/clock';

/** What the broker's clock said, ms since the epoch, and when that was heard by the machine's `elapsed`. */
export interface BrokerMoment {
  readonly realMs: number;
  readonly heardAt: number;
  /** How long the answer took, real ms: by so much it may be behind. */
  readonly tookMs: number;
}

/** The time of a ledger, project ms: whole, and never earlier than before. */
export type LedgerClock = () => number;

/**
 * A ledger's time while one process owns it: `from` at the moment when the broker was heard, and from there on by this
 * process's monotonic clock. What is done to a host's clock changes nothing. What a message takes from the broker to
 * here is never added: this time is behind the broker's, not ahead.
 */
export function startLedgerClock(clock: Clock, from: number, { heardAt }: BrokerMoment): LedgerClock {
  let latest = 0;
  return () => {
    const now = Math.floor(from + clock.fromMachine(clock.machine.elapsed() - heardAt));
    latest = Math.max(latest, now);
    return latest;
  };
}
