import { DrizzleQueryError } from 'drizzle-orm';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createLogger, type Logger, type LogLevel, redactFields, redactLine, redactUrl } from './logger.ts';
import { startTelemetry } from './sdk.ts';
import { inSpan } from './tracing.ts';

beforeAll(startTelemetry);

/** The lines that a logger writes while `use` runs. */
async function written(use: (log: Logger) => unknown, level: LogLevel = 'info') {
  const lines: string[] = [];
  await use(createLogger('rider-sync', level, { write: (line) => lines.push(line) }));
  return lines.map((line) => JSON.parse(line));
}

describe('logger', () => {
  it('writes JSON lines with service, level name and ISO time', async () => {
    const [line] = await written((log) => log.info({ riders: 3 }, 'synced'));
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      service: 'rider-sync',
      pid: process.pid,
      riders: 3,
      msg: 'synced',
    });
  });

  it('adds the active span', async () => {
    const [inside, outside] = await written(async (log) => {
      await inSpan('sync', {}, async (span) => {
        await Promise.resolve();
        log.info({ expected: span.spanContext() }, 'inside');
      });
      log.info('outside');
    });
    expect(inside.trace_id).toBe(inside.expected.traceId);
    expect(inside.span_id).toBe(inside.expected.spanId);
    expect(outside).not.toHaveProperty('trace_id');
  });

  it('omits lines below its level', async () => {
    const lines = await written((log) => {
      log.debug('below');
      log.info('below');
      log.warn('at level');
    }, 'warn');
    expect(lines.map(({ msg }) => msg)).toEqual(['at level']);
  });

  it('redacts secrets in fields, children, messages and errors', async () => {
    const lines = await written((log) => {
      log.info({ headers: { authorization: 'hush-1' } }, 'fields');
      log.child({ apiKey: 'hush-2' }).info('child');
      log.info('connecting to nats://me:hush-3@broker:4222');
      log.error(new Error('no response from postgres://me:hush-4@db', { cause: { token: 'hush-5' } }));
    });
    expect(lines).toHaveLength(4);
    expect(JSON.stringify(lines)).not.toContain('hush');
    expect(lines[2].msg).toBe('connecting to nats://***@broker:4222');
  });

  it('writes the type, code, cause and stack of an error', async () => {
    const error = Object.assign(new RangeError('too far', { cause: new Error('wind') }), { code: 'E_FAR' });
    const [alone, named] = await written((log) => {
      log.error(error);
      log.error({ err: error }, 'sync failed');
    });
    expect(alone.msg).toBe('too far');
    expect(named.msg).toBe('sync failed');
    expect(named.err).toMatchObject({ type: 'RangeError', code: 'E_FAR', cause: { message: 'wind' } });
    expect(named.err.stack).toContain('logger.test.ts');
  });

  it('writes an error without a usable cause, and what is no error', async () => {
    const lines = await written((log) => {
      log.warn({ err: new Error('alone', { cause: null }) }, 'cause is null');
      log.warn({ err: new Error('outer', { cause: 'a text' }) }, 'cause is a text');
      for (const err of [null, undefined, 'a text']) log.warn({ err }, 'no error');
    });
    expect(lines.map(({ msg }) => msg)).toEqual([
      'cause is null',
      'cause is a text',
      'no error',
      'no error',
      'no error',
    ]);
    expect(lines[0].err).toMatchObject({ type: 'Error', message: 'alone' });
  });

  it('writes the reason of a failed query and where it was made, without its text and values', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
    const failed = new DrizzleQueryError('select "name" from "riders" where "id" = $1', [4_500_001], refused);
    const [alone, wrapped] = await written((log) => {
      log.warn({ err: failed }, 'database unavailable');
      log.warn({ err: new Error('no command stored', { cause: failed }) }, 'command rejected');
    });
    for (const { message, code, stack } of [alone.err, wrapped.err.cause]) {
      expect({ message, code }).toEqual({ message: refused.message, code: 'ECONNREFUSED' });
      expect(stack).toContain('logger.test.ts');
    }
    expect(JSON.stringify([alone, wrapped])).not.toMatch(/select|riders|4500001/);
  });
});

describe('redactUrl', () => {
  it.each([
    ['nats://paceline:secret@127.0.0.1:4222', 'nats://***@127.0.0.1:4222'],
    ['postgres://u:p@ss@db/paceline?sslmode=disable', 'postgres://***@db/paceline?sslmode=disable'],
    ['nats://token@one:4222,nats://token@two:4222', 'nats://***@one:4222,nats://***@two:4222'],
    ['could not connect to "nats://a:b@h": refused', 'could not connect to "nats://***@h": refused'],
    [
      'https://h/x?api_key=abc&page=2&access_token=def#top',
      'https://h/x?api_key=***&page=2&access_token=***#top',
    ],
    ['GET /v1/stream?types=alert&token=1772393400.qC1x', 'GET /v1/stream?types=alert&token=***'],
    ['authorization: Bearer abcdefgh.123', 'authorization: Bearer ***'],
  ])('turns %s into %s', (text, redacted) => {
    expect(redactUrl(text)).toBe(redacted);
  });

  it.each([
    'https://api.example.org/public/riders/5',
    'mail ann@example.org about https://example.org/',
    'the key of slot:rider:1764788400000 is taken',
  ])('keeps "%s"', (text) => {
    expect(redactUrl(text)).toBe(text);
  });
});

describe('redactLine', () => {
  const redacted = (value: object) => JSON.parse(redactLine(JSON.stringify(value)));

  it('hides fields with secret names at any depth and in any spelling', () => {
    const fields = {
      headers: { Authorization: 'raw-key', accept: '*/*' },
      config: { ZWIFTRACING_API_KEY: 'k', apiKey: 'k', nested: [{ password: 'p', dbPasswd: 'p' }] },
      SLACK_WEBHOOK_URL: 'https://hooks.example.org/T/B/x',
      cookies: ['a=b'],
    };
    expect(redacted(fields)).toEqual({
      headers: { Authorization: '***', accept: '*/*' },
      config: { ZWIFTRACING_API_KEY: '***', apiKey: '***', nested: [{ password: '***', dbPasswd: '***' }] },
      SLACK_WEBHOOK_URL: '***',
      cookies: '***',
    });
  });

  it('hides secrets in strings, also between quotes', () => {
    expect(redacted({ text: ['"nats://me:hush@broker"'] })).toEqual({ text: ['"nats://***@broker"'] });
  });

  it('keeps numbers, flags and null under any name', () => {
    const fields = { tokens: 3, secret: true, password: null, key: 'kv' };
    expect(redacted(fields)).toEqual(fields);
  });

  it('keeps one line', () => {
    expect(redactLine('{"msg":"two\\nlines"}\n')).toBe('{"msg":"two\\nlines"}\n');
  });

  const secret = 'hush1234';
  const secretField = fc
    .constantFrom('Authorization', 'api-key', 'API_KEY', 'dbPasswd', 'passWord', 'set-cookie')
    .map((name) => ({ [name]: secret }));
  const secretText = fc
    .tuple(
      fc.string(),
      fc.constantFrom(
        `nats://me:${secret}@broker`,
        `x-y+z://${secret}@a,nats://b@c`,
        `https://h/x?my-key=${secret}`,
        `?page=1&KEY=${secret}`,
        `Bearer ${secret}`,
        `"basic ${secret}"`,
      ),
    )
    .map(([before, text]) => `${before} ${text}`);
  /** A secret in any form, at any depth, beside anything else. */
  const lines = fc
    .tuple(
      fc.oneof(secretField, secretText),
      fc.array(
        fc.tuple(fc.constantFrom('in a field', 'in a list'), fc.string({ unit: 'grapheme' }), fc.json()),
      ),
    )
    .map(([inner, layers]) =>
      layers.reduce<unknown>((value, [layer, name, other]) => {
        const beside: unknown = JSON.parse(other);
        return layer === 'in a list' ? [beside, value] : { beside, [`a ${name}`]: value };
      }, inner),
    )
    .map((value) => `${JSON.stringify({ value })}\n`);
  /** A way to write JSON that our logger does not use, but that means the same. */
  const escaped = (line: string) =>
    line.replaceAll(/"(?:[^"\\]|\\.)*"/g, (text) =>
      text.replaceAll(/\\u.{4}|\\.|[a-z@=]/gi, (part) => (part.length > 1 ? part : escapedChar(part))),
    );
  const escapedChar = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

  it('hides a secret in any form and at any depth, also when it is written with escapes', () => {
    fc.assert(
      fc.property(lines, (line) => {
        for (const each of [line, escaped(line)])
          expect(JSON.stringify(JSON.parse(redactLine(each)))).not.toContain(secret);
      }),
    );
  });

  it('means the same for any line as redacting each of its fields', () => {
    const words = fc.constantFrom(
      'key',
      'token=',
      '@',
      '://',
      'bearer ',
      'https://h/?a',
      '/',
      '\\',
      '"',
      'x'.repeat(9),
    );
    const texts = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.array(words).map((found) => found.join('')),
    );
    const values = fc.object({ key: texts, values: [texts, fc.integer(), fc.boolean(), fc.constant(null)] });
    fc.assert(
      fc.property(
        fc.oneof(
          values,
          lines.map((line): unknown => JSON.parse(line)),
        ),
        (value) => {
          const line = JSON.stringify(value);
          expect(JSON.parse(redactLine(line))).toEqual(JSON.parse(redactFields(line)));
        },
      ),
    );
  });
});
