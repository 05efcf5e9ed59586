import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { monotonic, until } from '@paceline/kit/waiting';
import { connect } from '@paceline/shared/messaging';

const echo = 'bench.echo';
const journal = 'bench.journal';
/** About the size of a permit's journal entry. */
const payload = new Uint8Array(256);

/** Replies to every request at once. */
export async function respond(url: string): Promise<void> {
  const connection = await connect(url, 'provision');
  connection.subscribe(echo, { callback: (_, message) => void message.respond(payload) });
  await connection.flush();
}

/** The minimum for a durable permit: a request to another process and an ordered append. @returns ms of each pair */
export async function requestAndAppend(pairs: {
  url: string;
  count: number;
  pauseMs: number;
}): Promise<number[]> {
  const { url, count, pauseMs } = pairs;
  const connection = await connect(url, 'provision');
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'BENCH', subjects: [journal] });
  const stream = jetstream(connection);
  const took: number[] = [];
  let lastSubjectSequence = (await manager.streams.info('BENCH')).state.last_seq;
  for (let index = 0; index < count; index += 1) {
    const start = monotonic();
    await connection.request(echo, payload);
    const { seq } = await stream.publish(journal, payload, { expect: { lastSubjectSequence } });
    lastSubjectSequence = seq;
    took.push(monotonic() - start);
    await until(monotonic() + pauseMs);
  }
  await connection.close();
  return took;
}
