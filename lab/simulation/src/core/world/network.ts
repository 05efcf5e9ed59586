import type { Budget } from '@paceline/shared/definition';
import { between, draw, sequence } from '@paceline/sandbox';
import type { Scenario } from '../scenario.ts';

/** How long messages are on their way, project ms. */
export interface Network {
  /** The next message over the broker. */
  broker(): number;
  /** The n-th call of a budget to upstream, or its answer back: the same for every strategy. */
  upstream(leg: 'to' | 'from', budget: Budget, nth: number): number;
}

export function createNetwork({ seed, scale, jitter }: Scenario): Network {
  const { brokerMs, upstreamMs, outliers, outlierMs } = jitter;
  const next = sequence(seed, 'broker');
  return {
    broker: () => between(next(), 0, brokerMs) * scale,
    upstream(leg, budget, nth) {
      const isOutlier = draw(seed, `outlier ${leg} ${budget}`, nth) < outliers;
      const usual = between(draw(seed, `jitter ${leg} ${budget}`, nth), 0, upstreamMs);
      const more = isOutlier ? between(draw(seed, `late ${leg} ${budget}`, nth), 0, outlierMs) : 0;
      return (usual + more) * scale;
    },
  };
}
