import { count } from '@paceline/shared/words';
import { reads, useRead } from '../api/reads.ts';
import { Read } from '../parts/elements.tsx';
import { Time } from '../parts/time.tsx';
import { problemsOf, quietSince } from './problems.ts';

const shownProblems = 3;

export function Problems() {
  const health = useRead(reads.health);
  return (
    <section className="card problems" aria-labelledby="problems-title">
      <h2 id="problems-title">Is anything wrong?</h2>
      <Read from={reads.alerts} live>
        {({ items }) => {
          const parts = health.error ? [] : (health.data?.parts ?? []);
          const problems = problemsOf(items, parts);
          if (problems.length === 0) return <Quiet since={quietSince(items, parts)} />;
          return (
            <>
              <p className="verdict wrong" data-problems={problems.length}>
                {count(problems.length, 'problem')}
              </p>
              <ul className="problem-list">
                {problems.slice(0, shownProblems).map(({ key, title, since, advice, severity }) => (
                  <li key={key}>
                    <strong className={severity === 'error' ? 'wrong' : undefined}>{title}</strong>
                    {since !== null && (
                      <span className="hint">
                        {' '}
                        since <Time at={since} />
                      </span>
                    )}
                    <br />
                    {advice}
                  </li>
                ))}
              </ul>
            </>
          );
        }}
      </Read>
      <a href="#/alerts">All alerts</a>
    </section>
  );
}

const Quiet = ({ since }: { since: string | null }) => (
  <>
    <p className="verdict" data-problems={0}>
      Nothing is wrong
    </p>
    {since !== null && (
      <p className="hint">
        Since <Time at={since} />.
      </p>
    )}
  </>
);
