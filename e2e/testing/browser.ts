import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The locale C of a server gives the browser the language `en-US@posix`, which `Intl` refuses. */
const locale = { LC_ALL: 'en_US.UTF-8', TZ: 'UTC' };

/** Starts a headless Chromium: from `PACELINE_CHROMIUM`, else from the PATH, else from npm. */
export async function openBrowser(): Promise<Browser> {
  const installed = process.env.PACELINE_CHROMIUM ?? onPath('chromium') ?? onPath('chromium-browser');
  if (installed)
    return chromium.launch({ executablePath: installed, args: flags, env: { ...process.env, ...locale } });
  const folder = await unpacked();
  return chromium.launch({
    executablePath: join(folder, 'chromium'),
    args: flags,
    env: {
      ...process.env,
      ...locale,
      LD_LIBRARY_PATH: join(folder, 'al2023/lib'),
      FONTCONFIG_FILE: join(folder, 'fonts.conf'),
      HOME: folder,
    },
  });
}

/** Goes to a page of the dashboard, and returns once it has loaded. */
export async function showPage(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByText('Loading …').first().waitFor({ state: 'detached' });
}

function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(existsSync);
}

/** The npm package contains it compressed, for Linux on x64 only. Unpacked once into the project's cache. */
async function unpacked(): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('Chromium not found: set PACELINE_CHROMIUM to its path');
  }
  const bin = join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '../bin');
  const version = join(bin, '../package.json');
  const { version: name } = (await import(version, { with: { type: 'json' } })).default as {
    version: string;
  };
  const folder = join(import.meta.dirname, `../../.cache/chromium-${name}`);
  if (existsSync(folder)) return folder;

  const staging = `${folder}.${process.pid}`;
  await mkdir(staging, { recursive: true });
  const { inflate } = await import('@sparticuz/chromium');
  // `inflate` unpacks into the temporary folder.
  const { TMPDIR } = process.env;
  process.env.TMPDIR = staging;
  const parts = ['chromium.br', 'al2023.tar.br', 'fonts.tar.br'];
  await Promise.all(parts.map((part) => inflate(join(bin, part)))).finally(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  });
  await writeFile(join(staging, 'fonts.conf'), fontsIn(folder));
  await rename(staging, folder).catch(() => rm(staging, { recursive: true }));
  return folder;
}

/** Only the package's fonts, so that pages look the same everywhere. */
const fontsIn = (folder: string) => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${folder}/fonts</dir><cachedir>${folder}/fonts-cache</cachedir></fontconfig>
`;
