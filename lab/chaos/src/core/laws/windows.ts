import type { Evidence } from '../evidence.ts';
import type { Law } from './law.ts';

type Seen = Evidence['arrivals'][number];

/** Real ms after a limit has changed back, or a stranger has called, for which what was called before still counts. */
const aftermath = 20_000;

const steered = new Set(['policy-stricter', 'policy-looser', 'foreign-caller']);

/** The faults that explain a 429 on this budget at this moment. */
const explained = ({ inflicted }: Evidence, { budget, realAt }: Seen): boolean =>
  inflicted.some(
    ({ fault, began, healed }) =>
      steered.has(fault.kind) && fault.budget === budget && began <= realAt && realAt <= healed + aftermath,
  );

const ours = ({ arrivals }: Evidence) =>
  arrivals.filter(
    ({ isStrangers, verdict }) => !isStrangers && (verdict === 'accepted' || verdict === 'rejected'),
  );

const when = (at: number) => new Date(at).toISOString().slice(11, 23);

/** Judged by arrivals alone, without those whose 429 is explained, under the most generous limit that was in force within the window. */
export const overFull: Law = {
  counts: 'windows over-full',
  breaches(evidence) {
    const counted = ours(evidence).filter(
      (call) => call.verdict === 'accepted' || !explained(evidence, call),
    );
    const byBudget = Map.groupBy(counted, ({ budget }) => budget);
    return [...byBudget].flatMap(([budget, calls]) => {
      const inOrder = calls.toSorted((a, b) => a.arrivedAt - b.arrivedAt);
      return inOrder.flatMap((call, index) => {
        const { windowMs } = longest(call, inOrder, index);
        const within = inOrder
          .slice(0, index + 1)
          .filter(({ arrivedAt }) => arrivedAt > call.arrivedAt - windowMs);
        const most = Math.max(...within.map(({ policy }) => policy?.limit ?? 0));
        if (within.length <= most) return [];
        return [
          `${budget}: ${within.length} calls of ${most} within the window that ends at ${when(call.arrivedAt)}`,
        ];
      });
    });
  },
};

/** Of the policies that held at this call and just before, the one with the shortest window: the most generous. */
function longest(call: Seen, calls: readonly Seen[], index: number) {
  const before = calls.slice(Math.max(0, index - 10), index + 1);
  const lengths = before.map(({ policy }) => policy?.windowMs ?? 0);
  return { windowMs: Math.min(call.policy?.windowMs ?? 0, ...lengths) };
}

/** The sandbox's own verdict under every way of counting, where no limit was changed and nobody else has called. */
export const judged: Law = {
  counts: 'calls that another way of counting would reject',
  breaches({ judgements, inflicted }) {
    const excused = new Set(
      inflicted.filter(({ fault }) => steered.has(fault.kind)).map((each) => each.fault.budget),
    );
    return judgements
      .filter(({ budget }) => !excused.has(budget))
      .flatMap(({ budget, wouldReject }) =>
        Object.entries(wouldReject)
          .filter(([, calls]) => calls > 0)
          .map(([counting, calls]) => `${budget}: ${calls} under ${counting}`),
      );
  },
};

export const rejected: Law = {
  counts: 'calls rejected without a reason',
  breaches: (evidence) =>
    ours(evidence)
      .filter((call) => call.verdict === 'rejected' && !explained(evidence, call))
      .map(({ budget, path, arrivedAt }) => `${budget}: ${path} at ${when(arrivedAt)}`),
};

export const certified: Law = {
  counts: 'findings of the auditor of the journal',
  breaches: ({ auditFindings }) => [...auditFindings],
};
