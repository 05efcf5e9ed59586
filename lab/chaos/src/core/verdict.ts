import { countsOf } from '@paceline/kit/statistics';
import type { Evidence, Inflicted, Signs } from './evidence.ts';
import type { FaultKind } from './fault.ts';
import { laws } from './laws.ts';

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

/** How long it took until all was well after a fault. */
interface Recovery {
  readonly kind: FaultKind;
  /** Real ms; undefined: it never was. */
  readonly took: number | undefined;
}

const firstAt = (moments: readonly number[], from: number): number | undefined =>
  moments.find((moment) => moment >= from);

/**
 * How long each fault was felt after it was healed: until every service was ready, something that was asked for was
 * accepted, and a call was made with a permit. What overlaps with it, or begins before it is over, is waited for too:
 * faults that are felt at once are over at once.
 */
export function recoveries(inflicted: readonly Inflicted[], signs: Signs): Recovery[] {
  const inOrder = inflicted.toSorted((a, b) => a.began - b.began);
  const result: Recovery[] = [];
  for (let index = 0; index < inOrder.length;) {
    const group: Inflicted[] = [];
    let healed = 0;
    let well: number | undefined = 0;
    do {
      const each = inOrder[index] as Inflicted;
      group.push(each);
      index += 1;
      healed = Math.max(healed, each.healed);
      well = allWell(signs, healed);
    } while (index < inOrder.length && (inOrder[index] as Inflicted).began <= (well ?? Infinity));
    const took = well === undefined ? undefined : well - healed;
    // Who was healed before the others of a group was felt no longer than they.
    result.push(...group.map(({ fault }) => ({ kind: fault.kind, took })));
  }
  return result;
}

function allWell({ ready, accepted, called }: Signs, from: number): number | undefined {
  const firsts = [ready, accepted, called].map((moments) => firstAt(moments, from));
  return firsts.includes(undefined) ? undefined : Math.max(...(firsts as number[]));
}
