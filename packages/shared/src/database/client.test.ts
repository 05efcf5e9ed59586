import { expect, it } from 'vitest';
import { takeDatabase } from '../testing/database.ts';
import { openDatabase } from './client.ts';

it('a connection comes back to the pool also when a transaction can not begin on it', async () => {
  const database = openDatabase(await takeDatabase(), () => undefined, 1);
  const unknown = 'as you like it' as 'serializable';
  const nothing = async () => undefined;
  for (let time = 0; time < 3; time += 1)
    await expect(database.db.transaction(nothing, { isolationLevel: unknown })).rejects.toThrow();
  await database.ping();
  await database.db.transaction(nothing);
  await database.close();
});
