import { type ScheduleCheck, kindColor, type ScheduleEdit, type ScheduleSettings } from '@paceline/client';
import { clockTime, duration } from '@paceline/client/text';
import { budgets, kinds } from '@paceline/shared/definition';
import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../api/client.ts';
import { Button, Refusal, Table } from '../parts/elements.tsx';
import { Swatch } from '../parts/Picture.tsx';

const quietMs = 400;

export function useChecks(change: ScheduleEdit): UseQueryResult<ScheduleCheck> {
  const text = JSON.stringify(change);
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), quietMs);
    return () => clearTimeout(timer);
  }, [text]);
  return useQuery({
    queryKey: ['/v1/schedule/lint', settled],
    queryFn: () => api.call('POST /v1/schedule/lint', { body: JSON.parse(settled) as ScheduleEdit }),
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
      <Refusal error={error} />
      {!data && !error && <p className="hint">Checking …</p>}
      {data && (
        <>
          <h2>{data.findings.length === 0 ? 'Nothing is wrong with it' : 'Checks'}</h2>
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
                          {clockTime(at)} {says}
                        </li>
                      ))}
                    </ul>
                  </details>
                )}
              </li>
            ))}
          </ul>
          {data.findings.some(({ severity }) => severity === 'error') && (
            <Button onClick={() => onRepair(data.repaired)}>Take one that would pass</Button>
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
        columns={['Sync of', 'Slots', 'Calls', 'Each at least every']}
        rows={forecast.kinds.map(({ kind, things, slotsADay, callsADay, oldestSeconds }) => ({
          key: kind,
          cells: [
            <>
              <Swatch color={kindColor(kind)} />
              {kinds[kind].label} ({things})
            </>,
            Math.round(slotsADay),
            Math.round(callsADay),
            oldestSeconds === null ? 'never' : duration(oldestSeconds * 1_000),
          ],
        }))}
      />
    </div>
    <p className="hint">
      {forecast.budgets
        .map(
          ({ budget, used }) =>
            `${budgets[budget].label}: ${Math.round(used * 100)} % of what the limit allows`,
        )
        .join(' · ')}
    </p>
  </>
);
