import { matchesGlob } from 'node:path';
import satisfies from 'spdx-satisfies';
import { type Advisory, advisories, installedPackages, type Licensed, RegistryUnavailable } from './pnpm.ts';
import {
  type AcceptedAdvisory,
  acceptedAdvisories,
  allowedLicences,
  type LicenceException,
  licenceExceptions,
} from './policy.ts';
import { programs } from './sbom.ts';

/** One line per licence problem. */
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
      .map(({ packages: glob, licence }) => `the exception for ${glob} (${licence}) is unused`),
  ];
}

/** One line per advisory that is not accepted, and per unused exception. */
export function judgeAdvisories(
  advisories: readonly Advisory[],
  accepted: readonly AcceptedAdvisory[],
): string[] {
  const known = new Set(advisories.map((each) => each.github_advisory_id));
  const accept = new Set(accepted.map(({ id }) => id));
  return [
    ...advisories.filter((each) => !accept.has(each.github_advisory_id)).map(describeAdvisory),
    ...accepted.filter(({ id }) => !known.has(id)).map(({ id }) => `the exception for ${id} is unused`),
  ];
}

function describeAdvisory(advisory: Advisory): string {
  const { module_name: name, severity, title, url } = advisory;
  const versions = advisory.findings.map(({ version }) => version).join(', ');
  const paths = advisory.findings.flatMap(({ paths }) => paths).slice(0, 3);
  return `${name}@${versions} (${severity}): ${title}, ${url}, via ${paths.join(' and ')}`;
}

/** A licence that isn't a valid SPDX expression is not allowed. */
function isAllowed(licence: string, allowed: readonly string[]): boolean {
  try {
    return satisfies(licence, [...allowed]);
  } catch {
    return false;
  }
}

/** EX_TEMPFAIL of sysexits: the registry could not be reached. */
const notChecked = 75;

async function checkLicences(): Promise<number> {
  const packages = await installedPackages();
  const problems = judgeLicences(packages, allowedLicences, licenceExceptions);
  console.log(`Licences of ${packages.length} packages: ${licenceCounts(packages)}.`);
  for (const { packages: glob, licence, reason } of licenceExceptions)
    console.log(`  by exception: ${glob} (${licence}): ${reason}`);
  for (const { name, licence, use } of await programs())
    console.log(`  program: ${name} (${licence}): ${use}`);
  return verdict('Licences', problems, 'all allowed or with an exception');
}

async function checkAdvisories(): Promise<number> {
  try {
    const answer = await advisories(process.argv[2]);
    const problems = judgeAdvisories(answer.advisories, acceptedAdvisories);
    for (const { id, reason } of acceptedAdvisories) console.log(`  accepted: ${id}: ${reason}`);
    return verdict('Advisories', problems, `none for ${answer.packages} packages`);
  } catch (error) {
    if (!(error instanceof RegistryUnavailable)) throw error;
    console.log(`Advisories: NOT CHECKED, registry unavailable: ${error.message}`);
    return notChecked;
  }
}

function verdict(subject: string, problems: readonly string[], okText: string): number {
  for (const problem of problems) console.log(`  PROBLEM: ${problem}`);
  console.log(
    `${subject}: ${problems.length === 0 ? okText : `${problems.length} problem(s), see lab/supply/src/policy.ts`}.`,
  );
  return problems.length === 0 ? 0 : 1;
}

function licenceCounts(packages: readonly Licensed[]): string {
  const counts = Map.groupBy(packages, ({ licence }) => licence);
  return [...counts]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([licence, { length }]) => `${length} ${licence}`)
    .join(', ');
}

// Checks licences and advisories of our packages: `npm run lab -- dependencies`.
if (import.meta.main) {
  const exitCodes = [await checkLicences(), await checkAdvisories()];
  process.exitCode = exitCodes.includes(1) ? 1 : Math.max(...exitCodes);
}
