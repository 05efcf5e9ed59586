import { countsOf, sum } from '@paceline/kit/statistics';
import type { Evidence, Inflicted, Signs } from './evidence.ts';
import type { FaultKind } from './fault.ts';
import { laws } from './laws.ts';

export interface SeedVerdict {
  readonly seed: number;
  /** By law. */
  readonly violations: Readonly<Record<string, readonly string[]>>;
  readonly recoveries: ReturnType<typeof recoveries>;
  readonly figures: Readonly<Record<FigureName, number>> & {
    /** Count per reason of failed, expired and refused requests; ids and times replaced by #. */
    readonly reasons: Readonly<Record<string, number>>;
    /** Count per log error; ids and times replaced by #. */
    readonly logErrors: Readonly<Record<string, number>>;
  };
}

const inState = (state: string) => (evidence: Evidence) =>
  evidence.commands.filter((command) => command.state === state).length;

const ours = ({ arrivals }: Evidence) => arrivals.filter(({ isForeign }) => !isForeign);

/** Figures by their names in `--json`: label and calculation. */
export const figures = {
  accepted: ['commands accepted', ({ accepted }) => accepted.length],
  done: ['commands done', inState('done')],
  failed: ['commands failed, with the reason', inState('failed')],
  cancelled: ['commands cancelled', inState('cancelled')],
  expired: ['commands expired, with the reason', inState('expired')],
  unanswered: ['requests without an answer for 25 s', ({ unanswered }) => unanswered],
  refused: ['refused requests, with the reason', ({ refusals }) => refusals.length],
  calls: ['calls that arrived upstream', (evidence) => ours(evidence).length],
  rejected: [
    'of these rejected, after a changed limit or by a foreign caller',
    (evidence) => ours(evidence).filter(({ verdict }) => verdict === 'rejected').length,
  ],
  runs: ['sync runs', ({ runs }) => runs.length],
  failedRuns: [
    'of these failed, with the reason',
    ({ runs }) => runs.filter(({ state }) => state === 'failed').length,
  ],
  riders: ['riders stored', ({ riderIds }) => riderIds.length],
  lostByBroker: ['commands that the broker lost, published again', ({ lostByBroker }) => lostByBroker],
  journalsLost: ['journals with losses at a takeover', ({ journalLosses }) => journalLosses.length],
  callsRestored: [
    'calls that journals had lost, counted again from the call log',
    ({ journalLosses }) => sum(journalLosses.map((text) => Number(/(\d+) calls?\b/.exec(text)?.[1] ?? 0))),
  ],
  errors: ['log errors that a fault explains', ({ errors }) => errors.length],
} satisfies Record<string, readonly [label: string, count: (evidence: Evidence) => number]>;

export type FigureName = keyof typeof figures;

const withoutRecovery = 'faults without recovery';

export const lawNames = [...Object.keys(laws), withoutRecovery];

export function judge(seed: number, evidence: Evidence): SeedVerdict {
  const recovered = recoveries(evidence.inflicted, evidence.signs);
  const violations = Object.fromEntries(
    Object.entries(laws).map(([law, violationsIn]) => [law, violationsIn(evidence)]),
  );
  const unrecovered = recovered.filter(({ took }) => took === undefined).map(({ kind }) => kind);
  return {
    seed,
    violations: { ...violations, [withoutRecovery]: unrecovered },
    recoveries: recovered,
    figures: figuresOf(evidence),
  };
}

export const hasPassed = ({ violations }: SeedVerdict): boolean =>
  Object.values(violations).every((each) => each.length === 0);

function figuresOf(evidence: Evidence): SeedVerdict['figures'] {
  const counts = Object.entries(figures).map(([name, [, of]]) => [name, of(evidence)] as const);
  const { refusals, commands, errors } = evidence;
  return {
    ...(Object.fromEntries(counts) as Record<FigureName, number>),
    reasons: countsOf([...refusals, ...commands.flatMap(({ reason }) => reason ?? [])].map(anonymized)),
    logErrors: countsOf(errors.map(({ service, message }) => anonymized(`${service}: ${message}`))),
  };
}

const anonymized = (reason: string): string => reason.replaceAll(/\d[\d:.TZ-]*/g, '#');

/** Time from healing to recovery per fault. Overlapping faults recover together. */
export function recoveries(inflicted: readonly Inflicted[], signs: Signs) {
  const inOrder = inflicted.toSorted((a, b) => a.startedAt - b.startedAt);
  /** Real ms; undefined: never. */
  const result: Array<{ kind: FaultKind; took: number | undefined }> = [];
  for (let index = 0; index < inOrder.length;) {
    const group: Inflicted[] = [];
    let healedAt = 0;
    let well: number | undefined = 0;
    do {
      const each = inOrder[index] as Inflicted;
      group.push(each);
      index += 1;
      healedAt = Math.max(healedAt, each.healedAt);
      well = allWell(signs, healedAt);
    } while (index < inOrder.length && (inOrder[index] as Inflicted).startedAt <= (well ?? Infinity));
    const took = well === undefined ? undefined : well - healedAt;
    // Counted from the last healing in the group.
    result.push(...group.map(({ fault }) => ({ kind: fault.kind, took })));
  }
  return result;
}

function allWell({ ready, accepted, called }: Signs, from: number): number | undefined {
  const firsts = [ready, accepted, called].map((times) => times.find((time) => time >= from));
  return firsts.includes(undefined) ? undefined : Math.max(...(firsts as number[]));
}
