import { countsOf } from '@paceline/kit/statistics';
import type { Evidence, Inflicted, Signs } from './evidence.ts';
import type { FaultKind } from './fault.ts';
import { laws } from './laws.ts';

/** What one seed came to. */
export interface SeedVerdict {
  readonly seed: number;
  /** By what is counted; each breach in a sentence. */
  readonly breaches: Readonly<Record<string, readonly string[]>>;
  readonly recoveries: ReturnType<typeof recoveries>;
  readonly figures: Readonly<Record<Figure, number>> & {
    /** How often each reason was given for what failed, expired or was refused; ids and times left out. */
    readonly reasons: Readonly<Record<string, number>>;
    /** How often each error came in logs; ids and times left out. */
    readonly complaints: Readonly<Record<string, number>>;
  };
}

const inState = (state: string) => (evidence: Evidence) =>
  evidence.commands.filter((command) => command.state === state).length;

const ours = ({ arrivals }: Evidence) => arrivals.filter(({ isStrangers }) => !isStrangers);

/** What is counted in each seed, by the name that `--json` has for it: in words, and how. */
export const figures = {
  accepted: ['commands accepted', ({ accepted }) => accepted.length],
  done: ['commands done', inState('done')],
  failed: ['commands failed or cancelled, with the reason', inState('failed')],
  expired: ['commands expired, with the reason', inState('expired')],
  unanswered: ['requests that were not answered for 25 s', ({ unanswered }) => unanswered],
  refused: ['requests that were refused, with the reason', ({ refusals }) => refusals.length],
  calls: ['calls that arrived upstream', (evidence) => ours(evidence).length],
  rejected: [
    'of these rejected, because of a changed limit or a foreign caller',
    (evidence) => ours(evidence).filter(({ verdict }) => verdict === 'rejected').length,
  ],
  runs: ['runs of the syncs', ({ runs }) => runs.length],
  failedRuns: [
    'of these failed, with the reason',
    ({ runs }) => runs.filter(({ state }) => state === 'failed').length,
  ],
  riders: ['riders stored', ({ riderIds }) => riderIds.length],
  lostByBroker: ['commands that the broker lost, handed on anew', ({ lostByBroker }) => lostByBroker],
  errors: ['errors in logs that a fault explains', ({ errors }) => errors.length],
} satisfies Record<string, readonly [words: string, of: (evidence: Evidence) => number]>;

export type Figure = keyof typeof figures;

const neverWell = 'faults that it did not recover from';

/** Every law, and the last one of all. */
export const lawNames = [...Object.keys(laws), neverWell];

export function judge(seed: number, evidence: Evidence): SeedVerdict {
  const felt = recoveries(evidence.inflicted, evidence.signs);
  const breaches = Object.fromEntries(
    Object.entries(laws).map(([law, breachesIn]) => [law, breachesIn(evidence)]),
  );
  const unrecovered = felt.filter(({ took }) => took === undefined).map(({ kind }) => kind);
  return {
    seed,
    breaches: { ...breaches, [neverWell]: unrecovered },
    recoveries: felt,
    figures: figuresOf(evidence),
  };
}

export const hasPassed = ({ breaches }: SeedVerdict): boolean =>
  Object.values(breaches).every((each) => each.length === 0);

function figuresOf(evidence: Evidence): SeedVerdict['figures'] {
  const counts = Object.entries(figures).map(([name, [, of]]) => [name, of(evidence)] as const);
  const { refusals, commands, errors } = evidence;
  return {
    ...(Object.fromEntries(counts) as Record<Figure, number>),
    reasons: countsOf([...refusals, ...commands.flatMap(({ reason }) => reason ?? [])].map(generalised)),
    complaints: countsOf(errors.map(({ service, message }) => generalised(`${service}: ${message}`))),
  };
}

const generalised = (reason: string): string => reason.replaceAll(/\d[\d:.TZ-]*/g, '#');

/** How long each fault was felt after it was healed. Faults that are felt at once are over at once. */
export function recoveries(inflicted: readonly Inflicted[], signs: Signs) {
  const inOrder = inflicted.toSorted((a, b) => a.began - b.began);
  /** Real ms; undefined: it never was well again. */
  const result: Array<{ kind: FaultKind; took: number | undefined }> = [];
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
  const firsts = [ready, accepted, called].map((moments) => moments.find((moment) => moment >= from));
  return firsts.includes(undefined) ? undefined : Math.max(...(firsts as number[]));
}
