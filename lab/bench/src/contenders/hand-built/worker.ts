import { readArguments } from './all.ts';

// The worker process of a hand-built system: takes jobs, calls upstream, stores the rider and the end of the command.

const { queue, upstreamUrl, ...settings } = readArguments();
const headers = { authorization: 'sandbox-key' };

await queue.openWorker({ ...settings, upstreamUrl }, async (store, command) => {
  const startedAt = new Date();
  const response = await fetch(`${upstreamUrl}/public/riders/${command.riderId}`, { headers });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`upstream answered ${response.status}`);
  const durationMs = Date.now() - startedAt.getTime();
  await store.finish(command, { status: response.status, startedAt, durationMs, body });
});
