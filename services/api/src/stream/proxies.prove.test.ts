import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, freePort, type SpawnedProcess, spawnChild } from '@paceline/embedded';
import { catalog } from '@paceline/shared/contracts';
import { type Bus, publish } from '@paceline/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { someTime } from '../testing/rows.ts';
import { watch } from '../testing/sse.ts';

/** Each compresses, and buffers as by default. */
const proxies = {
  nginx: {
    file: (port: number, api: number, folder: string) => `
daemon off; pid ${folder}/pid; error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  gzip on; gzip_proxied any; gzip_types text/event-stream;
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://127.0.0.1:${api}; proxy_http_version 1.1; proxy_set_header Connection ''; }
  }
}`,
    command: (program: string, file: string) => [program, '-c', file],
    version: '-v',
  },
  caddy: {
    file: (port: number, api: number) => `{
  admin off
}
http://127.0.0.1:${port} {
  encode {
    gzip
    match header Content-Type text/event-stream*
  }
  reverse_proxy 127.0.0.1:${api}
}`,
    command: (program: string, file: string) => [program, 'run', '--adapter', 'caddyfile', '--config', file],
    version: 'version',
  },
} as const;

let test: TestApi;
let riderSync: Bus;
let folder: string;
const started: SpawnedProcess[] = [];

beforeAll(async () => {
  test = await startTestApi({ runs: true });
  riderSync = await test.busOf('rider-sync');
  folder = await mkdtemp(join(tmpdir(), 'paceline-proxies-'));
});
afterAll(async () => {
  await Promise.all(started.map((each) => each.stop()));
  await test?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** @throws {Error} when the program can't be found or doesn't run here */
async function usable(name: keyof typeof proxies): Promise<string> {
  const program = await findProgram(name);
  const command = [program, proxies[name].version];
  const child = await spawnChild({ command, logFile: join(folder, 'version.log'), stopSignal: 'SIGTERM' });
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`${program} does not run on this machine`);
  return program;
}

async function startProxy(name: keyof typeof proxies, program: string): Promise<string> {
  const port = await freePort();
  const home = join(folder, name);
  await mkdir(home);
  const file = join(home, 'config');
  await writeFile(file, proxies[name].file(port, test.api.port, home));
  const command = proxies[name].command(program, file);
  const env = { PATH: process.env.PATH, HOME: home };
  const logFile = join(home, 'log');
  started.push(await spawnChild({ command, logFile, env, stopSignal: 'SIGTERM' }));
  const url = `http://127.0.0.1:${port}`;
  await test.until(async () => expect((await fetch(`${url}/livez`)).status).toBe(200));
  return url;
}

describe.each(['nginx', 'caddy'] as const)('behind %s, which compresses', (name) => {
  it('the stream delivers each event at once', async (context) => {
    const program = await usable(name).catch((error: Error) => {
      const reason = `NOT TESTED BEHIND ${name.toUpperCase()}: ${error.message}`;
      console.warn(reason);
      return context.skip(reason);
    });
    const url = await startProxy(name, program);
    const viewer = await test.until(() => watch(`${url}/v1/stream?types=command.changed`));
    for (const riderId of [4_800_001, 4_800_002, 4_800_003]) {
      await publish(riderSync, catalog.commandChanged, {
        commandId: `command-${name}-${riderId}`,
        riderId,
        at: someTime,
        progress: { state: 'waiting_for_window', until: someTime + 60_000 },
      });
      await test.until(() => expect(viewer.events.at(-1)?.data).toMatchObject({ riderId }));
      // Not flushed by the next heartbeat.
      expect(viewer.comments()).toBe(0);
    }
    viewer.stop();
  });
});
