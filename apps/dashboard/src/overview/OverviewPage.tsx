import { summary } from '@paceline/client/text';
import { reads } from '../api/reads.ts';
import { useNow } from '../app/clock.tsx';
import { Read } from '../parts/elements.tsx';

export function OverviewPage() {
  const now = useNow();
  return (
    <Read from={reads.budgets} live>
      {({ items }) => <p className="summary">{summary(items, now)}</p>}
    </Read>
  );
}
