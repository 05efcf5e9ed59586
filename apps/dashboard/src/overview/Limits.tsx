import { type Budget, laneColor, upstreamLabel } from '@paceline/client';
import { availability } from '@paceline/client/text';
import { Fragment } from 'react';
import { reads } from '../api/reads.ts';
import { second, useNow } from '../app/clock.tsx';
import { Read } from '../parts/elements.tsx';

export const Limits = () => (
  <section className="card limits-card" aria-labelledby="limits-title">
    <h2 id="limits-title">Calls available</h2>
    <Read from={reads.budgets} live>
      {({ items }) => (
        <ul className="limits">
          {[...Map.groupBy(items, ({ upstream }) => upstream)].map(([upstream, budgets], _, upstreams) => (
            <Fragment key={upstream}>
              {upstreams.length > 1 && <li className="hint">{upstreamLabel(upstream)}</li>}
              {budgets.map((budget) => (
                <LimitRow key={budget.budget} budget={budget} />
              ))}
            </Fragment>
          ))}
        </ul>
      )}
    </Read>
    <a href="#/windows">Rate limits</a>
  </section>
);

function LimitRow({ budget }: { budget: Budget }) {
  const now = useNow(second);
  const { state, text } = availability(budget, now);
  const { available, policy, used } = budget;
  return (
    <li data-limit={budget.budget}>
      <span>{budget.label}</span>
      <Blocks budget={budget} isPaused={state === 'closed'} />
      <span className={state === 'free' ? 'strong' : 'hint'}>
        {state !== 'free' && text.replace('available in', 'in')}
        {state === 'free' && (available > 0 ? `${available} of ${policy.limit} now` : 'now')}
      </span>
      <span className="visually-hidden">
        , {used} of {policy.limit} used
      </span>
    </li>
  );
}

const size = 9;
/** With more calls in a window, a block is a share of them. */
const maxBlocks = 5;

/** One block per call of the window: filled in the color of the lane that made it, hollow while it is free. */
function Blocks({ budget, isPaused }: { budget: Budget; isPaused: boolean }) {
  const { policy } = budget;
  const blocks = Math.min(maxBlocks, policy.limit);
  return (
    <svg
      className={isPaused ? 'blocks paused' : 'blocks'}
      aria-hidden="true"
      width={blocks * (size + 3)}
      height={size}
    >
      {Array.from({ length: blocks }, (_, block) => {
        const color = colorOf(budget, Math.floor((block * policy.limit) / blocks));
        return (
          <rect
            key={block}
            x={block * (size + 3) + 0.5}
            y="0.5"
            width={size - 1}
            height={size - 1}
            rx="2"
            fill={color ?? 'none'}
            stroke={color ?? 'var(--ink-faint)'}
          />
        );
      })}
    </svg>
  );
}

/** Of the n-th call that counts: that of its lane, grey for one of another program; undefined: there is none. */
function colorOf({ earlier, permits, used }: Budget, index: number): string | undefined {
  if (index >= used) return undefined;
  let count = 0;
  const early = earlier.find(({ calls }) => (count += calls) > index);
  const call = early ?? permits[index - count];
  return call ? laneColor(call.lane) : 'var(--ink-soft)';
}
