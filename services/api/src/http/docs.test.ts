import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send, startTestApi, type TestApi } from '../testing/api.ts';

/** Open files of this process, which the API runs in; empty on systems without /proc. */
const openFiles = (): string[] =>
  ['/proc/self/fd'].filter(existsSync).flatMap((dir) =>
    readdirSync(dir).flatMap((fd) => {
      try {
        return [readlinkSync(`${dir}/${fd}`)];
      } catch {
        return [];
      }
    }),
  );

let test: TestApi;
beforeAll(async () => {
  test = await startTestApi();
});
afterAll(() => test?.stop());

const loaded = (html: string) =>
  [...html.matchAll(/<(?:script|link|img)[^>]*(?:src|href)="([^"]*)"/g)].map(([, url]) => url);

describe('the reader page', () => {
  it('loads only our own files, and all of them exist', async () => {
    const { status, body } = await test.get('/docs');
    expect(status).toBe(200);
    const scripts = loaded(body).filter((url) => !url?.startsWith('data:'));
    expect(scripts).toEqual([expect.stringMatching(/^\/docs\/scalar-\d+\.\d+\.\d+\.js$/), '/docs/start.js']);
    for (const url of scripts) {
      const script = await test.get(url ?? '');
      expect(script.status).toBe(200);
      expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    }
    expect(body).not.toMatch(/https?:\/\//);
  });

  it('cannot load or send anything elsewhere', async () => {
    const policy = (await test.get('/docs')).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
  });

  it('is started without telemetry and external fonts', async () => {
    const { body } = await test.get('/docs/start.js');
    const settings: Record<string, unknown>[] = [];
    const Scalar = {
      createApiReference: (_: string, given: Record<string, unknown>) => settings.push(given),
    };
    // oxlint-disable-next-line typescript/no-implied-eval -- it is our own script
    new Function('Scalar', body)(Scalar);
    expect(settings).toEqual([
      expect.objectContaining({ url: '/openapi.json', withDefaultFonts: false, telemetry: false }),
    ]);
    expect(body).not.toMatch(/https?:\/\//);
  });

  it('sends its large script immutable, and compressed to clients that support it', async () => {
    const { body } = await test.get('/docs');
    const [reader] = loaded(body).filter((url) => url?.includes('scalar'));
    const compressed = await fetch(test.api.url + reader, { headers: { 'accept-encoding': 'gzip' } });
    expect(compressed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(compressed.headers.get('content-encoding')).toBe('gzip');
    const plain = await fetch(test.api.url + reader, { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    const text = await plain.text();
    expect(Number(plain.headers.get('content-length'))).toBe(Buffer.byteLength(text));
    expect(await compressed.text()).toBe(text);
  });

  it('leaves no file open after a HEAD request for its script', async () => {
    const { body } = await test.get('/docs');
    const [reader] = loaded(body).filter((url) => url?.includes('scalar'));
    const { status } = await send(test.api.url + reader, { method: 'HEAD' });
    expect(status).toBe(200);
    expect(openFiles().filter((path) => path.includes('standalone'))).toEqual([]);
  });
});
