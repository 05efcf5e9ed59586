import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NatsRelease } from './nats-release.ts';
import { run } from './run.ts';

/** Real ms: how long the host may take to answer at all, and to send everything. */
export interface DownloadPatience {
  readonly answerMs: number;
  readonly bodyMs: number;
}

/** Where the host can't be reached, other ways are waiting. */
const patience: DownloadPatience = { answerMs: 3_000, bodyMs: 120_000 };

const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * Downloads this platform's archive of the release into `dir`, checks it against its pinned SHA-256 and
 * unpacks it.
 * @returns the path of the nats-server in it
 * @throws {Error} when the platform isn't released, the host doesn't answer or the checksum differs
 */
export async function downloadRelease(
  release: NatsRelease,
  dir: string,
  { answerMs, bodyMs } = patience,
): Promise<string> {
  const platform = `${process.platform}-${architectures[process.arch] ?? process.arch}`;
  const expected = release.sha256[platform];
  if (expected === undefined) throw new Error(`no release is pinned for ${platform}`);

  const name = `nats-server-v${release.version}-${platform}`;
  const archive = await download(`${release.url}/v${release.version}/${name}.tar.gz`, { answerMs, bodyMs });
  const actual = createHash('sha256').update(archive).digest('hex');
  if (actual !== expected) throw new Error(`${name}.tar.gz has the SHA-256 ${actual}, not ${expected}`);

  const file = join(dir, 'release.tar.gz');
  await writeFile(file, archive);
  await run(['tar', '-xzf', file, '-C', dir]);
  return join(dir, name, 'nats-server');
}

async function download(url: string, { answerMs, bodyMs }: DownloadPatience): Promise<Buffer> {
  const giveUp = new AbortController();
  const until = (ms: number) => setTimeout(() => giveUp.abort(new Error(`no answer in ${ms} ms`)), ms);
  let timer = until(answerMs);
  try {
    // oxlint-disable-next-line no-restricted-globals -- a program from its own project, no call of upstream
    const response = await fetch(url, { signal: giveUp.signal });
    clearTimeout(timer);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    timer = until(bodyMs);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    throw new Error(`${url}: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** fetch says only "fetch failed" and keeps the reason in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message : message;
}
