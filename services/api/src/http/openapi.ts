import type { OpenAPIHono } from '@hono/zod-openapi';
import manifest from '../../package.json' with { type: 'json' };

const description = `Riders, events, signups and results of one rate-limited upstream, each with the age of its data, and a way to ask for more.

- Times are ISO 8601. \`null\` means: not known, or not yet.
- Lists answer \`{ "items": […], "next": cursor | null }\`; pass \`next\` as \`cursor\` for the page after.
- Errors are \`application/problem+json\`; what each \`type\` means is told at [/docs/problems](/docs/problems).
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
  app.get('/openapi.json', (c) => c.json(document, 200, { 'cache-control': 'no-cache' }));
}
