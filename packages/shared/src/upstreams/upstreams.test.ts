import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { budgetNames } from '../definition/index.ts';
import { loadUpstreams, readUpstreams, tierOf } from './load.ts';
import { parseUpstream } from './read.ts';

const root = join(import.meta.dirname, '../../../..');
const files = globSync('*.yaml', { cwd: join(root, 'upstreams'), exclude: ['kustomization.yaml'] });

describe('the files in upstreams/', () => {
  it.each(files)('%s can be used', (file) => {
    const name = basename(file, '.yaml');
    expect(Object.keys(loadUpstreams({ UPSTREAMS: `zwiftracing,${name}` }))).toContain(name);
  });

  it('zwiftracing.yaml has one budget for each endpoint, of the same name', () => {
    const { budgets, endpoints } = loadUpstreams({}).zwiftracing;
    expect(Object.keys(budgets)).toEqual(budgetNames);
    for (const name of budgetNames) expect(endpoints[name].budgets).toEqual([name]);
  });
});

it('the file of the syncs must have every budget and endpoint that they use', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paceline-upstreams-'));
  const file = join(folder, 'zwiftracing.yaml');
  const shipped = readFileSync(join(root, 'upstreams/zwiftracing.yaml'), 'utf8');
  writeFileSync(file, shipped.replaceAll(/^  results:$/gm, '  outcomes:'));
  expect(readUpstreams({ UPSTREAMS: file }).problems).toEqual([
    'zwiftracing.yaml: budgets.results is missing, which the syncs use',
    'zwiftracing.yaml: endpoints.results is missing, which the syncs use',
  ]);
  rmSync(folder, { recursive: true });
});

describe('the tier of a key', () => {
  const env = { UPSTREAMS: 'zwiftracing,strava', STRAVA_TIER: 'premium' };

  it('is a variable of each upstream', () => {
    const { zwiftracing: racing, strava } = loadUpstreams(env);
    expect([racing, strava].map((each) => each && tierOf(each, env))).toEqual(['standard', 'premium']);
  });

  it('must be one that limits can have', () => {
    const { problems } = readUpstreams({ ...env, STRAVA_TIER: 'gold' });
    expect(problems).toEqual(['STRAVA_TIER must be standard or premium']);
  });
});

describe('the names of upstreams', () => {
  // One without a sandbox here is of an installation, and can have any name.
  const sandboxed = files
    .map((file) => basename(file, '.yaml'))
    .filter((name) => globSync(`local/sandbox/src/${name}/main.ts`, { cwd: root }).length > 0);
  const allowed = [
    'upstreams',
    'docs',
    'local/sandbox/README.md',
    'README.md',
    'CHANGELOG.md',
    '**/*.test.ts',
    '**/testing/**',
    // The default of an option.
    'lab/simulation/src/day-main.ts',
  ];

  it.each(sandboxed)('%s is only in its file, its sandbox, tests and documents', (name) => {
    const elsewhere = [...allowed, `local/sandbox/src/${name}`].map((path) => `:(exclude,glob)${path}`);
    const { stdout } = spawnSync('git', ['grep', '-iIl', name, '--', '.', ...elsewhere], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stdout.split('\n').filter(Boolean)).toEqual([]);
  });

  it('are looked for where they are', () => {
    expect(sandboxed.length).toBeGreaterThan(0);
  });
});

describe('the names of budgets', () => {
  const general = globSync(
    [
      'services/{limiter,scheduler}/src/**/*.ts',
      'services/api/src/{alerts,budgets,coordination,door,health,stream}/**/*.ts',
      'packages/{client,planning}/src/**/*.ts',
    ],
    { cwd: root, exclude: ['**/*.test.ts', '**/testing/**', '**/{testing,generated}.ts'] },
  );

  it.each(general)('are not in %s, which works for every upstream', (path) => {
    const text = readFileSync(join(root, path), 'utf8');
    // The other names are also words for what is synced.
    expect(text.match(/'riders_(?:bulk|single)'/g)).toBeNull();
  });
});

describe('docs/add-an-upstream.md', () => {
  const page = readFileSync(join(root, 'docs/add-an-upstream.md'), 'utf8');
  const [, file = ''] = /`upstreams\/weather\.yaml`:\n\n```yaml\n(.*?)```/s.exec(page) ?? [];

  it('has an example that can be used', () => {
    expect(parseUpstream('weather', file)).toMatchObject({ upstream: { auth: { secret: 'WEATHER_TOKEN' } } });
  });

  it('shows what is said about mistakes', () => {
    const wrong = file.replace('60 per 1m', '60/min').replace('reserve: 100', 'reserve: 2 %');
    const reading = parseUpstream('weather', wrong);
    for (const problem of 'problems' in reading ? reading.problems : [])
      expect(page).toContain(`- ${problem}\n`);
    expect(reading).toHaveProperty('problems.length', 2);
  });
});
