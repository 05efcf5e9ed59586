import { type MouseEvent, Suspense, useEffect, useRef } from 'react';
import { tokenPrompt, useStore } from '../api/client.ts';
import { reads, useRead } from '../api/reads.ts';
import { useStream } from '../api/stream.ts';
import { DownParts } from './DownParts.tsx';
import { Header } from './Header.tsx';
import { Announcements } from './announce.tsx';
import { ClockProvider, ClockReady } from './clock.tsx';
import { PageBoundary } from './PageBoundary.tsx';
import { pages } from './pages.ts';
import { useRoute } from './route.ts';
import { itemTitle } from './title.ts';
import { TokenPrompt } from './TokenPrompt.tsx';

export function App() {
  useStream();
  useRead(reads.upstreams);
  const { page: name, id, query } = useRoute();
  const page = pages.find((each) => each.name === name);
  const item = useStore(itemTitle);
  const prompt = useStore(tokenPrompt);
  const title = item ?? page?.title ?? 'Page not found';
  const heading = useFocusOnNewPage(`${name}/${id}`);
  useEffect(() => {
    document.title = `${title} · Paceline`;
  }, [title]);
  return (
    <ClockProvider>
      <a className="skip" href="#main" onClick={skip}>
        Skip to content
      </a>
      <Header page={name} />
      <main id="main" tabIndex={-1}>
        {prompt && <TokenPrompt isRejected={prompt === 'wrong'} onEntered={() => heading.current?.focus()} />}
        <DownParts />
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {page && id === undefined && <p className="question">{page.question}</p>}
        <ClockReady waiting={loading}>
          {page ? (
            <PageBoundary key={`${name}/${id}`}>
              <Suspense fallback={loading}>
                <page.Page id={id} query={query} />
              </Suspense>
            </PageBoundary>
          ) : (
            <p>Choose a page from the menu above.</p>
          )}
        </ClockReady>
        <Announcements />
      </main>
    </ClockProvider>
  );
}

const loading = <p className="hint">Loading …</p>;

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
