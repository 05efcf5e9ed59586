import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditedBy } from '@paceline/kit/rig';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import { backup, restore, type BackupContext } from '@paceline/launcher/backup';
import { type Sandbox, startSandbox } from '@paceline/sandbox';
import { createClock } from '@paceline/shared/clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** At this speed the 15-minute window of bulk calls lasts 7.5 s. */
const setting = oneEvening(120);
const key = 'a-key';
const output: string[] = [];

let folder: string;
let sandbox: Sandbox;
let stack: TestStack | undefined;

const contextOf = (stateFolder: string): BackupContext => ({
  env: {},
  stateFolder,
  out: (line) => output.push(line),
  error: (line) => output.push(line),
});

const start = (stateFolder: string) =>
  startTestStack(
    setting,
    {
      ZWIFTRACING_BASE_URL: sandbox.url,
      ZWIFTRACING_API_KEY: key,
      ZWIFTRACING_CLUB_IDS: '20650',
      ZWIFTRACING_TIER: 'standard',
    },
    stateFolder,
  );

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-backup-'));
  sandbox = await startSandbox({
    clock: createClock(setting),
    keys: { [key]: 'standard' },
    enforcement: 'sliding-counting-rejects',
  });
  stack = await start(join(folder, 'before'));
});

afterAll(async () => {
  await stack?.stop();
  await sandbox?.close();
  await rm(folder, { recursive: true, force: true });
});

let nextRider = 4_600_000;

async function add(running: TestStack, count: number): Promise<string[]> {
  const adding = Array.from({ length: count }, async () => {
    nextRider += 1;
    const { status, body } = await running.post('/v1/riders', JSON.stringify({ riderId: nextRider }));
    expect(status).toBe(202);
    return String(body.commandId);
  });
  return Promise.all(adding);
}

async function importSome(running: TestStack): Promise<string> {
  const riderIds = Array.from({ length: 30 }, () => (nextRider += 1));
  const { status, body } = await running.post('/v1/riders/import', JSON.stringify({ riderIds }));
  expect(status).toBe(202);
  return String(body.commandId);
}

const ended = (running: TestStack, commands: readonly string[]) =>
  eventually(async () => {
    for (const id of commands) {
      const { state } = await running.get<{ state: string }>(`/v1/commands/${id}`);
      expect(['done', 'failed'], id).toContain(state);
    }
  });

/** The ids of all riders, events and commands of an API. */
const idsOf = async ({ api }: TestStack) => ({
  riders: (await api.all('GET /v1/riders')).map(({ riderId }) => riderId),
  events: (await api.all('GET /v1/events')).map(({ eventId }) => eventId),
  commands: (await api.all('GET /v1/commands')).map(({ commandId }) => commandId),
});

const bulkCalls = () => sandbox.judgement().find(({ budget }) => budget === 'riders_bulk')?.calls ?? 0;

describe('a backup of a running system', () => {
  let inFlight: string[];
  let known: Awaited<ReturnType<typeof idsOf>>;
  const to = () => join(folder, 'backup');

  it('succeeds under load', async () => {
    const running = stack as TestStack;
    await ended(running, [...(await add(running, 3)), await importSome(running)]);
    await eventually(async () => {
      expect(await running.api.all('GET /v1/riders', { query: { clubId: 20650 } })).toHaveLength(120);
      expect(await running.api.all('GET /v1/events')).not.toHaveLength(0);
    });
    inFlight = [...(await add(running, 12)), await importSome(running)];
    known = await idsOf(running);
    expect(await backup(['--to', to()], contextOf(join(folder, 'before'))), output.join('\n')).toBe(0);
    expect(await backup(['--to', to()], contextOf(join(folder, 'before')))).toBe(1);
    expect(output.pop()).toContain('already exists');
  });

  it('is not restored into non-empty servers', async () => {
    expect(await restore(['--from', to()], contextOf(join(folder, 'before')))).toBe(1);
    expect(output.pop()).toContain('already holds a state');
    const { broker, databaseUrl } = stack as TestStack;
    const env = { NATS_URL: broker.adminUrl, DATABASE_URL: databaseUrl };
    expect(await restore(['--from', to()], { ...contextOf(''), env })).toBe(1);
    expect(output.pop()).toContain('the broker is not empty');
  });

  it('is not restored when a file is damaged', async () => {
    const file = join(to(), 'riders.table');
    const whole = await readFile(file, 'utf8');
    await writeFile(file, whole.replace('\t', ' '));
    expect(await restore(['--from', to()], contextOf(join(folder, 'damaged')))).toBe(1);
    expect(output.pop()).toContain('riders.table is missing or does not match its checksum');
    await writeFile(file, whole);
  });

  it('restores all data, finishes commands in flight, and counts calls made after it', async () => {
    const before = stack as TestStack;
    // Calls after the backup: a bulk call with its 15-minute window, and single riders.
    const calls = bulkCalls();
    await ended(before, inFlight);
    const later = importSome(before);
    await add(before, 5);
    await later;
    await eventually(() => expect(bulkCalls()).toBeGreaterThan(calls));
    for (const each of before.processes.values()) await each.crash();
    await before.stop();

    expect(await restore(['--from', to()], contextOf(join(folder, 'after'))), output.join('\n')).toBe(0);
    const after = (stack = await start(join(folder, 'after')));
    await ended(after, [...known.commands, await importSome(after)]);
    const { commands, riders } = await idsOf(after);
    expect(commands).toEqual(expect.arrayContaining(known.commands));
    expect(riders).toEqual(expect.arrayContaining(known.riders));
    for (const id of known.events) expect(await after.get(`/v1/events/${id}`)).toMatchObject({ eventId: id });

    for (const { budget, policy, rejected, fullestWindow, wouldReject } of sandbox.judgement()) {
      expect(rejected, budget).toBe(0);
      expect(fullestWindow, budget).toBeLessThanOrEqual(policy.limit);
      expect(Object.values(wouldReject), budget).toEqual(Object.values(wouldReject).map(() => 0));
    }
    const { certified, report } = await auditedBy(after.broker.adminUrl, new URL(sandbox.url).origin);
    expect(certified, report).toBe(true);
    expect(report).toContain('The previous journal was found lost');
  });
});
