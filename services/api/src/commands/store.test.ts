import { manualMachine } from '@paceline/shared/clock';
import { type DatabaseClient, openDatabase, tables } from '@paceline/shared/database';
import { type TestBackend, sharedBackend } from '@paceline/shared/testing/backend';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { commandQueue } from './batches.ts';
import { type CommandStore, commandStore, type NewCommand } from './store.ts';

const { commands, wantedRiders } = tables;
let place: TestBackend;
let database: DatabaseClient;
let machine: ReturnType<typeof manualMachine>;
/** Two processes, as far as they know. */
let here: CommandStore;
let there: CommandStore;

beforeAll(async () => {
  place = await sharedBackend();
  database = openDatabase(place.databaseUrl, () => {});
});
afterAll(async () => {
  await database?.close();
  await place?.close();
});
beforeEach(() => {
  machine = manualMachine(0);
  const start = () => commandStore(database.db, commandQueue(1_000), machine);
  [here, there] = [start(), start()];
});
afterEach(async () => {
  await database.db.delete(commands);
  await database.db.delete(wantedRiders);
});

const command = (commandId: string, known: Partial<NewCommand> = {}): NewCommand => ({
  commandId,
  type: 'add-rider',
  riderId: 7,
  progress: { state: 'waiting_in_line', position: 1, at: null },
  requestedAt: 1_000,
  updatedAt: 1_000,
  finishedAt: null,
  traceparent: null,
  ...known,
});
const sentAgain = (commandId: string) => command(commandId, { requestedAt: 2_000, updatedAt: 2_000 });
const importOf = (commandId: string) => command(commandId, { type: 'import-riders', riderId: null });
const stored = (commandId: string) => database.db.$count(commands, eq(commands.commandId, commandId));

describe('two requests for one command in one batch', () => {
  it('store an add once, and only the first one is new', async () => {
    // While the first is in flight the others gather.
    const results = await Promise.all(
      ['leading', 'same', 'same', 'other'].map((id) => here.store(command(id), [])),
    );
    expect(results.map(({ isNew }) => isNew)).toEqual([true, true, false, true]);
    expect(results[3]?.ahead).toBe(2);
  });

  it('store an import and its riders once', async () => {
    const results = await Promise.all(
      ['leading', 'same', 'same', 'other'].map((id) => here.store(importOf(id), [1, 2])),
    );
    expect(results.map(({ isNew }) => isNew)).toEqual([true, true, false, true]);
    expect(await database.db.$count(wantedRiders, eq(wantedRiders.commandId, 'same'))).toBe(2);
  });
});

it('two processes that store the same commands in opposite orders do not lock each other out', async () => {
  for (let round = 0; round < 5; round += 1) {
    const ids = Array.from({ length: 300 }, (_, index) => `${round}-${index}`);
    const store = (to: CommandStore) => (id: string) => to.store(command(id), []);
    const results = await Promise.all([...ids.map(store(here)), ...ids.toReversed().map(store(there))]);
    expect(results.filter(({ isNew }) => isNew)).toHaveLength(ids.length);
  }
});

describe('a refused command', () => {
  const cutOff = async (id: string) => {
    here.refused.note(command(id));
    await here.refused.withdraw();
  };

  it('is withdrawn when its statement is committed only later', async () => {
    await cutOff('late');
    await there.store(command('late'), []);
    machine.moveTo(200_000);
    expect(here.refused.has(command('late'))).toBe(true);
    await here.refused.withdraw();
    expect(await stored('late')).toBe(0);
  });

  it('is withdrawn with the riders of its import, and forgotten after some minutes', async () => {
    await cutOff('import');
    await there.store(importOf('import'), [1, 2]);
    machine.moveTo(400_000);
    await here.refused.withdraw();
    expect(await database.db.$count(wantedRiders)).toBe(0);
    expect(here.refused.has(command('import'))).toBe(false);
  });

  it.each(['here', 'there'] as const)('stays when it was accepted since, in a process %s', async (where) => {
    const again = where === 'here' ? here : there;
    here.refused.note(command('stored'));
    await there.store(command('stored'), []);
    expect((await again.store(sentAgain('stored'), [])).isNew).toBe(false);
    here.refused.note(command('new'));
    expect((await again.store(sentAgain('new'), [])).isNew).toBe(true);

    await here.refused.withdraw();
    expect([await stored('stored'), await stored('new')]).toEqual([1, 1]);
  });

  it('stays when it was accepted since in the same millisecond, and when it was handed on', async () => {
    here.refused.note(command('same'));
    await there.store(command('same'), []);
    await there.store(command('same'), []);
    here.refused.note(command('published'));
    await there.store(command('published'), []);
    await database.db
      .update(commands)
      .set({ publishedAt: 1_500, sequence: 1 })
      .where(eq(commands.commandId, 'published'));

    await here.refused.withdraw();
    expect([await stored('same'), await stored('published')]).toEqual([1, 1]);
  });
});
