import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

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

describe('npm run audit:dependencies', () => {
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
