import { count } from '@paceline/shared/words';
import { reads, useRead } from '../api/reads.ts';
import { Time } from '../parts/time.tsx';
import { type Problem, problemsOf, quietSince } from './problems.ts';

const shownProblems = 3;

export const Problems = () => (
  <section className="card problems" aria-labelledby="problems-title">
    <h2 id="problems-title">Is anything wrong?</h2>
    <Verdict />
    <a href="#/alerts">All alerts</a>
  </section>
);

function Verdict() {
  const alerts = useRead(reads.alerts);
  const health = useRead(reads.health);
  const items = alerts.error ? undefined : alerts.data?.items;
  const parts = health.error ? undefined : health.data?.parts;
  const problems = problemsOf(items ?? [], parts ?? []);
  if (problems.length > 0) return <ProblemList problems={problems} />;
  if (items && parts) return <Quiet since={quietSince(items, parts)} />;
  if (alerts.isPending || health.isPending) return <p className="hint">Loading …</p>;
  return <p className="verdict">Unknown</p>;
}

const ProblemList = ({ problems }: { problems: readonly Problem[] }) => (
  <>
    <p
      className={problems.some(({ severity }) => severity === 'error') ? 'verdict wrong' : 'verdict'}
      data-problems={problems.length}
    >
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
