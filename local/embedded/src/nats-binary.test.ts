import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeTempDir, removeAll } from './files.ts';
import { downloadRelease, findNatsServer, natsRelease, type NatsRelease } from './nats-binary.ts';
import { findOnPath, run } from './system.ts';

const osAndArch = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
const name = `nats-server-v2.99.0-${osAndArch}`;
const cachedName = `nats-server-2.99.0-${process.platform}-${process.arch}`;

let dir: string;
let cacheDir: string;
let web: Server | undefined;
let reported: string[];
const report = (line: string) => void reported.push(line);

beforeEach(async () => {
  dir = await makeTempDir(tmpdir(), 'paceline-find');
  cacheDir = join(dir, 'cache');
  reported = [];
  // A PATH with the tools for unpacking, and no nats-server.
  await mkdir(join(dir, 'bin'));
  for (const tool of ['tar', 'gzip']) await symlink((await findOnPath(tool)) ?? '', join(dir, 'bin', tool));
  vi.stubEnv('PATH', join(dir, 'bin'));
  vi.stubEnv('NATS_SERVER', '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  web?.close();
  web?.closeAllConnections();
  await removeAll(dir);
});

/** A program that prints the version of a nats-server, which is all that is checked. */
async function writeServer(folder: string, version: string): Promise<string> {
  const path = join(folder, 'nats-server');
  await mkdir(folder, { recursive: true });
  await writeFile(path, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  await chmod(path, 0o755);
  return path;
}

/** Serves releases with `handle`; the pinned checksum is that of `archive`. */
async function host(handle: RequestListener, archive: Buffer): Promise<NatsRelease> {
  web = createServer(handle).listen(0, '127.0.0.1');
  await once(web, 'listening');
  const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  return {
    version: '2.99.0',
    url,
    sha256: { [osAndArch]: createHash('sha256').update(archive).digest('hex') },
  };
}

async function packRelease(): Promise<Buffer> {
  await writeServer(join(dir, 'packed', name), '2.99.0');
  await run(['tar', '-czf', join(dir, 'packed.tar.gz'), '-C', join(dir, 'packed'), name]);
  return readFile(join(dir, 'packed.tar.gz'));
}

const unreachable: NatsRelease = {
  version: '2.99.0',
  url: 'http://127.0.0.1:1',
  sha256: { [osAndArch]: '' },
};

describe('finding a nats-server', () => {
  it('uses the one on the PATH when it is new enough, and reports nothing', async () => {
    const { version } = natsRelease;
    for (const onPath of [version, version.replace(/\d+$/, '99'), '2.100.0', '3.0.0']) {
      const path = await writeServer(join(dir, 'bin'), onPath);
      expect(await findNatsServer({ cacheDir, report, release: natsRelease })).toEqual({
        path,
        version: onPath,
        source: 'PATH',
      });
    }
    expect(reported).toEqual([]);
  });

  it('uses the one in NATS_SERVER, whatever its version, and no other', async () => {
    const path = await writeServer(join(dir, 'own'), '2.10.27');
    await writeServer(join(dir, 'bin'), '2.99.0');
    vi.stubEnv('NATS_SERVER', path);
    const found = await findNatsServer({ cacheDir, report });
    expect(found).toEqual({ path, version: '2.10.27', source: 'NATS_SERVER' });
    vi.stubEnv('NATS_SERVER', join(dir, 'missing'));
    await expect(findNatsServer({ cacheDir, report })).rejects.toThrow(join(dir, 'missing'));
  });

  it('downloads the official release once for concurrent callers, then uses the cache', async () => {
    const archive = await packRelease();
    const requested: string[] = [];
    const release = await host((request, response) => {
      requested.push(request.url ?? '');
      response.end(archive);
    }, archive);
    const found = await Promise.all([1, 2, 3].map(() => findNatsServer({ cacheDir, report, release })));
    expect(requested).toEqual([`/v2.99.0/${name}.tar.gz`]);
    expect(found.map(({ source }) => source).toSorted()).toEqual(['cache', 'cache', 'official release']);
    expect(new Set(found.map(({ path }) => path)).size).toBe(1);
    expect((await findNatsServer({ cacheDir, report, release: unreachable })).source).toBe('cache');
    expect(await readdir(cacheDir)).toEqual([cachedName]);
  });

  it('skips a server on the PATH that is too old, and reports it', async () => {
    const old = await writeServer(join(dir, 'bin'), '2.98.7');
    const archive = await packRelease();
    const release = await host((_, response) => response.end(archive), archive);
    const found = await findNatsServer({ cacheDir, report, release });
    expect(found).toMatchObject({ version: '2.99.0', source: 'official release' });
    expect(reported[0]).toBe(`skipping the nats-server on the PATH: ${old} is 2.98.7, older than 2.99.0`);
  });

  it('replaces a cached file that cannot run', async () => {
    const archive = await packRelease();
    const release = await host((_, response) => response.end(archive), archive);
    await mkdir(cacheDir);
    await writeFile(join(cacheDir, cachedName), 'half of it', { mode: 0o755 });
    expect((await findNatsServer({ cacheDir, report, release })).source).toBe('official release');
  });

  it('reports why each source failed, and what to do', async () => {
    const found = findNatsServer({ cacheDir, report, release: unreachable });
    const failure = await found.then(
      () => '',
      (error: Error) => error.message,
    );
    expect(failure.split('\n')).toEqual([
      'No usable nats-server found:',
      '  PATH: nats-server not found',
      expect.stringMatching(/^ {2}cache: .*nats-server-[\w.]+-\w+-\w+ not found$/),
      expect.stringMatching(/^ {2}official release: http:.*\.tar\.gz: .+$/),
      '  Debian package: apt-get not found',
      'Install nats-server 2.99.0 or newer, or set NATS_SERVER to a program or NATS_URL to a broker.',
    ]);
  });

  it('reports that it cannot write to the cache', async () => {
    await writeFile(cacheDir, 'a file, not a folder');
    await expect(findNatsServer({ cacheDir, report, release: unreachable })).rejects.toThrow(
      /official release: ENOTDIR: .*\n.*\nInstall/,
    );
  });
});

describe('the official release', () => {
  it('is rejected when its checksum is not the pinned one', async () => {
    const release = await host((_, response) => response.end('something else'), await packRelease());
    await expect(downloadRelease(release, dir)).rejects.toThrow(`${name}.tar.gz has the SHA-256 `);
  });

  it('fails quickly when the host does not respond', async () => {
    const release = await host(() => undefined, Buffer.alloc(0));
    const timeouts = { headersMs: 50, bodyMs: 60_000 };
    await expect(downloadRelease(release, dir, timeouts)).rejects.toThrow('no response within 50 ms');
  });

  it('has more time for its body than for its headers', async () => {
    const archive = await packRelease();
    const release = await host((_, response) => {
      response.write(archive.subarray(0, 10));
      setTimeout(() => response.end(archive.subarray(10)), 200);
    }, archive);
    const timeouts = { headersMs: 100, bodyMs: 60_000 };
    expect(await downloadRelease(release, dir, timeouts)).toBe(join(dir, name, 'nats-server'));
  });

  it('is rejected on a platform without a pinned checksum', async () => {
    await expect(downloadRelease({ ...unreachable, sha256: {} }, dir)).rejects.toThrow(
      'no checksum is pinned for',
    );
  });
});
