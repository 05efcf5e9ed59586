import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Arrival } from './audit.ts';
import { createAuditLog, readAudit } from './audit.ts';

const folder = mkdtempSync(join(tmpdir(), 'sandbox-audit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const request = (arrivedAt: number): Omit<Arrival, 'seq'> => ({
  arrivedAt,
  key: 'team',
  budget: 'clubs',
  policy: { limit: 1, windowMs: 60_000 },
  method: 'GET',
  path: '/api/public/clubs/1',
  verdict: 'accepted',
});

describe('the audit log', () => {
  it('numbers arrivals and adds their responses', () => {
    const log = createAuditLog();
    expect(log.arrived(request(10)).seq).toBe(1);
    expect(log.arrived(request(20)).seq).toBe(2);
    log.answered(1, { status: 200, answeredAt: 30 });
    expect(log.all()).toEqual([
      { seq: 1, ...request(10), status: 200, answeredAt: 30 },
      { seq: 2, ...request(20) },
    ]);
  });

  it('continues its file after a restart, even after an incomplete line', () => {
    const file = join(folder, 'torn.jsonl');
    const first = createAuditLog(file);
    first.arrived(request(10));
    first.arrived(request(20));
    first.answered(1, { status: 200, answeredAt: 15 });
    first.close();
    appendFileSync(file, '{"seq":3,"arrivedAt":3');

    const second = createAuditLog(file);
    expect(second.arrived(request(40)).seq).toBe(3);
    second.answered(3, { status: 429, answeredAt: 41 });
    second.close();
    expect(readAudit(file)).toEqual([
      { seq: 1, ...request(10), status: 200, answeredAt: 15 },
      { seq: 2, ...request(20) },
      { seq: 3, ...request(40), status: 429, answeredAt: 41 },
    ]);
  });

  it('writes an arrival synchronously', () => {
    const file = join(folder, 'at-once.jsonl');
    const log = createAuditLog(file);
    log.arrived(request(10));
    expect(readAudit(file)).toEqual([{ seq: 1, ...request(10) }]);
    log.close();
  });

  it('reads a missing file as no arrivals', () => {
    expect(readAudit(join(folder, 'never-written.jsonl'))).toEqual([]);
  });
});
