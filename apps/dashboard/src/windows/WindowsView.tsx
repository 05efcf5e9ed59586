import type { Budget, Command } from '@paceline/client';
import { availability, clockTime, nextInQueue, policyText, summary } from '@paceline/client/words';
import { budgets, lanes } from '@paceline/shared/definition';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../api/client.ts';
import { reads, refresh, useRead } from '../api/reads.ts';
import { useNow } from '../app/clock.tsx';
import { Button, Choices, Refusal } from '../parts/controls.tsx';
import { Read } from '../parts/Loaded.tsx';
import { Legend } from '../parts/Picture.tsx';
import { TableBehind } from '../parts/Table.tsx';
import { Hatches, WindowPicture } from './WindowPicture.tsx';
import './windows.css';

/** Can I call now? If not, when, and who goes first? */
export function WindowsView() {
  const commands = useRead(reads.commands);
  return (
    <Read from={reads.budgets}>
      {({ items, promises }) => (
        <>
          <Summary budgets={items} />
          <Legend />
          <Hatches />
          <div className="windows">
            {items.map((budget) => (
              <WindowRow key={budget.budget} budget={budget} commands={commands.data?.items ?? []} />
            ))}
          </div>
          <TableBehind
            caption="The calls that count in each window"
            columns={['Window', 'Lane', 'Started', 'Leaves', 'Its call']}
            rows={items.flatMap(({ budget, permits }) =>
              permits.map(({ permit, lane, startedAt, leavesAt, settled }) => ({
                key: permit,
                cells: [
                  budgets[budget].label,
                  lanes[lane].label,
                  clockTime(startedAt),
                  clockTime(leavesAt),
                  settled ? 'has ended' : 'may be under way',
                ],
              })),
            )}
            none="No call counts in any window now."
          />
          <p className="hint">
            Estimates kept: {promises.kept} of {promises.kept + promises.broken}.
          </p>
        </>
      )}
    </Read>
  );
}

const Summary = ({ budgets }: { budgets: readonly Budget[] }) => (
  <p className="summary">{summary(budgets, useNow())}</p>
);

function WindowRow({ budget, commands }: { budget: Budget; commands: readonly Command[] }) {
  const now = useNow();
  const { state, text, why } = availability(budget, now);
  const { lastRejected } = budget;
  return (
    <section className="window" aria-label={budgets[budget.budget].label} data-budget={budget.budget}>
      <div className="window-name">
        <h2>{budgets[budget.budget].label}</h2>
        <p className={budget.policy.from === 'documented' ? 'hint' : 'hint strong'}>{policyText(budget)}</p>
      </div>
      <WindowPicture budget={budget} now={now} />
      <div className="window-state">
        <div className="state-line">
          <p className={`state ${state}`}>{text}</p>
          <Steer budget={budget} />
        </div>
        {why && <p className="hint">{why}</p>}
        <p className="hint">{budget.probing ? 'one call goes ahead alone' : nextInQueue(budget, commands)}</p>
        {lastRejected && (
          <p className="hint">
            <span className="wrong">429</span> at {clockTime(lastRejected.at)}:{' '}
            {lastRejected.attribution.replaceAll('_', ' ')}
          </p>
        )}
      </div>
    </section>
  );
}

const pauses = [
  [15 * 60, '15 minutes'],
  [60 * 60, 'an hour'],
  [24 * 60 * 60, 'a day'],
] as const;

/** What an operator can do to a budget: let nobody call for a while, and end a pause. */
function Steer({ budget: { budget, pausedUntil } }: { budget: Budget }) {
  const [choosing, setChoosing] = useState(false);
  const path = { budget };
  const change = useMutation({
    mutationFn: (send: () => Promise<Budget>) => send(),
    onSettled: () => refresh('/v1/budgets'),
    onSuccess: () => setChoosing(false),
  });
  const resume = (by: 'operator' | 'upstream') =>
    change.mutate(() => api.call('DELETE /v1/budgets/{budget}/pause', { path, query: { by } }));
  const pause = (forSeconds: number) =>
    change.mutate(() => api.call('PUT /v1/budgets/{budget}/pause', { path, body: { forSeconds } }));
  const name = budgets[budget].label;
  const button = { disabled: change.isPending };
  return (
    <div className="steer">
      {pausedUntil.upstream !== null && (
        <Button
          {...button}
          onClick={() => resume('upstream')}
          aria-label={`Release ${name}: one call goes ahead to see whether upstream is open`}
        >
          Release
        </Button>
      )}
      {pausedUntil.operator !== null && (
        <Button {...button} onClick={() => resume('operator')} aria-label={`Resume ${name}`}>
          Resume
        </Button>
      )}
      {pausedUntil.operator === null && !choosing && (
        <Button className="quiet" onClick={() => setChoosing(true)} aria-label={`Pause ${name}`}>
          Pause …
        </Button>
      )}
      {choosing && (
        <Choices label={`Pause ${name} for`}>
          {pauses.map(([forSeconds, words]) => (
            <Button key={words} {...button} onClick={() => pause(forSeconds)}>
              {words}
            </Button>
          ))}
          <Button className="quiet" onClick={() => setChoosing(false)}>
            no
          </Button>
        </Choices>
      )}
      <Refusal error={change.error} />
    </div>
  );
}
