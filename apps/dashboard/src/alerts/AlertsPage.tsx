import type { Alert } from '@paceline/client';
import { duration, sentenceCase } from '@paceline/client/text';
import { count } from '@paceline/shared/words';
import { reads } from '../api/reads.ts';
import { second, useNow } from '../app/clock.tsx';
import { Read, TableCard } from '../parts/elements.tsx';
import { DateTime, Time } from '../parts/time.tsx';
import './alerts.css';

export const AlertsPage = () => (
  <Read from={reads.alerts} live>
    {({ items }) => {
      const open = items.filter(({ resolvedAt }) => resolvedAt === null);
      const resolved = items.filter(({ resolvedAt }) => resolvedAt !== null);
      return (
        <>
          <p className="summary">
            {open.length === 0 ? 'No open alerts.' : `${count(open.length, 'open alert')}.`}
          </p>
          <AlertList alerts={open} />
          <h2>Data sources</h2>
          <Sources />
          {resolved.length > 0 && <h2>Resolved</h2>}
          <AlertList alerts={resolved} />
        </>
      );
    }}
  </Read>
);

const AlertList = ({ alerts }: { alerts: readonly Alert[] }) => (
  <ul className="alerts">
    {alerts.map((alert) => (
      <AlertCard key={alert.alertId} alert={alert} />
    ))}
  </ul>
);

function AlertCard({
  alert: { type, severity, title, reason, advice, since, resolvedAt },
}: {
  alert: Alert;
}) {
  const now = useNow(second);
  const lasted = duration((resolvedAt === null ? now : Date.parse(resolvedAt)) - Date.parse(since));
  return (
    <li className={resolvedAt === null ? `card alert open ${severity}` : 'card alert'} data-alert={type}>
      <h2>{title}</h2>
      <p>{reason}</p>
      {resolvedAt === null && <p className="strong">{advice}</p>}
      <p className="hint">
        <DateTime at={since} />, {resolvedAt === null ? `open for ${lasted}` : `resolved after ${lasted}`} ·{' '}
        <a href={`#/timeline/${since}`}>Show in timeline</a>
      </p>
    </li>
  );
}

const Sources = () => (
  <Read from={reads.sources}>
    {({ items }) => (
      <TableCard
        columns={['Source', 'Status', 'Problem', 'Next check']}
        rows={items.map(({ source, state, reason, advice, nextTryAt }) => ({
          key: source,
          cells: [
            sentenceCase(source),
            <span key="state" className={state === 'unavailable' ? 'wrong' : undefined}>
              {state === 'unknown' ? 'Not checked yet' : sentenceCase(state)}
            </span>,
            [reason, advice].filter(Boolean).join(' ') || '–',
            nextTryAt === null ? '–' : <Time key="next" at={nextTryAt} />,
          ],
        }))}
      />
    )}
  </Read>
);
