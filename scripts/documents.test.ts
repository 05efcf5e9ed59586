import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { documents, linkedFrom, missingDocuments, missingIn, sources } from './documents.ts';

const text = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

describe('every document', () => {
  it.each(documents)('%s names only what exists', (page) => {
    expect(missingIn(page, text(page))).toEqual([]);
  });

  it('is named correctly by source files', () => {
    const missing = sources.flatMap((path) => missingDocuments(text(path)).map((name) => `${path}: ${name}`));
    expect(missing).toEqual([]);
  });
});

it('the index links every document for readers once', () => {
  const index = 'docs/README.md';
  const pages = documents.filter(
    (path) =>
      /^(?:docs\/(?:[^/]+|decisions\/README)|CONTRIBUTING|SECURITY)\.md$/.test(path) && path !== index,
  );
  const linked = linkedFrom(index, text(index)).filter((path) => pages.includes(path));
  expect(linked.toSorted()).toEqual(pages.toSorted());
});

describe('docs/frontend.md', () => {
  it.each(['index.html', 'main.mjs'])('shows packages/client/example/%s as it is', (file) => {
    expect(text('docs/frontend.md')).toContain(`\n${text(`packages/client/example/${file}`)}\`\`\``);
  });
});

describe('the check of documents', () => {
  it.each([
    ['a link target', '[security](SECURITIES.md)', 'link SECURITIES.md'],
    ['an anchor of another page', '[x](docs/operating.md#nothing)', 'link docs/operating.md#nothing'],
    ['an anchor of the same page', '# One\n\n[two](#two)', 'link #two'],
    ['an image', '![flow](flow.svg)', 'link flow.svg'],
    [
      'a path in text',
      'See services/limiter/src/core/windows.ts.',
      'path services/limiter/src/core/windows.ts',
    ],
    ['a path in a code block', '```sh\nnode local/nothing.ts\n```', 'path local/nothing.ts'],
    [
      'a file name beside another path',
      '`services/limiter/src/core/window.ts`, `windows.ts`',
      'path windows.ts',
    ],
    [
      'a pattern without files',
      '`lab/histories/src/*-rule.test.ts`',
      'path lab/histories/src/*-rule.test.ts',
    ],
    ['an npm script', 'Run `npm run everything`.', 'npm script everything'],
    ['an npm script of a table', '| a |\n| --- |\n| `npm run everything` |', 'npm script everything'],
    ['a program of the lab', '`npm run lab -- havoc --seed 1`', 'npm script lab -- havoc'],
    ['a variable', '- `API_TOKENS`', 'variable API_TOKENS'],
    ['a family of variables', '`SLOTS_…_SKIP`', 'variable SLOTS_…_SKIP'],
    ['a field', '`unknownSince`', 'name unknownSince'],
    ['an export', "```ts\nimport { createApi, closeApi } from '@paceline/client';\n```", 'name closeApi'],
    ['a message', '| you see |\n| --- |\n| `Port … is gone` |', 'message Port … is gone'],
    ['a route', '`GET /v1/rider`', 'route /v1/rider'],
  ])('reports %s that does not exist', (_, page, missing) => {
    expect(missingIn('README.md', page)).toEqual([missing]);
  });

  it.each([
    '[security](SECURITY.md), [limits](docs/operating.md#metrics), [site](https://example.com/x.md)',
    '`services/limiter/src/core/window.ts`, `queue.ts`; `lab/histories/src/*-law.test.ts`',
    '`npm test`, `npm run generate`, `npm run lab -- chaos`, and `npm run build` in `apps/dashboard`',
    '`API_TOKEN`, `SLOT_…_SKIP`, `OTEL_EXPORTER_OTLP_ENDPOINT`, the stream `DEAD_LETTERS`',
    '`unknownUntil`, `long_queue`',
    '| you see |\n| --- |\n| `Port … is already in use` |',
    '`GET /v1/riders/:riderId`, http://127.0.0.1:3000/v1/runs?kind=near',
    '`services/event-sync/src/flows/teams.ts`:',
  ])('accepts %s', (page) => {
    expect(missingIn('README.md', page)).toEqual([]);
  });

  it.each(['// docs/decisions/0099', 'runbook: docs/operating.md#nothing', '/** docs/nothing.md */'])(
    'reports the document that a source file names: %s',
    (source) => {
      expect(missingDocuments(source)).toHaveLength(1);
    },
  );
});
