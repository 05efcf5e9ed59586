import { useEffect } from 'react';
import { reachable } from '../api/client.ts';
import { useStream } from '../api/stream.ts';
import { useStore } from '../api/store.ts';
import { tokenWanted } from '../api/token.ts';
import { ClockProvider } from '../time/ClockProvider.tsx';
import { Header } from './Header.tsx';
import { useRoute } from './route.ts';
import { TokenForm } from './TokenForm.tsx';
import { views } from './views.ts';

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

function skip(event: React.MouseEvent): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
