import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { findDebianArchive, readSources, unpackDebianPackage } from './debian-package.ts';
import { withTempDir } from './files.ts';
import { findOnPath, run } from './system.ts';

const hasApt = (await findOnPath('apt-get')) !== undefined;

/** The test below needs this machine's Debian archive, which is missing offline or on other systems. */
const archive = findDebianArchive(await readSources('/etc/apt'))?.uri;
const isReachable = await fetch(`${archive}/dists/forky/Release`, {
  signal: AbortSignal.timeout(3_000),
}).then(
  ({ ok }) => ok,
  () => false,
);

it.runIf(hasApt && isReachable)(
  'unpacks the pinned nats-server or a newer one from the archive',
  { timeout: 120_000 },
  () =>
    withTempDir(tmpdir(), async (dir) => {
      const server = await unpackDebianPackage(dir, 'nats-server');
      expect(await run([server, '--version'])).toMatch(/v2\.(1[5-9]|[2-9]\d)\./);
    }),
);

it.runIf(hasApt)('names the folder when no apt source is a Debian archive', () =>
  withTempDir(tmpdir(), async (etc) => {
    await mkdir(join(etc, 'sources.list.d'));
    await writeFile(join(etc, 'sources.list.d', 'other.list'), 'deb http://a.example/ubuntu noble main');
    await expect(unpackDebianPackage(etc, 'nats-server', etc)).rejects.toThrow(
      `no Debian archive among the apt sources in ${etc}`,
    );
  }),
);

it('rejects without apt-get', async () => {
  vi.stubEnv('PATH', '');
  await expect(unpackDebianPackage('/unused', 'nats-server')).rejects.toThrow('apt-get not found');
  vi.unstubAllEnvs();
});
