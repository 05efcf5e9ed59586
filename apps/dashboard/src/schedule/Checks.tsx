import {
  isPermanent,
  type ScheduleCheck,
  kindColor,
  type ScheduleEdit,
  type ScheduleSettings,
} from '@paceline/client';
import { budgetLabel, duration, sentenceCase } from '@paceline/client/text';
import { kinds } from '@paceline/shared/definition';
import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../api/client.ts';
import { Button, ErrorMessage, Table } from '../parts/elements.tsx';
import { Swatch } from '../parts/Chart.tsx';
import { DateTime } from '../parts/time.tsx';

/** Real ms without typing before the draft is checked. */
const debounceMs = 400;

export function useChecks(change: ScheduleEdit): UseQueryResult<ScheduleCheck> {
  const text = JSON.stringify(change);
  const [debounced, setDebounced] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setDebounced(text), debounceMs);
    return () => clearTimeout(timer);
  }, [text]);
  return useQuery({
    queryKey: ['/v1/schedule/lint', debounced],
    queryFn: () => api.call('POST /v1/schedule/lint', { body: JSON.parse(debounced) as ScheduleEdit }),
    placeholderData: keepPreviousData,
  });
}

interface ChecksProps {
  readonly checks: UseQueryResult<ScheduleCheck>;
  readonly onRepair: (settings: ScheduleSettings) => void;
}

export function Checks({ checks: { data, error }, onRepair }: ChecksProps) {
  return (
    <section className="card lint" aria-label="Checks">
      {isPermanent(error) && error.errors.length > 0 ? (
        <p className="hint">Correct the marked fields to check this schedule.</p>
      ) : (
        <ErrorMessage error={error} />
      )}
      {!data && !error && <p className="hint">Checking …</p>}
      {data && (
        <>
          <h2>{data.findings.length === 0 ? 'No problems found' : 'Checks'}</h2>
          <ul>
            {data.findings.map(({ severity, rule, message, timeline }) => (
              <li key={message} data-rule={rule}>
                <strong className={severity === 'error' ? 'wrong' : undefined}>
                  {sentenceCase(severity)}:
                </strong>{' '}
                {message}
                {timeline.length > 0 && (
                  <details>
                    <summary className="hint">Example</summary>
                    <ul className="hint">
                      {timeline.map(({ at, text }) => (
                        <li key={`${at} ${text}`}>
                          <DateTime at={at} /> {text}
                        </li>
                      ))}
                    </ul>
                  </details>
                )}
              </li>
            ))}
          </ul>
          {data.findings.some(({ severity }) => severity === 'error') && (
            <Button onClick={() => onRepair(data.repaired)}>Use a schedule that passes</Button>
          )}
          <Forecast forecast={data.forecast} />
        </>
      )}
    </section>
  );
}

const Forecast = ({ forecast }: { forecast: ScheduleCheck['forecast'] }) => (
  <>
    <h2>A busy day</h2>
    <div className="table-frame">
      <Table
        columns={['Sync', 'Slots', 'Calls', 'Refreshed at least every']}
        numbers={['Slots', 'Calls', 'Refreshed at least every']}
        rows={forecast.kinds.map(({ kind, targets, slotsADay, callsADay, oldestSeconds }) => ({
          key: kind,
          cells: [
            <>
              <Swatch color={kindColor(kind)} />
              {sentenceCase(kinds[kind].label)} ({targets})
            </>,
            Math.round(slotsADay),
            Math.round(callsADay),
            oldestSeconds === null ? 'Never' : duration(oldestSeconds * 1_000),
          ],
        }))}
      />
    </div>
    <p className="hint">
      {forecast.budgets
        .map(({ budget, used }) => `${budgetLabel(budget)}: ${Math.round(used * 100)} % of the rate limit`)
        .join(' · ')}
    </p>
  </>
);
