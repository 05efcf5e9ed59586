import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { readAudit } from './audit.ts';

const folder = mkdtempSync(join(tmpdir(), 'sandbox-main-'));
const auditFile = join(folder, 'audit.jsonl');
const often = { interval: 5, timeout: 60_000 };
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

function run(env: Record<string, string>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { ...process.env, SANDBOX_PORT: '0', SANDBOX_AUDIT_FILE: auditFile, SANDBOX_LATENCY: 'off', ...env },
  });
  children.push(child);
  const output = { text: '' };
  child.stdout.on('data', (data) => (output.text += data));
  child.stderr.on('data', (data) => (output.text += data));
  return { child, output };
}

async function listening(env: Record<string, string> = {}) {
  const { child, output } = run(env);
  const url = await vi.waitFor(() => {
    const found = /http:\S+\/api/.exec(output.text)?.[0];
    if (!found) throw new Error(`not listening yet: ${output.text}`);
    return found;
  }, often);
  const call = (path: string) => fetch(`${url}${path}`, { headers: { Authorization: 'sandbox-key' } });
  return { child, output, url, call };
}

describe('the sandbox as a process', () => {
  it('continues its audit after being killed, and stops at once on SIGTERM', async () => {
    const first = await listening();
    expect(first.output.text.trim().split('\n')).toHaveLength(1);
    expect((await first.call('/public/clubs/20651')).status).toBe(200);
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');

    const second = await listening();
    expect((await second.call('/public/clubs/20651')).status).toBe(200);
    await fetch(second.url.replace(/api$/, 'control/faults'), { method: 'POST', body: '{"kind":"hang"}' });
    const hanging = second.call('/public/riders/200000');
    await vi.waitFor(() => expect(readAudit(auditFile)).toHaveLength(3), often);
    second.child.kill('SIGTERM');
    await expect(hanging).rejects.toThrow('fetch failed');
    expect(await once(second.child, 'exit')).toEqual([0, null]);

    expect(readAudit(auditFile)).toMatchObject([
      { seq: 1, verdict: 'accepted', status: 200 },
      { seq: 2, verdict: 'accepted', status: 200 },
      { seq: 3, fault: 'hang' },
    ]);
  });

  it('enforces a budget that is added to the upstream file', async () => {
    const upstream = join(folder, 'zwiftracing.yaml');
    const text = readFileSync(join(import.meta.dirname, '../../../upstreams/zwiftracing.yaml'), 'utf8');
    const teams = [
      '\n  teams: { label: Teams, limit: 3 per 1m }',
      `\n  teams: { calls: [GET /public/teams/:id], typical: 20ms }`,
    ];
    writeFileSync(
      upstream,
      text.replaceAll(/^(?:budgets|endpoints):/gm, (start) => start + teams.shift()),
    );
    const file = join(folder, 'teams.jsonl');
    const sandbox = await listening({
      SANDBOX_AUDIT_FILE: file,
      SANDBOX_LATENCY: 'on',
      UPSTREAMS: upstream,
    });
    for (const id of [7, 8, 9]) {
      const response = await sandbox.call(`/public/teams/${id}`);
      expect([response.status, await response.json()]).toEqual([200, { id }]);
    }
    const rejected = await sandbox.call('/public/teams/7');
    expect([rejected.status, await rejected.json()]).toMatchObject([429, { windowMinutes: 1, limit: 3 }]);
    expect(readAudit(file).map(({ budget, verdict }) => `${budget} ${verdict}`)).toEqual([
      ...Array.from({ length: 3 }, () => 'teams accepted'),
      'teams rejected',
    ]);
    const judged = await fetch(sandbox.url.replace(/api$/, 'control/judgement'));
    expect(await judged.json()).toMatchObject({ judgements: [{ budget: 'teams', calls: 4, rejected: 1 }] });
    sandbox.child.kill('SIGTERM');
    await once(sandbox.child, 'exit');
  });

  it('reports a wrong configuration and exits with 78', async () => {
    const { child, output } = run({ SANDBOX_HEADERS: 'perhaps', SANDBOX_SEED: 'x' });
    expect(await once(child, 'exit')).toEqual([78, null]);
    expect(output.text).toMatch(/SANDBOX_SEED.*\n.*SANDBOX_HEADERS/);
  });
});
