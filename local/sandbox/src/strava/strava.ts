import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { defaultUpstream, type Upstream } from '@paceline/shared/upstreams';
import type { Imitation, Usages } from '../upstream/app.ts';
import { startUpstreamSandbox, type UpstreamSandboxOptions } from '../upstream/sandbox.ts';
import { createStravaWorld } from './world.ts';

/** As Strava documents its headers: the quarter of an hour, then the day. */
function headers(usage: Usages): Record<string, string> {
  const pair = (prefix: string, ...names: readonly string[]) => ({
    [`${prefix}-Limit`]: names.map((name) => usage[name]?.limit).join(','),
    [`${prefix}-Usage`]: names.map((name) => usage[name]?.used).join(','),
  });
  return {
    ...pair('X-RateLimit', 'overall_15m', 'overall_day'),
    ...pair('X-ReadRateLimit', 'read_15m', 'read_day'),
  };
}

const rejection = (spent: readonly string[]) => ({
  message: 'Rate Limit Exceeded',
  errors: spent.map((name) => ({
    resource: 'Application',
    field: name.startsWith('read') ? 'read rate limit' : 'overall rate limit',
    code: 'exceeded',
  })),
});

/** Its default keeps a page small, as upstream's does. */
const pageOf = ({ page = '1', per_page: perPage = '30' }: Readonly<Record<string, string>>) =>
  [Math.max(1, Number(page) || 1), Math.min(200, Math.max(1, Number(perPage) || 30))] as const;

function answersFrom(seed: number): Imitation['answers'] {
  const world = createStravaWorld(seed);
  return {
    'GET /athlete': ({ key }) => world.athlete(world.ownerOf(key)),
    'GET /athlete/activities': ({ key, at, query }) =>
      world.activities(world.ownerOf(key), at, ...pageOf(query)),
    'GET /activities/:id': ({ parameters, at }) => world.activity(Number(parameters['id']), at),
  };
}

const stravaFile = (): Upstream =>
  loadUpstreams({ UPSTREAMS: `${defaultUpstream},strava` })['strava'] as Upstream;

/** Starts an imitation of Strava, with the limits of its file. */
export const startStravaSandbox = (options: UpstreamSandboxOptions = {}) =>
  startUpstreamSandbox(
    stravaFile(),
    { answers: answersFrom(options.seed ?? 1), headers, rejection },
    options,
  );
