import { DrizzleQueryError } from 'drizzle-orm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBadData, isDatabaseUnavailable, neverReachedDatabase } from './index.ts';

const coded = (code: string, more: object = {}) => Object.assign(new Error('a reason'), { code, ...more });

const network = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'ENETRESET',
];
const noSession = [
  ['08000', 'connection exception'],
  ['08006', 'connection failure'],
  ['08P01', 'protocol violation, also what PgBouncer answers when it is full'],
  ['57P01', 'admin shutdown'],
  ['57P02', 'crash shutdown'],
  ['57P03', 'cannot connect now'],
  ['57P04', 'database dropped'],
  ['57P05', 'idle session time-out'],
  ['25P03', 'idle-in-transaction time-out'],
  ['25P04', 'transaction time-out'],
  ['53300', 'too many connections'],
  ['28P01', 'password rejected'],
  ['3D000', 'no such database, as during a restore'],
] as const;
const notNow = [
  ['25006', 'read-only'],
  ['25P02', 'transaction aborted'],
  ['53100', 'disk full'],
  ['53200', 'out of memory'],
  ['58030', 'I/O error'],
  ['40001', 'conflict with recovery on a standby'],
  ['40P01', 'deadlock'],
  ['55P03', 'lock not available'],
  ['57014', "cancelled by the server's own time-out"],
] as const;
const ofTheQuery = [
  '22003',
  '23505',
  '23503',
  '42P01',
  '42703',
  '42601',
  '42501',
  'XX000',
  'ERR_INVALID_ARG_TYPE',
];

/** As an error arrives from a query: wrapped, with the query and its values. */
const inQuery = (error: Error) => new DrizzleQueryError('insert', [], error);

describe('an unavailable database', () => {
  it.each(network)('is recognized by %s', (code) => {
    expect(isDatabaseUnavailable(coded(code))).toBe(true);
  });

  it.each(noSession)('is recognized by SQLSTATE %s: %s', (code) => {
    expect(isDatabaseUnavailable(coded(code))).toBe(true);
  });

  it.each(notNow)('is recognized by SQLSTATE %s, on a working connection: %s', (code) => {
    expect(isDatabaseUnavailable(coded(code))).toBe(true);
  });

  it.each([
    'timeout exceeded when trying to connect',
    'timeout expired',
    'Query read timeout',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Client has encountered a connection error and is not queryable',
    'Client was closed and is not queryable',
  ])('is recognized by "%s"', (message) => {
    expect(isDatabaseUnavailable(new Error(message))).toBe(true);
  });

  it('is recognized below any number of causes, and by nothing else', () => {
    const known = [...network, ...[...noSession, ...notNow].map(([code]) => code)];
    fc.assert(
      fc.property(fc.constantFrom(...known, ...ofTheQuery), fc.nat(4), (code, depth) => {
        let error: Error = coded(code);
        for (let level = 0; level < depth; level += 1) error = inQuery(error);
        expect(isDatabaseUnavailable(error)).toBe(known.includes(code));
      }),
    );
    expect(isDatabaseUnavailable('ECONNREFUSED')).toBe(false);
    expect(isBadData(inQuery(coded('22003')))).toBe(true);
  });
});

describe('a query that certainly had no effect', () => {
  it.each(network)('failed with %s while connecting, not on an open connection', (code) => {
    for (const syscall of ['connect', 'getaddrinfo'])
      expect(neverReachedDatabase(inQuery(coded(code, { syscall })))).toBe(true);
    for (const syscall of ['read', 'write'])
      expect(neverReachedDatabase(inQuery(coded(code, { syscall })))).toBe(false);
  });

  it('was refused a session', () => {
    for (const code of ['57P03', '53300', '28P01', '3D000', '08001'])
      expect(neverReachedDatabase(inQuery(coded(code)))).toBe(true);
    for (const code of ['57P01', '08006', '25P03'])
      expect(neverReachedDatabase(inQuery(coded(code)))).toBe(false);
  });
});
