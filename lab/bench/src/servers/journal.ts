import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { catalog, type JournalEntry } from '@paceline/shared/contracts';
import { connect } from '@paceline/shared/messaging';

/**
 * Reads every journal and counts the calls that were committed under a claim which was not the last one at that point:
 * what a limiter that was replaced must never manage. A permit's id begins with its claim.
 */
export async function lateCommits(url: string): Promise<number> {
  const connection = await connect(url, 'provision');
  const { stream } = catalog.journal;
  const { state } = await (await jetstreamManager(connection)).streams.info(stream);
  const claims = new Map<string, number>();
  let late = 0;
  const consumer = await jetstream(connection).consumers.get(stream);
  for await (const message of await consumer.consume()) {
    const entry = message.json<JournalEntry>();
    for (const fact of entry.entry === 'facts' ? entry.facts : []) {
      if (fact.fact === 'claimed') claims.set(message.subject, message.seq);
      if (fact.fact !== 'started') continue;
      const claim = claims.get(message.subject);
      if (claim !== undefined && Number.parseInt(fact.interval.permit, 10) !== claim) late += 1;
    }
    if (message.seq >= state.last_seq) break;
  }
  await connection.close();
  return late;
}
