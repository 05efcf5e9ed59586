import { type Database, tables } from '@paceline/shared/database';
import { columnsExcept, listOf, oneOf, pageOf, pageQuery } from '../http/params.ts';
import { type SourceRow, sourceShape, sourcesView } from './view.ts';
import { z } from '@hono/zod-openapi';
import { sourceNames } from '@paceline/shared/definition';
import { jsonResponses, endpoint } from '../http/route.ts';

const shown = columnsExcept(tables.sources, 'account', 'address', 'refusals', 'probes');

export const findSources = (db: Database): Promise<SourceRow[]> => db.select(shown).from(tables.sources);

const sourceList = { name: 'sources', columns: { source: 0 }, key: z.tuple([oneOf(sourceNames)]) };

export const sourceRoutes = [
  endpoint('get', '/v1/sources', 'listSources', {
    tags: ['coordination'],
    summary: 'List the data sources with their availability, and what is wrong with unavailable ones',
    request: { query: z.object(pageQuery(sourceList)) },
    responses: jsonResponses('The data sources', listOf(sourceShape), 400),
    handler: async (c, { db }) => {
      const { limit, cursor } = c.req.valid('query');
      const sources = sourcesView(await findSources(db));
      const after = sources.findIndex(({ source }) => source === cursor?.[0]) + 1;
      return c.json(
        pageOf(sourceList, sources.slice(after), limit, (source) => source),
        200,
      );
    },
  }),
];
