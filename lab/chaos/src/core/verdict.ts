import type { Evidence } from './evidence.ts';
import { ended, stored } from './laws/commands.ts';
import { deadLetters, doubled, drained, lost, slots, stuck } from './laws/data.ts';
import type { Law } from './laws/law.ts';
import { errors, exits, ready } from './laws/processes.ts';
import { certified, judged, overFull, rejected } from './laws/windows.ts';
import { recoveries, type Recovery } from './recovery.ts';

export const laws: readonly Law[] = [
  overFull,
  judged,
  certified,
  rejected,
  ended,
  stored,
  doubled,
  lost,
  slots,
  stuck,
  drained,
  deadLetters,
  ready,
  exits,
  errors,
];

/** What one seed came to. */
export interface Verdict {
  readonly seed: number;
  /** By what is counted; each breach in a sentence. */
  readonly breaches: Readonly<Record<string, readonly string[]>>;
  readonly recoveries: readonly Recovery[];
  readonly figures: Figures;
}

export interface Figures {
  readonly accepted: number;
  /** Requests that nobody answered as long as was tried, and those that were refused. */
  readonly unanswered: number;
  readonly refused: number;
  readonly done: number;
  readonly failed: number;
  readonly expired: number;
  readonly calls: number;
  /** 429s that a fault explains. */
  readonly rejected: number;
  readonly runs: number;
  readonly failedRuns: number;
  readonly riders: number;
  /** How often each reason was given for what failed, expired or was refused; ids and times left out. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Lines of the level error, whatever explains them. */
  readonly errors: number;
  /** How often each of them came; ids and times left out. */
  readonly complaints: Readonly<Record<string, number>>;
  readonly lostByBroker: number;
}

const neverWell = 'faults that it did not recover from';

/** Every law, and the last one of all. */
export const lawNames = [...laws.map(({ counts }) => counts), neverWell];

export function judge(seed: number, evidence: Evidence): Verdict {
  const felt = recoveries(evidence.inflicted, evidence.signs);
  const breaches = Object.fromEntries(laws.map((law) => [law.counts, law.breaches(evidence)]));
  const unrecovered = felt.filter(({ took }) => took === undefined).map(({ kind }) => kind);
  return {
    seed,
    breaches: { ...breaches, [neverWell]: unrecovered },
    recoveries: felt,
    figures: figuresOf(evidence),
  };
}

export const hasPassed = ({ breaches }: Verdict): boolean =>
  Object.values(breaches).every((each) => each.length === 0);

function figuresOf({
  accepted,
  unanswered,
  refusals,
  commands,
  arrivals,
  runs,
  riderIds,
  errors: lines,
  lostByBroker,
}: Evidence): Figures {
  const ours = arrivals.filter(({ isStrangers }) => !isStrangers);
  const inState = (state: string) => commands.filter((command) => command.state === state).length;
  return {
    accepted: accepted.length,
    unanswered,
    refused: refusals.length,
    done: inState('done'),
    failed: inState('failed'),
    expired: inState('expired'),
    calls: ours.length,
    rejected: ours.filter(({ verdict }) => verdict === 'rejected').length,
    runs: runs.length,
    failedRuns: runs.filter(({ state }) => state === 'failed').length,
    riders: riderIds.length,
    reasons: countsOf([...refusals, ...commands.flatMap(({ reason }) => reason ?? [])].map(generalised)),
    errors: lines.length,
    complaints: countsOf(lines.map(({ service, message }) => generalised(`${service}: ${message}`))),
    lostByBroker,
  };
}

const generalised = (reason: string): string => reason.replaceAll(/\d[\d:.TZ-]*/g, '#');

function countsOf(items: readonly string[]): Record<string, number> {
  const groups = Map.groupBy(items, (item) => item);
  return Object.fromEntries([...groups].map(([item, all]) => [item, all.length]));
}
