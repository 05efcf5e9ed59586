import { describe, expect, it } from 'vitest';
import { redactLine, redactUrl } from './redact.ts';

describe('redacting a text', () => {
  it.each([
    ['nats://paceline:secret@127.0.0.1:4222', 'nats://***@127.0.0.1:4222'],
    ['postgres://u:p@ss@db/paceline?sslmode=disable', 'postgres://***@db/paceline?sslmode=disable'],
    ['nats://token@one:4222,nats://token@two:4222', 'nats://***@one:4222,nats://***@two:4222'],
    ['could not connect to "nats://a:b@h": refused', 'could not connect to "nats://***@h": refused'],
    [
      'https://h/x?api_key=abc&page=2&access_token=def#top',
      'https://h/x?api_key=***&page=2&access_token=***#top',
    ],
    ['authorization: Bearer abcdefgh.123', 'authorization: Bearer ***'],
  ])('turns %s into %s', (text, redacted) => {
    expect(redactUrl(text)).toBe(redacted);
  });

  it.each([
    'https://api.example.org/public/riders/5',
    'mail ann@example.org about https://example.org/',
    'the key of slot:rider:1764788400000 is taken',
  ])('leaves "%s" as it is', (text) => {
    expect(redactUrl(text)).toBe(text);
  });
});

describe('redacting a line of JSON', () => {
  const redacted = (value: object) => JSON.parse(redactLine(JSON.stringify(value)));

  it('hides what is named like a secret, at any depth and in any spelling', () => {
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

  it('hides the secrets in its texts, also between quotes', () => {
    expect(redacted({ said: ['"nats://me:hush@broker"'] })).toEqual({ said: ['"nats://***@broker"'] });
  });

  it('keeps what can not be a secret, whatever its name', () => {
    const fields = { tokens: 3, secret: true, password: null, key: 'kv' };
    expect(redacted(fields)).toEqual(fields);
  });

  it('stays one line', () => {
    expect(redactLine('{"msg":"two\\nlines"}\n')).toBe('{"msg":"two\\nlines"}\n');
  });
});
