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
import { apiReachable, token, tokenPrompt, useStore } from '../api/client.ts';
import { queryClient, reads, useRead } from '../api/reads.ts';
import { useStream } from '../api/stream.ts';
import { DownParts } from './DownParts.tsx';
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
  { name: 'windows', title: 'Rate limits', Show: WindowsView },
  { name: 'lanes', title: 'Queue', Show: LanesView },
  { name: 'timeline', title: 'Timeline', Show: TimelineView },
  { name: 'day', title: 'Last 24 hours', Show: DayView },
  { name: 'runs', title: 'Runs', Show: RunsView },
  { name: 'freshness', title: 'Freshness', Show: FreshnessView },
  { name: 'riders', title: 'Riders', Show: RidersView },
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
  const isReachable = useStore(apiReachable);
  const title = shown?.title ?? 'Page not found';
  useEffect(() => {
    document.title = `${title} · Paceline`;
  }, [title]);
  return (
    <>
      <a className="skip" href="#main" onClick={skip}>
        Skip to content
      </a>
      <ClockProvider waiting={<Header now={false} />}>
        <Header now />
        <main id="main" tabIndex={-1}>
          {isReachable ? (
            <DownParts />
          ) : (
            <p className="banner" role="alert">
              The API is not responding; retrying …
            </p>
          )}
          <h1>{title}</h1>
          {shown ? <shown.Show id={id} /> : <p>Choose a page from the menu above.</p>}
        </main>
      </ClockProvider>
      {prompt && <TokenForm isRejected={prompt === 'wrong'} />}
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
      <nav aria-label="Pages">
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
        <span className="visually-hidden"> open</span>
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
        <span className="pace" title={`Paceline's clock runs ${scale} times as fast as real time`}>
          ×{scale}
        </span>
      )}
    </p>
  );
}

function TokenForm({ isRejected }: { isRejected: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  function saveToken(event: FormEvent) {
    event.preventDefault();
    token.set(field.current?.value.trim() ?? '');
    void queryClient.invalidateQueries();
  }
  return (
    <dialog ref={dialog} aria-labelledby="token-title" onCancel={(event) => event.preventDefault()}>
      <form onSubmit={saveToken}>
        <h2 id="token-title">Enter the API token</h2>
        <p className="hint">
          The <code>API_TOKEN</code> of this installation. It is kept until you close this tab.
        </p>
        {isRejected && (
          <p className="wrong" role="alert">
            Token not accepted.
          </p>
        )}
        <label>
          Token <input ref={field} type="password" required autoComplete="off" />
        </label>{' '}
        <button className="main">Continue</button>
      </form>
    </dialog>
  );
}
