import { beforeAll, describe, expect, it } from 'vitest';
import { createLogger, type Logger, type LogLevel } from './logger.ts';
import { startTelemetry } from './sdk.ts';
import { inSpan } from './spans.ts';

beforeAll(startTelemetry);

/** What a logger writes, line by line, while `say` uses it. */
async function written(say: (log: Logger) => unknown, level: LogLevel = 'info') {
  const lines: string[] = [];
  await say(createLogger('rider-sync', level, { write: (line) => lines.push(line) }));
  return lines.map((line) => JSON.parse(line));
}

describe('the logger', () => {
  it('writes a line of JSON with the service, the level in words and an ISO time', async () => {
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

  it('says in which span it was said', async () => {
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

  it('says no more than its level asks for', async () => {
    const lines = await written((log) => {
      log.debug('too much');
      log.info('too much');
      log.warn('enough');
    }, 'warn');
    expect(lines.map(({ msg }) => msg)).toEqual(['enough']);
  });

  it('never writes a secret: in fields, children, messages or errors', async () => {
    const lines = await written((log) => {
      log.info({ headers: { authorization: 'hush-1' } }, 'fields');
      log.child({ apiKey: 'hush-2' }).info('child');
      log.info('connecting to nats://me:hush-3@broker:4222');
      log.error(new Error('no answer from postgres://me:hush-4@db', { cause: { token: 'hush-5' } }));
    });
    expect(lines).toHaveLength(4);
    expect(JSON.stringify(lines)).not.toContain('hush');
    expect(lines[2].msg).toBe('connecting to nats://***@broker:4222');
  });

  it('tells all that is known of an error', async () => {
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
});
