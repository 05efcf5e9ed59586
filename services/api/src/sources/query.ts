import { type Database, tables } from '@paceline/shared/database';
import { getTableColumns } from 'drizzle-orm';
import type { SourceRow } from './view.ts';

const { account: _, address: __, refusals: ___, probes: ____, ...shown } = getTableColumns(tables.sources);

/** The sources that have been asked. */
export const findSources = (db: Database): Promise<SourceRow[]> => db.select(shown).from(tables.sources);
