import { Validator } from '@seriousme/openapi-schema-validator';
import { createClock } from '@paceline/shared/clock';
import { openDatabase } from '@paceline/shared/database';
import { beforeAll, describe, expect, it } from 'vitest';
import { commandWatches } from '../commands/submit.ts';
import type { Services } from './route.ts';
import { log } from '../testing/api.ts';
import { createApp } from './app.ts';
import problemTypes from './problems.json' with { type: 'json' };

/** Not called: the document is generated from the routes alone. */
const unused = () => Promise.reject(new Error('not expected to be called'));
const services: Services = {
  db: openDatabase('postgres://none@127.0.0.1:1/none', () => {}).db,
  clock: createClock(),
  accounts: [],
  findRider: unused,
  refreshPlan: unused,
  recentCounts: unused,
  cancelCommand: unused,
  triggers: { run: unused, retry: unused },
  submitCommand: unused,
  watches: commandWatches(),
  keys: { claim: unused, saveResponse: unused, release: unused },
  windows: async () => undefined,
  limiter: { windows: unused, operate: unused, status: unused },
  freshness: unused,
  scheduler: { schedule: unused, check: unused, change: unused },
  streamTokens: { create: () => ({ token: '', lifetimeSeconds: 0 }), check: () => 'wrong' },
  feed: { ring: () => undefined, waitForMore: unused, range: unused, read: unused },
  traceUrl: undefined,
  checks: () => ({}),
  doors: new Map(),
  health: { parts: () => [], durability: () => undefined },
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

interface DocumentedRoute {
  operationId: string;
  summary: string;
  tags: string[];
  responses: Record<string, { description: string; content?: Record<string, unknown> }>;
  parameters?: Array<{ name: string; in: string; schema: Record<string, unknown> }>;
  security?: unknown[];
}
let document: { openapi: string; paths: Record<string, Record<string, DocumentedRoute>> };
let operations: DocumentedRoute[];

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

  it('documents every route except its own pages', () => {
    const served = app.routes
      .filter(
        ({ method, path }) =>
          method !== 'ALL' && path !== '/' && path !== '/openapi.json' && path !== '/asyncapi.json',
      )
      .filter(({ path }) => !path.startsWith('/docs') && !path.startsWith('/assets'))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{path}')}`);
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual([...new Set(served)].toSorted());
    expect(described.length).toBeGreaterThan(20);
  });

  it('has a unique id and a summary for each operation', () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { summary, tags } of operations) {
      expect(summary).toMatch(/^.{10,}/);
      expect(tags).toHaveLength(1);
    }
  });

  it('documents the same parameters for every list', () => {
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

  it('documents every error as a problem', () => {
    const withProblems = operations.filter(({ tags }) => !tags.includes('operations'));
    for (const { responses, operationId } of withProblems) {
      expect(Object.keys(responses), operationId).toContain('503');
      for (const [status, { content }] of Object.entries(responses)) {
        if (Number(status) >= 400) expect(Object.keys(content ?? {})).toEqual(['application/problem+json']);
      }
    }
  });

  it('documents a problem only where it can occur', () => {
    const operationsWith = (type: string) =>
      operations
        .filter(({ responses }) =>
          Object.values(responses).some(({ content = {} }) => {
            const { examples = {} } = (content['application/problem+json'] ?? {}) as { examples?: object };
            return Object.keys(examples).includes(type);
          }),
        )
        .map(({ operationId }) => operationId)
        .toSorted();
    expect(operationsWith('schedule-refused')).toEqual(['changeSchedule']);
    expect(operationsWith('command-failed')).toEqual(['addRider', 'importRiders']);
    expect(operationsWith('invalid-state')).toEqual(['cancelCommand', 'retryRun']);
    const posts = Object.entries(document.paths)
      .filter(([path]) => path.startsWith('/v1/'))
      .flatMap(([, { post }]) => (post ? [post.operationId] : []))
      .filter((id) => id !== 'createStreamToken' && !id.endsWith('Permit'))
      .toSorted();
    expect(operationsWith('idempotency-key-reused')).toEqual(posts);
    expect(operationsWith('request-in-progress')).toEqual(posts);
    expect(operationsWith('version-conflict')).toEqual(['changeSchedule', 'resetSchedule']);
    const addRider = document.paths['/v1/riders']?.['post']?.responses['422'];
    expect(addRider?.description).toBe('Command failed, or: Idempotency key reused');
  });

  it('refuses unknown query parameters in every operation, naming them', async () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      if (!path.startsWith('/v1/')) continue;
      for (const method of Object.keys(methods)) {
        const response = await app.request(`${path}?limits=5&sort-by=name`, {
          method: method.toUpperCase(),
          headers: { host: 'localhost' },
        });
        const { errors } = (await response.json()) as { errors: unknown };
        expect({ status: response.status, errors }, `${method} ${path}`).toEqual({
          status: 400,
          errors: ['limits', 'sort-by'].map((field) => ({
            field,
            message: 'is not a parameter of this operation',
          })),
        });
      }
    }
  });

  it('accepts any query parameter in probes, as load balancers add some', async () => {
    for (const path of ['/livez', '/readyz', '/metrics']) {
      const { status } = await app.request(`${path}?probe=1`, { headers: { host: 'localhost' } });
      expect(status, path).not.toBe(400);
    }
  });

  it('requires a token for everything except the probes', () => {
    const open = operations.filter(({ security }) => security?.length === 0);
    expect(open.map(({ operationId }) => operationId)).toEqual(['getLiveness', 'getReadiness']);
  });
});

describe('the page of problem types', () => {
  it('explains each type at the anchor that `type` points to', async () => {
    const page = await (await get('/docs/problems')).text();
    for (const [type, { title }] of Object.entries(problemTypes)) {
      expect(page).toContain(`<h2 id="${type}">`);
      expect(page).toContain(title);
    }
    expect(page).not.toContain('`');
  });
});
