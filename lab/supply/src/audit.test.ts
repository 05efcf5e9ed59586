import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { judgeAdvisories, judgeLicences } from './audit.ts';
import type { Advisory } from './pnpm.ts';
import type { LicenceException } from './policy.ts';

const program = fileURLToPath(new URL('audit.ts', import.meta.url));

/** Runs the audit against a registry with this response. */
async function audit(status: number, answer: unknown) {
  const requests: string[] = [];
  const registry = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  const { port } = registry.address() as AddressInfo;
  try {
    return await new Promise<{ code: number; output: string; requests: string[] }>((resolve) => {
      execFile(process.execPath, [program, `http://127.0.0.1:${port}/`], (error, output) => {
        resolve({ code: Number(error?.code ?? 0), output, requests });
      });
    });
  } finally {
    registry.close();
  }
}

describe('npm run lab -- dependencies', () => {
  it('allows every licence and lists the exceptions', async () => {
    const { code, output } = await audit(200, {});
    expect(output).toContain('Licences: all allowed or with an exception.');
    expect(output).toContain('by exception: axe-core (MPL-2.0): ');
    expect(output).toMatch(/Advisories: none for \d{3,} packages/);
    expect(code).toBe(0);
  });

  it('fails on an advisory for an installed package', async () => {
    const advisory = {
      id: 1,
      url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
      title: 'It leaks',
      severity: 'high',
      vulnerable_versions: '<999',
      cwe: ['CWE-1'],
      cvss: { score: 7, vectorString: null },
    };
    const { code, output, requests } = await audit(200, { hono: [advisory] });
    expect(requests).toEqual(['POST /-/npm/v1/security/advisories/bulk']);
    expect(output).toMatch(/PROBLEM: hono@\S+ \(high\): It leaks, https/);
    expect(code).toBe(1);
  });

  it('exits with 75 when the registry is unavailable', async () => {
    const { code, output } = await audit(405, {});
    expect(output).toContain('Advisories: NOT CHECKED, registry unavailable');
    expect(output).toContain('405');
    expect(code).toBe(75);
  });
});

const allowed = ['MIT', 'Apache-2.0'];
const mpl: LicenceException = { packages: 'axe{,-*}', licence: 'MPL-2.0', reason: 'only in tests' };
const judge = (licences: Record<string, string>, exceptions: LicenceException[] = []) =>
  judgeLicences(
    Object.entries(licences).map(([name, licence]) => ({ name, versions: ['1.0.0'], licence })),
    allowed,
    exceptions,
  );

describe('a licence', () => {
  it('is allowed when it, or one of its alternatives, is on the list', () => {
    expect(judge({ a: 'MIT', b: '(AFL-2.1 OR Apache-2.0)', c: 'MIT AND Apache-2.0' })).toEqual([]);
  });

  it.each(['GPL-3.0-only', 'MIT AND GPL-3.0-only', 'Unknown', 'SEE LICENSE IN x', ''])(
    '%j is rejected with the name of its package',
    (licence) => {
      expect(judge({ fine: 'MIT', left: licence })).toEqual([`left@1.0.0 is under ${licence}`]);
    },
  );

  it('has an exception only for the reviewed licence', () => {
    expect(judge({ axe: 'MPL-2.0', 'axe-linux': 'MPL-2.0' }, [mpl])).toEqual([]);
    expect(judge({ axe: 'MPL-2.0', 'axe-linux': 'GPL-2.0' }, [mpl])).toEqual([
      'axe-linux@1.0.0 is under GPL-2.0',
    ]);
  });

  it('is reported when its exception is unused', () => {
    expect(judge({ axe: 'MIT' }, [mpl])).toEqual(['the exception for axe{,-*} (MPL-2.0) is unused']);
  });
});

describe('an advisory', () => {
  const advisory: Advisory = {
    github_advisory_id: 'GHSA-1',
    module_name: 'left',
    severity: 'high',
    title: 'It leaks',
    url: 'https://advisories.example/1',
    findings: [{ version: '1.0.0', paths: ['api>left'] }],
  };

  it('is reported with its package and dependency path', () => {
    expect(judgeAdvisories([advisory], [])).toEqual([
      'left@1.0.0 (high): It leaks, https://advisories.example/1, via api>left',
    ]);
  });

  it('can be accepted, until it is no longer reported', () => {
    const accepted = [{ id: 'GHSA-1', reason: 'we never call it' }];
    expect(judgeAdvisories([advisory], accepted)).toEqual([]);
    expect(judgeAdvisories([], accepted)).toEqual(['the exception for GHSA-1 is unused']);
  });
});
