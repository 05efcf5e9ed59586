import { type Database, tables } from '@paceline/shared/database';
import { columnsExcept } from '../http/params.ts';
import { type SourceRow, sourceShape, sourcesView } from './view.ts';
import { z } from '@hono/zod-openapi';
import { jsonResponses, endpoint } from '../http/route.ts';

const shown = columnsExcept(tables.sources, 'account', 'address', 'refusals', 'probes');

export const findSources = (db: Database): Promise<SourceRow[]> => db.select(shown).from(tables.sources);

export const sourceRoutes = [
  endpoint('get', '/v1/sources', 'getSources', {
    tags: ['coordination'],
    summary: 'List the data sources with their availability, and what is wrong with unavailable ones',
    responses: jsonResponses('The current state', z.object({ sources: z.array(sourceShape) })),
    handler: async (c, { db }) => c.json({ sources: sourcesView(await findSources(db)) }, 200),
  }),
];
