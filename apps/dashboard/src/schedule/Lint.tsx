import type { UseQueryResult } from '@tanstack/react-query';
import type { Judged, Settings } from '../api/shapes.ts';
import { budgetWords, colourOf, laneOf } from '../palette.ts';
import { kindWords } from '../runs/words.ts';
import { clockTime, length } from '../time/words.ts';

interface LintProps {
  readonly lint: UseQueryResult<Judged>;
  readonly onRepair: (settings: Settings) => void;
}

/** What would be wrong with a schedule, and what a busy day of it comes to. */
export function Lint({ lint: { data, error }, onRepair }: LintProps) {
  return (
    <section className="card lint" aria-label="What is said of it">
      {error && (
        <p className="wrong" role="alert">
          {error.message}
        </p>
      )}
      {data && (
        <>
          <h2>{data.findings.length === 0 ? 'Nothing is wrong with it' : 'What is said of it'}</h2>
          <ul>
            {data.findings.map(({ severity, rule, message, timeline }) => (
              <li key={message} data-rule={rule}>
                <strong className={severity === 'error' ? 'wrong' : undefined}>{severity}</strong> {message}
                {timeline.length > 0 && (
                  <details>
                    <summary className="hint">an example</summary>
                    <ul className="hint">
                      {timeline.map(({ at, says }) => (
                        <li key={`${at} ${says}`}>
                          {clockTime(Date.parse(at))} {says}
                        </li>
                      ))}
                    </ul>
                  </details>
                )}
              </li>
            ))}
          </ul>
          {data.findings.some(({ severity }) => severity === 'error') && (
            <button type="button" onClick={() => onRepair(data.repaired)}>
              Take one that would pass
            </button>
          )}
          <Forecast forecast={data.forecast} />
        </>
      )}
    </section>
  );
}

const Forecast = ({ forecast: { kinds, budgets } }: { forecast: Judged['forecast'] }) => (
  <>
    <h2>A busy day of it</h2>
    <div className="table-frame">
      <table>
        <thead>
          <tr>
            {['Sync of', 'Slots', 'Calls', 'Each at least every'].map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {kinds.map(({ kind, things, slotsADay, callsADay, oldestSeconds }) => (
            <tr key={kind}>
              <td>
                <span className="swatch" style={{ background: colourOf(laneOf[kind]) }} />
                {kindWords[kind]} ({things})
              </td>
              <td>{Math.round(slotsADay)}</td>
              <td>{Math.round(callsADay)}</td>
              <td>{oldestSeconds === null ? 'never' : length(oldestSeconds * 1_000)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
    <p className="hint">
      {budgets
        .map(
          ({ budget, used }) =>
            `${budgetWords[budget]}: ${Math.round(used * 100)} % of what the limit allows`,
        )
        .join(' · ')}
    </p>
  </>
);
