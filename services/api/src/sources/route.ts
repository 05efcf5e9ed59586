import { type Database, tables } from '@paceline/shared/database';
import { columnsBut } from '../http/params.ts';
import { type SourceRow, sourceShape, sourcesView } from './view.ts';
import { z } from '@hono/zod-openapi';
import { answers, endpoint } from '../http/route.ts';

const shown = columnsBut(tables.sources, 'account', 'address', 'refusals', 'probes');

export const findSources = (db: Database): Promise<SourceRow[]> => db.select(shown).from(tables.sources);

export const sourceRoutes = [
  endpoint('get', '/v1/sources', 'getSources', {
    tags: ['coordination'],
    summary: 'Which of its sources upstream gives us, and why it does not give the others',
    responses: answers('As of now', z.object({ sources: z.array(sourceShape) })),
    answer: async (c, { db }) => c.json({ sources: sourcesView(await findSources(db)) }, 200),
  }),
];
