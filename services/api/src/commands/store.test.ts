import { manualMachine } from '@paceline/shared/clock';
import { type DatabaseClient, openDatabase, tables } from '@paceline/shared/database';
import { type TestBackend, sharedBackend } from '@paceline/shared/testing/backend';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { commandQueue } from './queue.ts';
import { type CommandStore, commandStore, type NewCommand } from './store.ts';

const { commands, wantedRiders } = tables;
let backend: TestBackend;
let database: DatabaseClient;
let machine: ReturnType<typeof manualMachine>;
/** Two stores, as if in two processes. */
let here: CommandStore;
let there: CommandStore;

beforeAll(async () => {
  backend = await sharedBackend();
  database = openDatabase(backend.databaseUrl, () => {});
});
afterAll(async () => {
  await database?.close();
  await backend?.close();
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

/** Each command is for another rider. */
const riderOf = (commandId: string): number =>
  Buffer.from(commandId).reduce((sum, byte) => (sum * 31 + byte) % 1_000_000_007, 7);
const command = (commandId: string, overrides: Partial<NewCommand> = {}): NewCommand => ({
  commandId,
  type: 'add-rider',
  riderId: riderOf(commandId),
  progress: { state: 'waiting_in_line', position: 1, at: null },
  requestedAt: 1_000,
  updatedAt: 1_000,
  finishedAt: null,
  traceparent: null,
  ...overrides,
});
const repeated = (commandId: string) => command(commandId, { requestedAt: 2_000, updatedAt: 2_000 });
const importOf = (commandId: string) => command(commandId, { type: 'import-riders', riderId: null });
const stored = (commandId: string) => database.db.$count(commands, eq(commands.commandId, commandId));

describe('two requests for the same command in one batch', () => {
  it('store an add once, with only the first one reported as new', async () => {
    // The others form one batch while the first is in flight.
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

describe('adds of one rider', () => {
  const addOf = (commandId: string, overrides: Partial<NewCommand> = {}) =>
    command(commandId, { riderId: 7, ...overrides });

  it('are one command while it waits, also at the same time and in several processes', async () => {
    const [first, second] = await Promise.all([here.store(addOf('one'), []), here.store(addOf('two'), [])]);
    expect([first, second].map(({ commandId, isNew }) => [commandId, isNew])).toEqual([
      ['one', true],
      ['one', false],
    ]);
    expect(await there.store(addOf('three'), [])).toMatchObject({ commandId: 'one', isNew: false });
    expect(await database.db.$count(commands)).toBe(1);
  });

  it('are one command when two processes store them at the same moment', async () => {
    for (let riderId = 100; riderId < 400; riderId += 1) {
      const adds = await Promise.all(
        [here, there].map((to, index) => to.store(addOf(`${riderId}-${index}`, { riderId }), [])),
      );
      expect(new Set(adds.map(({ commandId }) => commandId)).size).toBe(1);
      expect(adds.filter(({ isNew }) => isNew)).toHaveLength(1);
    }
    expect(await database.db.$count(commands)).toBe(300);
  });

  it('are separate commands once the waiting one could give up before the new one has had its time', async () => {
    await here.store(addOf('one'), []);
    const at = (ms: number) => ({ requestedAt: ms, updatedAt: ms });
    expect(await there.store(addOf('two', at(240_000)), [])).toMatchObject({ commandId: 'one' });
    expect(await there.store(addOf('three', at(241_000)), [])).toMatchObject({
      commandId: 'three',
      isNew: true,
    });
  });

  it('all fail with the one that is being stored while Postgres does not answer, not one after the other', async () => {
    let statements = 0;
    const hanging = Object.assign(Object.create(database.db) as typeof database.db, {
      $client: {
        query: async () => {
          statements += 1;
          throw Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });
        },
      },
    });
    const store = commandStore(hanging, commandQueue(1_000), machine);
    const results = await Promise.allSettled(['one', 'two', 'three'].map((id) => store.store(addOf(id), [])));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(statements).toBe(1);
  });

  it('are counted in the position of the waiting one', async () => {
    await here.store(command('before', { requestedAt: 500 }), []);
    await here.store(addOf('one'), []);
    await here.store(command('after', { requestedAt: 1_500 }), []);
    expect(await there.store(addOf('two'), [])).toMatchObject({ commandId: 'one', ahead: 1 });
  });

  it('are separate commands once its call runs or has ended', async () => {
    await here.store(addOf('one'), []);
    const set = (change: Partial<typeof commands.$inferInsert>) =>
      database.db.update(commands).set(change).where(eq(commands.commandId, 'one'));
    await set({ progress: { state: 'running' } });
    expect(await there.store(addOf('two'), [])).toMatchObject({ commandId: 'two', isNew: true });
    await set({ progress: { state: 'waiting_in_line', position: 1, at: null }, finishedAt: 2_000 });
    await database.db.delete(commands).where(eq(commands.commandId, 'two'));
    expect(await there.store(addOf('three'), [])).toMatchObject({ commandId: 'three', isNew: true });
  });

  it('keep the waiting one when the request that stored it was rejected', async () => {
    here.rejected.add(addOf('one'));
    await there.store(addOf('one'), []);
    expect(await there.store(addOf('two'), [])).toMatchObject({ commandId: 'one' });
    await here.rejected.withdraw();
    expect(await stored('one')).toBe(1);
  });

  it('are stored by the second request if the first one fails', async () => {
    const failing = { ...addOf('one'), requestedAt: Number.NaN };
    const [first, second] = await Promise.allSettled([here.store(failing, []), here.store(addOf('two'), [])]);
    expect(first.status).toBe('rejected');
    expect(second).toMatchObject({ value: { commandId: 'two', isNew: true } });
  });
});

it('does not deadlock when two processes store the same commands in opposite orders', async () => {
  for (let round = 0; round < 5; round += 1) {
    const ids = Array.from({ length: 300 }, (_, index) => `${round}-${index}`);
    const store = (to: CommandStore) => (id: string) => to.store(command(id), []);
    const results = await Promise.all([...ids.map(store(here)), ...ids.toReversed().map(store(there))]);
    expect(results.filter(({ isNew }) => isNew)).toHaveLength(ids.length);
  }
});

describe('a rejected command', () => {
  const rejectAndWithdraw = async (id: string) => {
    here.rejected.add(command(id));
    await here.rejected.withdraw();
  };

  it('is withdrawn if its statement is committed later', async () => {
    await rejectAndWithdraw('late');
    await there.store(command('late'), []);
    machine.moveTo(200_000);
    expect(here.rejected.has(command('late'))).toBe(true);
    await here.rejected.withdraw();
    expect(await stored('late')).toBe(0);
  });

  it('is withdrawn with the riders of its import, and no longer remembered after some minutes', async () => {
    await rejectAndWithdraw('import');
    await there.store(importOf('import'), [1, 2]);
    machine.moveTo(400_000);
    await here.rejected.withdraw();
    expect(await database.db.$count(wantedRiders)).toBe(0);
    expect(here.rejected.has(command('import'))).toBe(false);
  });

  it.each(['here', 'there'] as const)(
    'stays if it was accepted since then, in the process %s',
    async (where) => {
      const again = where === 'here' ? here : there;
      here.rejected.add(command('stored'));
      await there.store(command('stored'), []);
      expect((await again.store(repeated('stored'), [])).isNew).toBe(false);
      here.rejected.add(command('new'));
      expect((await again.store(repeated('new'), [])).isNew).toBe(true);

      await here.rejected.withdraw();
      expect([await stored('stored'), await stored('new')]).toEqual([1, 1]);
    },
  );

  it('stays if it was accepted in the same millisecond, or published', async () => {
    here.rejected.add(command('same'));
    await there.store(command('same'), []);
    await there.store(command('same'), []);
    here.rejected.add(command('published'));
    await there.store(command('published'), []);
    await database.db
      .update(commands)
      .set({ publishedAt: 1_500, sequence: 1 })
      .where(eq(commands.commandId, 'published'));

    await here.rejected.withdraw();
    expect([await stored('same'), await stored('published')]).toEqual([1, 1]);
  });
});
