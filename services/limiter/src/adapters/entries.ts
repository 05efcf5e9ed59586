import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream';
import { catalog } from '@paceline/shared/contracts';
import { retryWhileUnavailable } from '@paceline/shared/messaging';

/** So many places are read from at once: each entry is a request of its own. */
const hands = 16;

/**
 * The messages of a subject from one place of the journal's stream to another, both included, in order. The stream's
 * leader is asked for each: a consumer would have to be made by the leader of the whole cluster, who may be away as well.
 */
export async function entriesBetween(
  { streams }: JetStreamManager,
  subject: string,
  from: number,
  to: number,
): Promise<StoredMsg[]> {
  const share = Math.ceil((to - from + 1) / hands);
  const parts = Array.from({ length: hands }, async (_, hand) => {
    const begin = from + hand * share;
    const end = Math.min(to, begin + share - 1);
    const found: StoredMsg[] = [];
    for (let next = begin; next <= end;) {
      const query = { seq: next, next_by_subj: subject };
      const stored = await retryWhileUnavailable(() => streams.getMessage(catalog.journal.stream, query));
      if (!stored || stored.seq > end) break;
      found.push(stored);
      next = stored.seq + 1;
    }
    return found;
  });
  return (await Promise.all(parts)).flat();
}
