import { matchesGlob } from 'node:path';
import satisfies from 'spdx-satisfies';
import { type Advisory, advisories, installedPackages, type Licensed, NotAsked } from './pnpm.ts';
import {
  type AcceptedAdvisory,
  acceptedAdvisories,
  allowedLicences,
  type LicenceException,
  licenceExceptions,
} from './policy.ts';
import { programs } from './sbom.ts';

/** What is wrong with the licences, a sentence each. */
export function judgeLicences(
  packages: readonly Licensed[],
  allowed: readonly string[],
  exceptions: readonly LicenceException[],
): string[] {
  const used = new Set<LicenceException>();
  const refused = packages.filter(({ name, licence }) => {
    if (isAllowed(licence, allowed)) return false;
    const exception = exceptions.find((each) => each.licence === licence && matchesGlob(name, each.packages));
    if (exception) used.add(exception);
    return exception === undefined;
  });
  return [
    ...refused.map(({ name, versions, licence }) => `${name}@${versions.join(', ')} is under ${licence}`),
    ...exceptions
      .filter((each) => !used.has(each))
      .map(({ packages: glob, licence }) => `the exception for ${glob} (${licence}) is for nothing`),
  ];
}

/** What is known against the packages and not accepted, a sentence each. */
export function judgeAdvisories(
  advisories: readonly Advisory[],
  accepted: readonly AcceptedAdvisory[],
): string[] {
  const known = new Set(advisories.map((each) => each.github_advisory_id));
  const accept = new Set(accepted.map(({ id }) => id));
  return [
    ...advisories.filter((each) => !accept.has(each.github_advisory_id)).map(sentence),
    ...accepted.filter(({ id }) => !known.has(id)).map(({ id }) => `the exception for ${id} is for nothing`),
  ];
}

function sentence(advisory: Advisory): string {
  const { module_name: name, severity, title, url } = advisory;
  const versions = advisory.findings.map(({ version }) => version).join(', ');
  const ways = advisory.findings.flatMap(({ paths }) => paths).slice(0, 3);
  return `${name}@${versions} (${severity}): ${title}, ${url}, by way of ${ways.join(' and ')}`;
}

/** What is no SPDX expression is not allowed, whatever it says. */
function isAllowed(licence: string, allowed: readonly string[]): boolean {
  try {
    return satisfies(licence, [...allowed]);
  } catch {
    return false;
  }
}

/** EX_TEMPFAIL of sysexits: nothing was found, for the registry could not be asked. */
const notAsked = 75;

async function licences(): Promise<number> {
  const packages = await installedPackages();
  const problems = judgeLicences(packages, allowedLicences, licenceExceptions);
  console.log(`Licences of ${packages.length} packages: ${counted(packages)}.`);
  for (const { packages: glob, licence, reason } of licenceExceptions)
    console.log(`  by exception: ${glob} (${licence}): ${reason}`);
  for (const { name, licence, use } of await programs())
    console.log(`  program: ${name} (${licence}): ${use}`);
  return verdict('Licences', problems, 'all are allowed, or have an exception');
}

async function known(): Promise<number> {
  try {
    const answer = await advisories(process.argv[2]);
    const problems = judgeAdvisories(answer.advisories, acceptedAdvisories);
    for (const { id, reason } of acceptedAdvisories) console.log(`  accepted: ${id}: ${reason}`);
    return verdict('Advisories', problems, `none that count for ${answer.packages} packages`);
  } catch (error) {
    if (!(error instanceof NotAsked)) throw error;
    console.log(`Advisories: NOT CHECKED. The registry could not be asked. ${error.message}`);
    return notAsked;
  }
}

function verdict(what: string, problems: readonly string[], fine: string): number {
  for (const problem of problems) console.log(`  WRONG: ${problem}`);
  console.log(
    `${what}: ${problems.length === 0 ? fine : `${problems.length} wrong; see lab/supply/src/policy.ts`}.`,
  );
  return problems.length === 0 ? 0 : 1;
}

function counted(packages: readonly Licensed[]): string {
  const counts = Map.groupBy(packages, ({ licence }) => licence);
  return [...counts]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([licence, { length }]) => `${length} ${licence}`)
    .join(', ');
}

// What our packages are licensed under, and what is known against them: `npm run lab -- dependencies`.
if (import.meta.main) {
  const found = [await licences(), await known()];
  process.exitCode = found.includes(1) ? 1 : Math.max(...found);
}
