import type { Command, Run } from '@paceline/client';
import type { Arrival, Judgement } from '@paceline/sandbox';
import type { Fault } from './fault.ts';

/** A fault as it came about; real ms since the epoch. */
export interface Inflicted {
  readonly fault: Fault;
  readonly began: number;
  readonly healed: number;
}

/** Something that was asked for and accepted. */
export interface Accepted {
  readonly at: number;
  readonly commandId: string;
  readonly riderIds: readonly number[];
}

/** A command and a run as the API tells of them, as far as the laws read it. */
export type CommandEnd = Pick<Command, 'commandId' | 'type' | 'riderId' | 'state' | 'reason'>;
export type RunEnd = Pick<Run, 'id' | 'kind' | 'state' | 'error'> & {
  readonly slot: Pick<Run['slot'], 'id'>;
  readonly counts: Pick<Run['counts'], 'synced' | 'failed' | 'stored'>;
};

/** A process that ended and was started again by itself. */
export interface ProcessExit {
  readonly at: number;
  readonly name: string;
  /** `SIGKILL`, `exit code 1` */
  readonly how: string;
}

export interface LogLine {
  readonly at: number;
  readonly service: string;
  readonly level: 'error' | 'fatal';
  readonly message: string;
}

/** When all was well: real ms since the epoch, in order. */
export interface Signs {
  /** Every service said that it is ready. */
  readonly ready: readonly number[];
  /** Something was accepted that somebody asked for. */
  readonly accepted: readonly number[];
  /** A call with a permit came to upstream. */
  readonly called: readonly number[];
}

/** What people asked for, and what became of it. */
export interface Requested {
  readonly accepted: readonly Accepted[];
  /** Requests that were never answered. */
  readonly unanswered: number;
  /** Why others were refused. */
  readonly refusals: readonly string[];
}

/** All that is known when the load has stopped, everything is healed and the system has had time to finish. */
export interface Evidence extends Requested {
  readonly inflicted: readonly Inflicted[];
  readonly signs: Signs;
  /** Everything that arrived at upstream, with the moment in real ms. */
  readonly arrivals: ReadonlyArray<Arrival & { readonly realAt: number; readonly isStrangers: boolean }>;
  readonly judgements: readonly Judgement[];
  /** What breaks a law in the journal, as the auditor says it. */
  readonly auditFindings: readonly string[];
  readonly commands: readonly CommandEnd[];
  /** Riders of imports that are neither stored nor known to have failed. */
  readonly importedAndLost: readonly string[];
  readonly riderIds: readonly number[];
  readonly club: { readonly size: number; readonly stored: number };
  readonly eventIds: readonly string[];
  /** Those that upstream's list had when it was last stored. */
  readonly listedEventIds: readonly string[];
  readonly runs: readonly RunEnd[];
  /** Run ids by slot, as the event stream had them. */
  readonly runsOfSlots: ReadonlyMap<string, ReadonlySet<string>>;
  /** What still waits, by where: `TICKS: 2`. */
  readonly waiting: readonly string[];
  readonly deadLetters: readonly string[];
  readonly notReady: readonly string[];
  readonly exits: readonly ProcessExit[];
  readonly errors: readonly LogLine[];
  /** Commands that the broker had lost, and that were handed on anew. */
  readonly lostByBroker: number;
}
