import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';

let test: TestApi;
beforeAll(async () => {
  test = await startTestApi();
});
afterAll(() => test?.stop());

const readyz = async () => {
  const { status, body } = await test.get('/readyz');
  return { status, ready: body.ready, ...body.checks };
};

describe('the probes', () => {
  it('say that the process turns and that it is ready', async () => {
    expect(await test.get('/livez')).toMatchObject({ status: 200, body: 'ok\n' });
    expect(await readyz()).toEqual({ status: 200, ready: true, database: 'ok', broker: 'ok' });
  });

  it('hand out metrics as Prometheus reads them', async () => {
    const { status, headers } = await test.get('/metrics');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  });
});
