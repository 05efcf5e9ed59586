import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { judgeAdvisories, judgeLicences } from './audit.ts';
import type { Advisory } from './pnpm.ts';
import type { LicenceException } from './policy.ts';

const program = fileURLToPath(new URL('audit.ts', import.meta.url));

/** Audits against a registry that answers so. */
async function audit(status: number, answer: unknown) {
  const asked: string[] = [];
  const registry = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  const { port } = registry.address() as AddressInfo;
  try {
    return await new Promise<{ code: number; output: string; asked: string[] }>((resolve) => {
      execFile(process.execPath, [program, `http://127.0.0.1:${port}/`], (error, output) => {
        resolve({ code: Number(error?.code ?? 0), output, asked });
      });
    });
  } finally {
    registry.close();
  }
}

describe('npm run lab -- dependencies', () => {
  it('finds every licence allowed, and says under which exceptions', async () => {
    const { code, output } = await audit(200, {});
    expect(output).toContain('Licences: all are allowed, or have an exception.');
    expect(output).toContain('by exception: axe-core (MPL-2.0): ');
    expect(output).toMatch(/Advisories: none that count for \d{3,} packages/);
    expect(code).toBe(0);
  });

  it('fails on what is known against a package that we have', async () => {
    const advisory = {
      id: 1,
      url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
      title: 'It leaks',
      severity: 'high',
      vulnerable_versions: '<999',
      cwe: ['CWE-1'],
      cvss: { score: 7, vectorString: null },
    };
    const { code, output, asked } = await audit(200, { hono: [advisory] });
    expect(asked).toEqual(['POST /-/npm/v1/security/advisories/bulk']);
    expect(output).toMatch(/WRONG: hono@\S+ \(high\): It leaks, https/);
    expect(code).toBe(1);
  });

  it('says that it could not ask, and is not green', async () => {
    const { code, output } = await audit(405, {});
    expect(output).toContain('Advisories: NOT CHECKED. The registry could not be asked.');
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
  it('is fine when it is allowed, or when an allowed one can be chosen', () => {
    expect(judge({ a: 'MIT', b: '(AFL-2.1 OR Apache-2.0)', c: 'MIT AND Apache-2.0' })).toEqual([]);
  });

  it.each(['GPL-3.0-only', 'MIT AND GPL-3.0-only', 'Unknown', 'SEE LICENSE IN x', ''])(
    'that is %j is refused with the name of its package',
    (licence) => {
      expect(judge({ fine: 'MIT', left: licence })).toEqual([`left@1.0.0 is under ${licence}`]);
    },
  );

  it('has an exception for the licence that was looked at, and for no other', () => {
    expect(judge({ axe: 'MPL-2.0', 'axe-linux': 'MPL-2.0' }, [mpl])).toEqual([]);
    expect(judge({ axe: 'MPL-2.0', 'axe-linux': 'GPL-2.0' }, [mpl])).toEqual([
      'axe-linux@1.0.0 is under GPL-2.0',
    ]);
  });

  it('that nothing has any more needs no exception', () => {
    expect(judge({ axe: 'MIT' }, [mpl])).toEqual(['the exception for axe{,-*} (MPL-2.0) is for nothing']);
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

  it('is told of with the package, and by which way it comes', () => {
    expect(judgeAdvisories([advisory], [])).toEqual([
      'left@1.0.0 (high): It leaks, https://advisories.example/1, by way of api>left',
    ]);
  });

  it('may be accepted, as long as it is one', () => {
    const accepted = [{ id: 'GHSA-1', reason: 'we never call it' }];
    expect(judgeAdvisories([advisory], accepted)).toEqual([]);
    expect(judgeAdvisories([], accepted)).toEqual(['the exception for GHSA-1 is for nothing']);
  });
});
