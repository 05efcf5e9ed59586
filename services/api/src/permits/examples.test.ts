import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { tables } from '@paceline/shared/database';
import { eventually, missingProgram } from '@paceline/shared/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { apiKey, send, startTestApi, type TestApi } from '../testing/api.ts';
import { runRealLimiter } from '../testing/services.ts';
import { startUpstream, type TestUpstream } from '../testing/upstream.ts';

const run = promisify(execFile);
const page = readFileSync(join(import.meta.dirname, '../../../../docs/permits-over-http.md'), 'utf8');
const exampleIn = (language: string): string =>
  new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '';

let upstream: TestUpstream;
let test: TestApi;
let limiter: { stop(): Promise<void> };
let env: NodeJS.ProcessEnv;
const folder = mkdtempSync(join(tmpdir(), 'permits-'));

beforeAll(async () => {
  upstream = await startUpstream();
  test = await startTestApi({
    runs: true,
    env: { API_UPSTREAMS: 'zwiftracing', ZWIFTRACING_BASE_URL: upstream.baseUrl },
  });
  limiter = await runRealLimiter(test);
  env = {
    ...process.env,
    PACELINE: test.api.url,
    UPSTREAM: upstream.baseUrl,
    ZWIFTRACING_API_KEY: apiKey,
  };
});
beforeEach(() => void (upstream.received.length = 0));
afterAll(async () => {
  await limiter?.stop();
  await test?.stop();
  upstream?.stop();
});

const rows = () => test.db.select().from(tables.syncLogs);
const usage = async (budget: string) => (await send(`${test.api.url}/v1/budgets/${budget}`)).body;

/** Whether another program gets the permit; it gives it back. */
async function isFree(endpoint: string): Promise<boolean> {
  const permits = `${test.api.url}/v1/upstreams/zwiftracing/permits`;
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ endpoint, ticket: 'another' });
  const { status, headers: sent } = await send(permits, { method: 'POST', headers, body });
  await send(test.api.url + (sent.get('location') ?? ''), { method: 'DELETE' });
  return status === 201;
}

const missing = missingProgram('bash', 'curl', 'python3');
if (missing !== undefined) console.warn(`EXAMPLES NOT TESTED: ${missing} is not available`);

describe.skipIf(missing !== undefined)('the examples of docs/permits-over-http.md', () => {
  it('make a call with curl', async () => {
    await run('bash', ['-euc', exampleIn('sh')], { env, cwd: folder });
    expect(readFileSync(join(folder, 'rider.json'), 'utf8')).toBe('{"ok":true}');
    expect(upstream.received).toMatchObject([
      { line: 'GET /api/public/riders/4500001', headers: { authorization: apiKey } },
    ]);
    expect(await rows()).toMatchObject([{ endpoint: 'riders_single', status: 200, caller: 'local' }]);
  });

  it('make calls with Python, also one that fails', async () => {
    upstream.answer = (response, { line }) =>
      line.endsWith('/2') ? response.writeHead(404).end('unknown') : response.end('{"ok":true}');
    const paths = ['/public/riders/1', '/public/riders/2'];
    const { stdout } = await run('python3', ['-c', exampleIn('python'), ...paths], { env });
    expect(stdout).toBe('200 {"ok":true}\n404 unknown\n');
    expect((await rows()).map(({ status }) => status)).toEqual(expect.arrayContaining([200, 404]));
  });
});

/** A program that stops where a test kills it: it prints `here` and waits. */
const stopping = (at: string) =>
  exampleIn('python').replace(at, `print("here", flush=True); time.sleep(600)\n    ${at}`);

/** Runs the program with a path, and kills it once it is there. */
async function killedAt(at: string, path: string): Promise<void> {
  const program = spawn('python3', ['-c', stopping(at), path], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(program.stdout), 'line')) as [string];
  expect(line).toBe('here');
  const gone = new Promise((resolve) => program.once('exit', resolve));
  program.kill('SIGKILL');
  await gone;
}

describe.skipIf(missing !== undefined)('a program that is killed', () => {
  it('before it starts its permit costs nothing', async () => {
    await killedAt('asked_at = time.monotonic()', '/public/results/1');
    expect((await usage('results')).permits).toEqual([]);
    await eventually(async () => expect(await isFree('results')).toBe(true));
    expect((await rows()).filter(({ endpoint }) => endpoint === 'results')).toEqual([]);
    expect(upstream.received).toEqual([]);
  });

  it('after it has started its permit costs one call', async () => {
    await killedAt('request = Request(UPSTREAM', '/public/results/1');
    expect(await usage('results')).toMatchObject({ permits: [{ settled: false }], available: 0 });
    expect((await rows()).filter(({ endpoint }) => endpoint === 'results')).toMatchObject([
      { status: null, durationMs: null },
    ]);
  });
});
