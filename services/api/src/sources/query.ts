import { type Database, tables } from '@paceline/shared/database';
import { columnsBut } from '../http/params.ts';
import type { SourceRow } from './view.ts';

const shown = columnsBut(tables.sources, 'account', 'address', 'refusals', 'probes');

/** The sources that have been asked. */
export const findSources = (db: Database): Promise<SourceRow[]> => db.select(shown).from(tables.sources);
