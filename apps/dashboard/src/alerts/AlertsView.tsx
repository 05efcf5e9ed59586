import { reads, useRead } from '../api/reads.ts';
import type { Alert } from '../api/shapes.ts';
import { readable } from '../palette.ts';
import { Loaded } from '../parts/Loading.tsx';
import { useNow } from '../time/clock.ts';
import { clockTime, dayOf, length } from '../time/words.ts';
import { Sources } from './Sources.tsx';
import './alerts.css';

/** What went wrong, why, since when, and what to do; each opens its moment. */
export function AlertsView() {
  const alerts = useRead(reads.alerts);
  return (
    <Loaded query={alerts}>
      {({ items }) => {
        const open = items.filter(({ resolvedAt }) => resolvedAt === null);
        const over = items.filter(({ resolvedAt }) => resolvedAt !== null);
        return (
          <>
            <p className="summary">
              {open.length === 0
                ? 'Nothing is wrong now.'
                : `${open.length} ${open.length === 1 ? 'goes' : 'go'} on.`}
            </p>
            <AlertList alerts={open} />
            <h2>What upstream gives us</h2>
            <Sources />
            {over.length > 0 && <h2>What is over</h2>}
            <AlertList alerts={over} />
          </>
        );
      }}
    </Loaded>
  );
}

const AlertList = ({ alerts }: { alerts: readonly Alert[] }) => (
  <ul className="alerts">
    {alerts.map((alert) => (
      <AlertCard key={alert.id} alert={alert} />
    ))}
  </ul>
);

function AlertCard({ alert: { type, severity, title, why, todo, since, resolvedAt } }: { alert: Alert }) {
  const now = useNow();
  const began = Date.parse(since);
  const ended = resolvedAt === null ? now : Date.parse(resolvedAt);
  return (
    <li className={resolvedAt === null ? `card alert open ${severity}` : 'card alert'} data-alert={type}>
      <h2>{readable(title)}</h2>
      <p>{readable(why)}</p>
      {resolvedAt === null && <p className="strong">{readable(todo)}</p>}
      <p className="hint">
        {dayOf(began)} {clockTime(began)},{' '}
        {resolvedAt === null ? `for ${length(ended - began)} now` : `over after ${length(ended - began)}`} ·{' '}
        <a href={`#/timeline/${since}`}>look at that moment</a>
      </p>
    </li>
  );
}
