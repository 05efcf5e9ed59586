import { clockTime, dayOf } from '@paceline/client/text';
import { useRef, useState } from 'react';
import { reads, useRead } from '../api/reads.ts';
import { Button } from '../parts/elements.tsx';
import { utcText, viewerZone, zoneOffset } from '../parts/zone.ts';
import { ClockReady, second, useClock, useNow } from './clock.tsx';
import { useEscape } from './escape.ts';
import { pages } from './pages.ts';

const groups = [
  ['team', 'Team'],
  ['operations', 'Operations'],
] as const;

/** The menu is always open on a wide screen; on a narrow one a button opens it and Escape closes it. */
export function Header({ page }: { page: string }) {
  const [isOpen, setOpen] = useState(false);
  const header = useRef<HTMLElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  function close() {
    setOpen(false);
    button.current?.focus();
  }
  useEscape(header, isOpen, close);
  const linkTo = (shown: (typeof pages)[number] | undefined) =>
    shown && (
      <a href={`#/${shown.name}`} aria-current={shown.name === page ? 'page' : undefined} onClick={close}>
        {shown.title}
        {shown.name === 'alerts' && <OpenAlerts />}
      </a>
    );
  return (
    <header ref={header} className="head">
      <a className="name" href="#/" onClick={close}>
        Paceline
      </a>
      <ClockReady waiting={<p className="time">Loading …</p>}>
        <Clock />
      </ClockReady>
      <Button
        ref={button}
        className="menu-button"
        aria-expanded={isOpen}
        aria-controls="menu"
        onClick={() => setOpen(!isOpen)}
      >
        Menu
        <OpenAlerts />
      </Button>
      <nav id="menu" aria-label="Pages" className={isOpen ? 'open' : undefined}>
        {linkTo(pages.find(({ name }) => name === ''))}
        {groups.map(([group, label]) => (
          <div key={group}>
            <span id={`menu-${group}`}>{label}</span>
            <ul aria-labelledby={`menu-${group}`}>
              {pages
                .filter((each) => each.group === group)
                .map((each) => (
                  <li key={each.name}>{linkTo(each)}</li>
                ))}
            </ul>
          </div>
        ))}
        <a href="/docs">API</a>
      </nav>
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
        <span className="visually-hidden"> open</span>
      </span>
    )
  );
}

function Clock() {
  const now = useNow(second);
  const { scale } = useClock();
  return (
    <p className="time" title={utcText(now)}>
      <span className="date">{dayOf(now)}</span> <time>{clockTime(now)}</time>{' '}
      <span title={`Times are in ${viewerZone}`}>{zoneOffset(now)}</span>
      {scale !== 1 && (
        <span className="pace" title={`Paceline's clock runs ${scale} times as fast as real time`}>
          ×{scale}
        </span>
      )}
    </p>
  );
}
