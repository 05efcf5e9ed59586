import type { Command, Run } from '@paceline/client';
import type { Arrival, Judgement } from '@paceline/sandbox';
import type { Fault } from './fault.ts';

/** A fault as it was carried out; real ms since the epoch. */
export interface Inflicted {
  readonly fault: Fault;
  readonly startedAt: number;
  readonly healedAt: number;
}

/** An accepted request. */
export interface Accepted {
  readonly at: number;
  readonly commandId: string;
  readonly riderIds: readonly number[];
}

/** The parts of a command and a run that the laws read. */
export type CommandEnd = Pick<Command, 'commandId' | 'type' | 'riderId' | 'state' | 'reason'>;
export type RunEnd = Pick<Run, 'runId' | 'kind' | 'state' | 'reason'> & {
  readonly slot: Pick<Run['slot'], 'slotId'>;
  readonly counts: Pick<Run['counts'], 'synced' | 'failed' | 'stored'>;
};

/** A process that exited and was restarted by the launcher. */
export interface ProcessExit {
  readonly at: number;
  readonly name: string;
  /** `SIGKILL`, `code 1` */
  readonly how: string;
}

export interface ErrorLine {
  readonly at: number;
  readonly service: string;
  readonly level: 'error' | 'fatal';
  readonly message: string;
}

/** Times at which something worked, real ms since the epoch, in order. */
export interface Signs {
  /** All services were ready. */
  readonly ready: readonly number[];
  /** A request was accepted. */
  readonly accepted: readonly number[];
  /** A call with a permit arrived upstream. */
  readonly called: readonly number[];
}

/** Requests and their outcomes. */
export interface Requested {
  readonly accepted: readonly Accepted[];
  /** Requests that were never answered. */
  readonly unanswered: number;
  /** Reasons of refused requests. */
  readonly refusals: readonly string[];
}

/** Everything known once the load has stopped, all faults are healed and the system has had time to finish. */
export interface Evidence extends Requested {
  readonly inflicted: readonly Inflicted[];
  readonly signs: Signs;
  /** All arrivals upstream; `realAt` in real ms. */
  readonly arrivals: ReadonlyArray<Arrival & { readonly realAt: number; readonly isForeign: boolean }>;
  readonly judgements: readonly Judgement[];
  /** Violations that the journal's auditor found; `at`: when their journal entry was stored, real ms. */
  readonly auditFindings: ReadonlyArray<{
    readonly kind: string;
    readonly message: string;
    readonly at?: number | undefined;
  }>;
  readonly commands: readonly CommandEnd[];
  /** Riders of imports that are neither stored nor known to have failed. */
  readonly importedAndLost: readonly string[];
  readonly riderIds: readonly number[];
  readonly club: { readonly size: number; readonly stored: number };
  readonly eventIds: readonly string[];
  /** Events on upstream's list when it was last stored. */
  readonly listedEventIds: readonly string[];
  readonly runs: readonly RunEnd[];
  /** Run ids by slot, from the event stream. */
  readonly runsOfSlots: ReadonlyMap<string, ReadonlySet<string>>;
  /** Work that still waits, e.g. `TICKS: 2`. */
  readonly waiting: readonly string[];
  readonly deadLetters: readonly string[];
  readonly notReady: readonly string[];
  readonly exits: readonly ProcessExit[];
  readonly errors: readonly ErrorLine[];
  /** What limiters found their journals to have lost when they took over, as their logs say it. */
  readonly journalLosses: readonly string[];
  /** Whether the journal of our account says that it was lost, so that every limit counted as used up. */
  readonly isJournalLost: boolean;
  /** Alerts of type `journal_lost`. */
  readonly journalAlerts: ReadonlyArray<{ readonly isOpen: boolean }>;
  /** Commands that the broker lost and that were published again. */
  readonly lostByBroker: number;
}
