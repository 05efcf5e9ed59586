import { clockTime, dayOf } from '@paceline/client/text';
import {
  type ComponentType,
  type FormEvent,
  type MouseEvent,
  useContext,
  useEffect,
  useRef,
  useSyncExternalStore,
} from 'react';
import { reachable, token, tokenWanted, useStore } from '../api/client.ts';
import { queryClient, reads, useRead } from '../api/reads.ts';
import { useStream } from '../api/stream.ts';
import { ClockContext, ClockProvider, useNow } from './clock.tsx';
import { AlertsView } from '../alerts/AlertsView.tsx';
import { DayView } from '../day/DayView.tsx';
import { FreshnessView } from '../freshness/FreshnessView.tsx';
import { LanesView } from '../lanes/LanesView.tsx';
import { RidersView } from '../riders/RidersView.tsx';
import { RunsView } from '../runs/RunsView.tsx';
import { ScheduleView } from '../schedule/ScheduleView.tsx';
import { TimelineView } from '../timeline/TimelineView.tsx';
import { WindowsView } from '../windows/WindowsView.tsx';

const views: readonly { name: string; title: string; Show: ComponentType<{ id: string | undefined }> }[] = [
  { name: 'windows', title: 'Windows', Show: WindowsView },
  { name: 'lanes', title: 'Lanes', Show: LanesView },
  { name: 'timeline', title: 'Timeline', Show: TimelineView },
  { name: 'day', title: '24 hours', Show: DayView },
  { name: 'runs', title: 'Runs', Show: RunsView },
  { name: 'freshness', title: 'Freshness', Show: FreshnessView },
  { name: 'riders', title: 'Riders', Show: RidersView },
  { name: 'schedule', title: 'Schedule', Show: ScheduleView },
  { name: 'alerts', title: 'Alerts', Show: AlertsView },
];

/** Where the page is: `#/runs/abc` is view `runs` and `abc` in it. The rest of the address is the API's. */
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
  const wanted = useStore(tokenWanted);
  const there = useStore(reachable);
  const title = shown?.title ?? 'There is no such view';
  useEffect(() => {
    document.title = `${title} · Paceline`;
  }, [title]);
  return (
    <>
      <a className="skip" href="#main" onClick={skip}>
        Skip to the picture
      </a>
      <ClockProvider waiting={<Header now={false} />}>
        <Header now />
        <main id="main" tabIndex={-1}>
          {!there && (
            <p className="away" role="alert">
              The API does not answer. What you see is what was last heard; it is asked again every moment.
            </p>
          )}
          <h1>{title}</h1>
          {shown ? <shown.Show id={id} /> : <p>Choose one above.</p>}
        </main>
      </ClockProvider>
      {wanted && <TokenForm wrong={wanted === 'wrong'} />}
    </>
  );
}

function skip(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Header({ now }: { now: boolean }) {
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

function TokenForm({ wrong }: { wrong: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  function keep(event: FormEvent) {
    event.preventDefault();
    token.set(field.current?.value.trim() ?? '');
    void queryClient.invalidateQueries();
  }
  return (
    <dialog ref={dialog} aria-labelledby="token-title" onCancel={(event) => event.preventDefault()}>
      <form onSubmit={keep}>
        <h2 id="token-title">This API wants a token</h2>
        <p className="hint">It is `API_TOKEN` of this installation. This tab keeps it until it is closed.</p>
        {wrong && (
          <p className="wrong" role="alert">
            That was not the right one.
          </p>
        )}
        <label>
          Token <input ref={field} type="password" required autoComplete="off" />
        </label>{' '}
        <button className="main">Go on</button>
      </form>
    </dialog>
  );
}
