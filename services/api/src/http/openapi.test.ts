import { Validator } from '@seriousme/openapi-schema-validator';
import { createClock } from '@paceline/shared/clock';
import { openDatabase } from '@paceline/shared/database';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Services } from './route.ts';
import { log } from '../testing/api.ts';
import { createApp } from './app.ts';
import problemTypes from './problems.json' with { type: 'json' };

/** Nothing here is asked for: the document is made from the routes alone. */
const unasked = () => Promise.reject(new Error('not asked for'));
const services: Services = {
  db: openDatabase('postgres://nobody@127.0.0.1:1/none', () => {}).db,
  clock: createClock(),
  account: 'nobody',
  cancelCommand: unasked,
  triggers: { run: unasked, retry: unasked },
  submitCommand: unasked,
  keys: { take: unasked, keepAnswer: unasked, giveBack: unasked },
  windows: unasked,
  limiter: { windows: unasked, operate: unasked, status: unasked },
  freshness: unasked,
  scheduler: { schedule: unasked, judge: unasked, change: unasked },
  feed: { ring: () => undefined, news: unasked, range: unasked, read: unasked },
  traceUrl: undefined,
  checks: {},
  stopping: new AbortController().signal,
};
const app = createApp(
  services,
  {
    host: '127.0.0.1',
    tokens: undefined,
    requestsPerSecond: 1,
    origins: [],
    dashboard: '/nowhere',
  },
  log,
);
const get = (path: string) => app.request(path, { headers: { host: 'localhost' } });

interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  responses: Record<string, { description: string; content?: Record<string, unknown> }>;
  parameters?: Array<{ name: string; in: string; schema: Record<string, unknown> }>;
  security?: unknown[];
}
let document: { openapi: string; paths: Record<string, Record<string, Operation>> };
let operations: Operation[];

beforeAll(async () => {
  document = (await (await get('/openapi.json')).json()) as typeof document;
  operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
});

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('describes every route but its own pages', () => {
    const served = app.routes
      .filter(
        ({ method, path }) =>
          method !== 'ALL' && path !== '/' && path !== '/openapi.json' && path !== '/asyncapi.json',
      )
      .filter(({ path }) => !path.startsWith('/docs') && !path.startsWith('/assets'))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual([...new Set(served)].toSorted());
    expect(described.length).toBeGreaterThan(20);
  });

  it('names each operation once and says what it is for', () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { summary, tags } of operations) {
      expect(summary).toMatch(/^.{10,}/);
      expect(tags).toHaveLength(1);
    }
  });

  it('describes the parameters of every list alike', () => {
    const lists = operations.filter(({ operationId }) => operationId.startsWith('list'));
    expect(lists.length).toBeGreaterThan(6);
    for (const { parameters } of lists) {
      expect(parameters).toContainEqual(
        expect.objectContaining({
          name: 'limit',
          in: 'query',
          schema: expect.objectContaining({ type: 'integer', minimum: 1, maximum: 500, default: 100 }),
        }),
      );
      expect(parameters).toContainEqual(expect.objectContaining({ name: 'cursor', in: 'query' }));
    }
  });

  it('gives every refusal of the API as a problem', () => {
    const withProblems = operations.filter(({ tags }) => !tags.includes('operations'));
    for (const { responses, operationId } of withProblems) {
      expect(Object.keys(responses), operationId).toContain('503');
      for (const [status, { content }] of Object.entries(responses)) {
        if (Number(status) >= 400) expect(Object.keys(content ?? {})).toEqual(['application/problem+json']);
      }
    }
  });

  it('asks for a token everywhere but at the probes', () => {
    const open = operations.filter(({ security }) => security?.length === 0);
    expect(open.map(({ operationId }) => operationId)).toEqual(['getLiveness', 'getReadiness']);
  });
});

describe('the page of problems', () => {
  it('explains each type at the place that `type` points to', async () => {
    const page = await (await get('/docs/problems')).text();
    for (const [type, { title }] of Object.entries(problemTypes)) {
      expect(page).toContain(`<h2 id="${type}">`);
      expect(page).toContain(title);
    }
    expect(page).not.toContain('`');
  });
});
