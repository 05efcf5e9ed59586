import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { debianSource, findDebianArchive } from './apt-sources.ts';
import { findOnPath, run } from './run.ts';

/** The oldest Debian release whose nats-server is new enough; its programs run on older ones too. */
const suite = 'trixie';

export interface DebianProgram {
  readonly program: string;
  /** The package that holds it. */
  readonly from: string;
}

/**
 * Gets a program of Debian's into `dir` from the archive that this machine's apt already uses, without root
 * and without touching the system: apt keeps its lists, cache and state in `dir`, and checks the package
 * through the archive's signed index.
 * @returns the path of the program in it
 * @throws {Error} when there is no apt, no Debian archive in its sources, or apt fails
 */
export async function unpackDebianPackage(
  dir: string,
  { program, from }: DebianProgram,
  etc = '/etc/apt',
): Promise<string> {
  if ((await findOnPath('apt-get')) === undefined) throw new Error('there is no apt-get here');
  const archive = findDebianArchive(await readSources(etc));
  if (archive === undefined) throw new Error(`the sources in ${etc} name no Debian archive`);

  const folders = { sources: join(dir, 'sources'), state: join(dir, 'state'), cache: join(dir, 'cache') };
  await mkdir(folders.sources);
  await mkdir(join(folders.state, 'lists', 'partial'), { recursive: true });
  await mkdir(join(folders.cache, 'archives', 'partial'), { recursive: true });
  await writeFile(join(folders.sources, 'debian.sources'), debianSource(archive, suite));
  await writeFile(join(folders.state, 'status'), '');
  const settings = join(dir, 'apt.conf');
  await writeFile(settings, privateApt(folders));

  const apt = ['apt-get', '-qq', '-c', settings];
  await run([...apt, 'update'], { cwd: dir });
  await run([...apt, 'download', from], { cwd: dir });
  const debianPackage = (await readdir(dir)).find((name) => name.endsWith('.deb'));
  if (debianPackage === undefined) throw new Error('apt-get download left no package');
  await run(['dpkg', '-x', join(dir, debianPackage), join(dir, 'package')]);
  return findProgram(join(dir, 'package'), program);
}

/** Names and texts of all the sources of a machine, in the order in which apt reads them. */
export async function readSources(etc: string): Promise<Array<{ name: string; text: string }>> {
  const parts = join(etc, 'sources.list.d');
  const names = (await readdir(parts).catch(() => [])).filter((name) => /\.(list|sources)$/.test(name));
  const paths = [join(etc, 'sources.list'), ...names.toSorted().map((name) => join(parts, name))];
  return Promise.all(
    paths.map(async (path) => ({ name: basename(path), text: await readFile(path, 'utf8').catch(() => '') })),
  );
}

/** Read after the machine's own settings, of which proxies and credentials stay in force. */
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

async function findProgram(root: string, program: string): Promise<string> {
  const files = await readdir(root, { recursive: true });
  const found = files.find((file) => file.endsWith(`bin/${program}`));
  if (found === undefined) throw new Error(`the package holds no ${program}`);
  return join(root, found);
}
