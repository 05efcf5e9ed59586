import { setTimeout as sleep } from 'node:timers/promises';
import { auditedBy } from '@paceline/kit/rig';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import { type RestartableProcess, startStack } from '@paceline/launcher';
import { canRunCluster } from '@paceline/shared/testing';
import { afterEach, describe, expect, it } from 'vitest';

let stack: TestStack | undefined;
/** The lines on the console of `npm start`. */
let console: string[] = [];
let nextRider = 4_700_000;

afterEach(async () => {
  await stack?.stop();
  stack = undefined;
});

async function start(brokers: string): Promise<TestStack> {
  console = [];
  // At this speed a restart takes less than the five minutes after which a rider add expires.
  const env = { PACELINE_BROKERS: brokers };
  return (stack = await startTestStack(oneEvening(10), env, undefined, (options) =>
    startStack({ ...options, report: (line) => void console.push(line) }),
  ));
}

/** Adds a rider each second until it is stopped; a refused request is sent again. */
function addRiders({ post }: TestStack) {
  const accepted: string[] = [];
  const over = new AbortController();
  const adding = (async () => {
    while (!over.signal.aborted) {
      nextRider += 1;
      const command = JSON.stringify({ riderId: nextRider });
      await eventually(async () => {
        const { status, headers } = await post('/v1/riders', command);
        expect(status).toBe(202);
        accepted.push(headers.get('location') ?? '');
      });
      await sleep(1_000);
    }
  })();
  return {
    accepted: accepted as readonly string[],
    async stop() {
      over.abort();
      await adding;
    },
  };
}

async function kill(server: RestartableProcess): Promise<void> {
  const pid = server.pid();
  expect(pid).toBeGreaterThan(0);
  process.kill(pid ?? 0, 'SIGKILL');
  await eventually(() => expect(console).toContain(`${server.name} is running again`));
  expect(server.pid()).not.toBe(pid);
}

const untilWell = ({ processes }: TestStack) =>
  eventually(async () => {
    for (const { name, readyUrl } of processes.values()) {
      const answer = await fetch(readyUrl);
      expect(answer.status, `${name}: ${await answer.text()}`).toBe(200);
    }
  });

const setups: Array<[name: string, brokers: string]> = [['a single broker', '1']];
if (await canRunCluster()) setups.push(['a cluster of three', '3']);

describe.each(setups)('with %s, a broker or database that is killed', (_, brokers) => {
  it('is restarted with a line on the console, and no accepted command is lost', async () => {
    const started = await start(brokers);
    const { broker, database } = started;
    const servers = [...broker.servers, ...(database ? [database] : [])];
    expect(servers).toHaveLength(Number(brokers) + 1);
    const adding = addRiders(started);
    for (const server of servers) {
      const before = adding.accepted.length;
      await kill(server);
      await untilWell(started);
      await eventually(() => expect(adding.accepted.length).toBeGreaterThan(before + 2));
    }
    await adding.stop();
    for (const location of adding.accepted)
      await eventually(async () => expect(await started.get(location)).toMatchObject({ state: 'done' }));
    for (const { name } of servers)
      expect(console).toContainEqual(
        expect.stringMatching(new RegExp(`^${name} was ended by SIGKILL, restarting \\(log: .+\\.log\\)$`)),
      );
    const { certified, report } = await auditedBy(broker.urlFor('limiter'), started.sandboxUrl ?? '');
    expect(certified, report).toBe(true);
  });
});
