import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { TestStack } from '@paceline/kit/stack';
import { quantile } from '@paceline/kit/statistics';
import { openDatabase, tables } from '@paceline/shared/database';
import { connect } from '@paceline/shared/messaging';

const burstSize = 100;
const rounds = 20;
const floorStream = 'SCALE_FLOOR';

export type Burst = Awaited<ReturnType<typeof burst>>;

/** Rounds of a hundred adds at once, with upstream's documented limits. */
export async function burst(stack: TestStack) {
  // Warm-up.
  for (let round = 0; round < 3; round += 1) await hundredAdds(stack);
  const floor = await measureFloor(stack);
  const all: Awaited<ReturnType<typeof hundredAdds>> = [];
  for (let round = 0; round < rounds; round += 1) all.push(...(await hundredAdds(stack)));
  return {
    requests: all.length,
    accepted: all.filter(({ status }) => status === 202).length,
    estimated: all.filter(({ status, estimated }) => status === 202 && estimated).length,
    // Real ms per `POST /v1/riders` with a hundred at once; the floor without other load.
    ...quantiles(all.map(({ took }) => took)),
    floor,
  };
}

let rider = 5_000_000;

const hundredAdds = (stack: TestStack) =>
  Promise.all(
    Array.from({ length: burstSize }, async () => {
      rider += 1;
      const body = JSON.stringify({ riderId: rider });
      const startedAt = performance.now();
      const answer = await stack.post('/v1/riders', body);
      const took = performance.now() - startedAt;
      return { status: answer.status, estimated: typeof answer.body['estimatedAt'] === 'string', took };
    }),
  );

/** The minimum for accepting a command: one insert, then one publish. */
async function measureFloor(stack: TestStack) {
  const database = openDatabase(stack.databaseUrl, () => undefined, { connections: 1 });
  const connection = await connect(stack.broker.adminUrl, 'provision');
  const { streams } = await jetstreamManager(connection);
  await streams.add({ name: floorStream, subjects: [floorStream] });
  const js = jetstream(connection);
  const took: number[] = [];
  for (let each = 0; each < 500; each += 1) {
    const startedAt = performance.now();
    await database.db.insert(tables.commands).values(endedCommand());
    await js.publish(floorStream, JSON.stringify({ each }));
    took.push(performance.now() - startedAt);
  }
  await streams.delete(floorStream);
  await Promise.all([database.close(), connection.close()]);
  return quantiles(took.slice(100));
}

/** A finished command, which is not carried out. */
function endedCommand(): (typeof tables.commands)['$inferInsert'] {
  const at = Date.now();
  const times = { requestedAt: at, publishedAt: at, updatedAt: at, finishedAt: at };
  return {
    commandId: crypto.randomUUID(),
    type: 'add-rider',
    riderId: 1,
    progress: { state: 'done' },
    ...times,
  };
}

const quantiles = (values: readonly number[]) => ({
  p50: quantile(values, 0.5),
  p99: quantile(values, 0.99),
});
