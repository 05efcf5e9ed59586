import { clockTime, dayOf } from '@paceline/client/text';
import { type ComponentType, type MouseEvent, useEffect, useRef, useSyncExternalStore } from 'react';
import { tokenPrompt, useStore } from '../api/client.ts';
import { reads, useRead } from '../api/reads.ts';
import { useStream } from '../api/stream.ts';
import { DownParts } from './DownParts.tsx';
import { Announcements } from './announce.tsx';
import { ClockProvider, ClockReady, useClock, useNow } from './clock.tsx';
import { TokenPrompt } from './TokenPrompt.tsx';
import { AlertsView } from '../alerts/AlertsView.tsx';
import { DayView } from '../day/DayView.tsx';
import { FreshnessView } from '../freshness/FreshnessView.tsx';
import { LanesView } from '../lanes/LanesView.tsx';
import { RequestsView } from '../requests/RequestsView.tsx';
import { RunsView } from '../runs/RunsView.tsx';
import { ScheduleView } from '../schedule/ScheduleView.tsx';
import { TimelineView } from '../timeline/TimelineView.tsx';
import { WindowsView } from '../windows/WindowsView.tsx';

const views: readonly { name: string; title: string; Show: ComponentType<{ id: string | undefined }> }[] = [
  { name: 'windows', title: 'Rate limits', Show: WindowsView },
  { name: 'lanes', title: 'Queue', Show: LanesView },
  { name: 'timeline', title: 'Timeline', Show: TimelineView },
  { name: 'day', title: 'Last 24 hours', Show: DayView },
  { name: 'runs', title: 'Runs', Show: RunsView },
  { name: 'freshness', title: 'Freshness', Show: FreshnessView },
  { name: 'requests', title: 'Requests', Show: RequestsView },
  { name: 'schedule', title: 'Schedule', Show: ScheduleView },
  { name: 'alerts', title: 'Alerts', Show: AlertsView },
];

/** `#/runs/abc` is item `abc` of the view `runs`. Paths without a hash belong to the API. */
function routeOf(hash: string) {
  const [view = '', id] = hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  return { view: view || 'windows', id: id || undefined };
}

function follow(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

const useRoute = () => routeOf(useSyncExternalStore(follow, () => location.hash));

export function App() {
  useStream();
  const { view, id } = useRoute();
  const shown = views.find(({ name }) => name === view);
  const prompt = useStore(tokenPrompt);
  const title = shown?.title ?? 'Page not found';
  const heading = useFocusOnNewPage(`${view}/${id}`);
  useEffect(() => {
    document.title = `${title} · Paceline`;
  }, [title]);
  return (
    <ClockProvider>
      <a className="skip" href="#main" onClick={skip}>
        Skip to content
      </a>
      <Header />
      <main id="main" tabIndex={-1}>
        {prompt && <TokenPrompt isRejected={prompt === 'wrong'} onEntered={() => heading.current?.focus()} />}
        <DownParts />
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <ClockReady waiting={<p className="hint">Loading …</p>}>
          {shown ? <shown.Show id={id} /> : <p>Choose a page from the menu above.</p>}
        </ClockReady>
        <Announcements />
      </main>
    </ClockProvider>
  );
}

/** The link to a page can be gone with the last one, so the focus moves to the heading of the new page. */
function useFocusOnNewPage(page: string) {
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(page);
  useEffect(() => {
    if (shown.current !== page) heading.current?.focus();
    shown.current = page;
  }, [page]);
  return heading;
}

function skip(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Header() {
  const { view } = useRoute();
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a narrow screen the links scroll sideways; `scrollIntoView` would scroll the page too.
    const current = nav.current?.querySelector<HTMLElement>('[aria-current]');
    if (nav.current && current)
      nav.current.scrollLeft = current.offsetLeft - (nav.current.clientWidth - current.offsetWidth) / 2;
  }, [view]);
  return (
    <header className="head">
      <a className="name" href="#/">
        Paceline
      </a>
      <nav ref={nav} aria-label="Pages">
        {views.map(({ name, title }) => (
          <a key={name} href={`#/${name}`} aria-current={name === view ? 'page' : undefined}>
            {title}
            {name === 'alerts' && <OpenAlerts />}
          </a>
        ))}
        <a href="/docs">API</a>
      </nav>
      <ClockReady waiting={<p className="time">Loading …</p>}>
        <Time />
      </ClockReady>
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

function Time() {
  const now = useNow();
  const { scale } = useClock();
  return (
    <p className="time">
      <span>{dayOf(now)}</span> <time>{clockTime(now)}</time> UTC
      {scale !== 1 && (
        <span className="pace" title={`Paceline's clock runs ${scale} times as fast as real time`}>
          ×{scale}
        </span>
      )}
    </p>
  );
}
