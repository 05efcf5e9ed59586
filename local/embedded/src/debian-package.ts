import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { cached, defaultCacheDir } from './files.ts';
import { findOnPath, run } from './system.ts';

/** The oldest Debian release with a new enough version; its programs run on older releases too. */
const suiteOf = (program: string): string => (program === 'nats-server' ? 'forky' : 'trixie');
/** An older release, for programs with libraries of their own: the C library of any newer system runs them. */
const olderSuite = 'bookworm';

/** Returns the path of a program from PATH, the cache or the Debian package of its name. @throws {Error} with the reason */
export async function findProgram(program: string): Promise<string> {
  const onPath = await findOnPath(program);
  if (onPath !== undefined) return onPath;
  return cached(cachePathOf(program), (dir) => unpackDebianPackage(dir, program));
}

/** As `findProgram`, with the packages of libraries that may be missing here. @returns also the environment it needs */
export async function findProgramWithLibraries(
  program: string,
  libraries: readonly string[],
): Promise<{ path: string; env: NodeJS.ProcessEnv }> {
  const onPath = await findOnPath(program);
  if (onPath !== undefined) return { path: onPath, env: process.env };
  const root = await cached(`${cachePathOf(program)}-with-libraries`, (dir) =>
    unpackPackages(dir, [program, ...libraries], olderSuite),
  );
  const files = await readdir(root, { recursive: true });
  const folders = new Set(
    files.filter((file) => /\.so\.\d+$/.test(file)).map((file) => join(root, dirname(file))),
  );
  return {
    path: programIn(root, files, program),
    env: { ...process.env, LD_LIBRARY_PATH: [...folders].join(':') },
  };
}

const cachePathOf = (program: string): string =>
  join(defaultCacheDir(), `${program}-${process.platform}-${process.arch}`);

/** Downloads a program's Debian package with a private apt in `dir`: no root needed, signatures checked. Returns its path. */
export async function unpackDebianPackage(dir: string, program: string, etc = '/etc/apt'): Promise<string> {
  const root = await unpackPackages(dir, [program], suiteOf(program), etc);
  return programIn(root, await readdir(root, { recursive: true }), program);
}

function programIn(root: string, files: readonly string[], program: string): string {
  const found = files.find((file) => file.endsWith(`bin/${program}`));
  if (found === undefined) throw new Error(`${program} is not in its Debian package`);
  return join(root, found);
}

/** Returns the folder with the contents of all the packages. */
async function unpackPackages(
  dir: string,
  names: readonly string[],
  release: string,
  etc = '/etc/apt',
): Promise<string> {
  if ((await findOnPath('apt-get')) === undefined) throw new Error('apt-get not found');
  const archive = findDebianArchive(await readSources(etc));
  if (archive === undefined) throw new Error(`no Debian archive among the apt sources in ${etc}`);

  const folders = { sources: join(dir, 'sources'), state: join(dir, 'state'), cache: join(dir, 'cache') };
  await mkdir(folders.sources);
  await mkdir(join(folders.state, 'lists', 'partial'), { recursive: true });
  await mkdir(join(folders.cache, 'archives', 'partial'), { recursive: true });
  await writeFile(join(folders.sources, 'debian.sources'), debianSource(archive, release));
  await writeFile(join(folders.state, 'status'), '');
  const settings = join(dir, 'apt.conf');
  await writeFile(settings, privateApt(folders));

  const apt = ['apt-get', '-qq', '-c', settings];
  await run([...apt, 'update'], { cwd: dir });
  await run([...apt, 'download', ...names], { cwd: dir });
  const packages = (await readdir(dir)).filter((name) => name.endsWith('.deb'));
  if (packages.length < names.length) throw new Error('apt-get download produced no package');
  const root = join(dir, 'package');
  for (const each of packages) await run(['dpkg', '-x', join(dir, each), root]);
  return root;
}

/** The name and text of each apt source file, in the order in which apt reads them. */
export async function readSources(etc: string): Promise<Array<{ name: string; text: string }>> {
  const parts = join(etc, 'sources.list.d');
  const names = (await readdir(parts).catch(() => [])).filter((name) => /\.(list|sources)$/.test(name));
  const paths = [join(etc, 'sources.list'), ...names.toSorted().map((name) => join(parts, name))];
  return Promise.all(
    paths.map(async (path) => ({ name: basename(path), text: await readFile(path, 'utf8').catch(() => '') })),
  );
}

/** Read after the machine's own settings, so that its proxies and credentials still apply. */
const privateApt = ({ sources, state, cache }: { sources: string; state: string; cache: string }): string => `
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "${sources}";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "${state}";
Dir::State::status "${join(state, 'status')}";
Dir::Cache "${cache}";
Acquire::Languages "none";
Acquire::http::Timeout "15";
Acquire::https::Timeout "15";
Acquire::Retries "1";
Acquire::AllowInsecureRepositories "false";
APT::Get::AllowUnauthenticated "false";
APT::Update::Error-Mode "any";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`;

export interface DebianArchive {
  readonly uri: string;
  /** The source's `Signed-By`: the path of a keyring or an inlined key; undefined for apt's default. */
  readonly signedBy: string | undefined;
}

type AptSource = Readonly<Record<'types' | 'uris' | 'suites' | 'components', string[]>> &
  Pick<DebianArchive, 'signedBy'>;

/** The first Debian archive in one-line and deb822 sources, ignoring security archives, other vendors and disabled sources. */
export function findDebianArchive(
  files: ReadonlyArray<{ name: string; text: string }>,
): DebianArchive | undefined {
  for (const { name, text } of files) {
    for (const source of name.endsWith('.sources') ? readStanzas(text) : readLines(text)) {
      const uri = source.uris.find(isDebian);
      if (uri === undefined || !source.types.includes('deb') || !source.components.includes('main')) continue;
      if (source.suites.every((suite) => suite.includes('-security'))) continue;
      return { uri, signedBy: source.signedBy };
    }
  }
  return undefined;
}

export function debianSource({ uri, signedBy }: DebianArchive, suite: string): string {
  const fields = ['Types: deb', `URIs: ${uri}`, `Suites: ${suite}`, 'Components: main'];
  if (signedBy !== undefined) fields.push(`Signed-By: ${signedBy}`);
  return `${fields.join('\n')}\n`;
}

/** Mirrors keep Debian below a folder of that name; cloud images name a file that lists mirrors. */
const isDebian = (uri: string): boolean => /\/debian(\/|$)|^mirror\+?\w*:.*debian\.list$/.test(uri);

const words = (text = ''): string[] => text.split(/\s+/).filter(Boolean);

/** `deb [arch=amd64 signed-by=/path] http://host/debian bookworm main contrib # why` */
function readLines(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const [, type, options, rest] = /^\s*(deb(?:-src)?)\s+(?:\[([^\]]*)\]\s*)?([^#]*)/.exec(line) ?? [];
    const [uri, suite, ...components] = words(rest);
    if (type === undefined || uri === undefined || suite === undefined) return [];
    const signedBy = words(options)
      .find((option) => option.startsWith('signed-by='))
      ?.slice('signed-by='.length);
    return [{ types: [type], uris: [uri], suites: [suite], components, signedBy }];
  });
}

/** Paragraphs of `Field: value`; indented lines continue a value. */
function readStanzas(text: string): AptSource[] {
  const uncommented = text.replaceAll(/^#.*\n?/gm, '');
  return uncommented.split(/\n\s*\n/).flatMap((paragraph) => {
    const fields = new Map(
      paragraph
        .split(/\n(?=\S)/)
        .map((field) => [
          field.split(':', 1)[0]?.trim().toLowerCase(),
          field.slice(field.indexOf(':') + 1).trim(),
        ]),
    );
    if (fields.get('enabled') === 'no') return [];
    const list = (field: string) => words(fields.get(field));
    const [types, uris, suites, components] = [
      list('types'),
      list('uris'),
      list('suites'),
      list('components'),
    ];
    return [{ types, uris, suites, components, signedBy: fields.get('signed-by') }];
  });
}
