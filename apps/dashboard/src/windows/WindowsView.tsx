import { reads, useRead } from '../api/reads.ts';
import type { Budget, Command } from '../api/shapes.ts';
import { budgetWords, laneWords } from '../palette.ts';
import { Legend } from '../parts/Legend.tsx';
import { Loaded } from '../parts/Loading.tsx';
import { TableBehind } from '../parts/TableBehind.tsx';
import { useNow } from '../time/clock.ts';
import { clockTime } from '../time/words.ts';
import { Steer } from './Steer.tsx';
import { Hatches, WindowPicture } from './WindowPicture.tsx';
import { nextInLine, policyWords, standing, summary } from './words.ts';
import './windows.css';

/** Can I call now? If not, when, and who goes first? */
export function WindowsView() {
  const budgets = useRead(reads.budgets);
  const commands = useRead(reads.commands);
  return (
    <Loaded query={budgets}>
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
                  budgetWords[budget],
                  laneWords[lane],
                  clockTime(Date.parse(startedAt)),
                  clockTime(Date.parse(leavesAt)),
                  settled ? 'has ended' : 'may be under way',
                ],
              })),
            )}
            none="No call counts in any window now."
          />
          <p className="hint">
            Of the times that waiters were told, {promises.kept} held and {promises.broken} did not.
          </p>
        </>
      )}
    </Loaded>
  );
}

const Summary = ({ budgets }: { budgets: readonly Budget[] }) => (
  <p className="summary">{summary(budgets, useNow())}</p>
);

function WindowRow({ budget, commands }: { budget: Budget; commands: readonly Command[] }) {
  const now = useNow();
  const { state, words, why } = standing(budget, now);
  const { lastRejected } = budget;
  return (
    <section className="window" aria-label={budgetWords[budget.budget]} data-budget={budget.budget}>
      <div className="window-name">
        <h2>{budgetWords[budget.budget]}</h2>
        <p className={budget.policy.from === 'documented' ? 'hint' : 'hint strong'}>{policyWords(budget)}</p>
      </div>
      <WindowPicture budget={budget} now={now} />
      <div className="window-state">
        <div className="state-line">
          <p className={`state ${state}`}>{words}</p>
          <Steer budget={budget} />
        </div>
        {why && <p className="hint">{why}</p>}
        <p className="hint">{budget.probing ? 'one call goes ahead alone' : nextInLine(budget, commands)}</p>
        {lastRejected && (
          <p className="hint">
            <span className="wrong">429</span> at {clockTime(Date.parse(lastRejected.at))}:{' '}
            {lastRejected.attribution.replaceAll('_', ' ')}
          </p>
        )}
      </div>
    </section>
  );
}
