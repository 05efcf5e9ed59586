import { useContext } from 'react';
import { reads, useRead } from '../api/reads.ts';
import { ClockContext, useNow } from '../time/clock.ts';
import { clockTime, dayOf } from '../time/words.ts';
import { useRoute } from './route.ts';
import { views } from './views.ts';

export function Header({ now }: { now: boolean }) {
  const { view } = useRoute();
  return (
    <header className="head">
      <a className="name" href="#/">
        Paceline
      </a>
      <nav aria-label="Views">
        {views.map(({ name, title }) => (
          <a key={name} href={`#/${name}`} aria-current={name === view ? 'page' : undefined}>
            {title}
            {name === 'alerts' && <OpenAlerts />}
          </a>
        ))}
        <a href="/docs">API</a>
      </nav>
      {now ? <Time /> : <p className="time">Loading …</p>}
    </header>
  );
}

function OpenAlerts() {
  const { data } = useRead(reads.alerts);
  const open = data?.items.filter(({ resolvedAt }) => resolvedAt === null) ?? [];
  const wrong = open.some(({ severity }) => severity === 'error');
  return (
    open.length > 0 && (
      <span className={wrong ? 'badge error' : 'badge'}>
        {open.length}
        <span className="unseen"> open</span>
      </span>
    )
  );
}

function Time() {
  const now = useNow();
  const { scale } = useContext(ClockContext);
  return (
    <p className="time">
      <span>{dayOf(now)}</span> <time>{clockTime(now)}</time> UTC
      {scale !== 1 && (
        <span className="pace" title="Time passes faster here than where you are">
          ×{scale}
        </span>
      )}
    </p>
  );
}
