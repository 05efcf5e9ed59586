import type { OpenAPIHono } from '@hono/zod-openapi';
import { asyncApi } from '@paceline/shared/contracts';
import manifest from '../../package.json' with { type: 'json' };
import { complete, type Document } from './complete.ts';
import { problems } from './problem.ts';

const between = asyncApi();

const description = `Riders, events, signups and results of one rate-limited upstream, each with the age of its data, and a way to ask for more.

- Times are ISO 8601. \`null\` means: not known, or not yet.
- Lists answer \`{ "items": […], "next": cursor | null }\`; pass \`next\` as \`cursor\` for the page after.
- Errors are \`application/problem+json\`; what each \`type\` means is told at [/docs/problems](/docs/problems).
- A read that is repeated may send the \`ETag\` of its answer as \`If-None-Match\`; a POST that is repeated the same \`Idempotency-Key\`.
- What upstream told has \`fetchedAt\` and \`ageSeconds\`; everything else is as of now.
- \`/v1/stream\` tells what happens as it happens. What the services say to each other is in [/asyncapi.json](/asyncapi.json).
- \`X-Trace-Id\` on an answer names its trace.
- A bearer token is asked for only where the API is set up with one.`;

const tags = [
  { name: 'riders', description: 'Riders as upstream last described them, and fetching one now' },
  { name: 'commands', description: 'What was asked for and what became of it' },
  { name: 'events', description: 'Events, their signups and their results' },
  { name: 'runs', description: 'What the scheduled syncs did' },
  { name: 'schedule', description: 'When the syncs may run, and what that comes to' },
  { name: 'coordination', description: 'Who may call upstream, and who waits' },
  { name: 'stream', description: 'What happens, as it happens' },
  { name: 'operations', description: 'For whoever runs this' },
];

/** Serves the OpenAPI 3.1 document of the app's routes; call it when they are all added. */
export function serveOpenApi(app: OpenAPIHono): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Paceline', version: manifest.version, description },
    servers: [{ url: '/' }],
    security: [{ token: [] }, {}],
    tags,
  });
  complete(document as unknown as Document, problems);
  app.get('/asyncapi.json', (c) => c.json(between, 200, { 'cache-control': 'no-cache' }));
  app.get('/openapi.json', (c) => c.json(document, 200, { 'cache-control': 'no-cache' }));
}
