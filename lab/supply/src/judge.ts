import { matchesGlob } from 'node:path';
import satisfies from 'spdx-satisfies';

/** A package as it is installed. */
export interface Licensed {
  readonly name: string;
  readonly versions: readonly string[];
  /** An SPDX expression, or whatever its author wrote. */
  readonly licence: string;
}

export interface LicenceException {
  /** A glob of package names. */
  readonly packages: string;
  /** The licence that it is for: another one is a new question. */
  readonly licence: string;
  readonly reason: string;
}

/** As the registry tells of it, read by `pnpm audit`. */
export interface Advisory {
  readonly github_advisory_id: string;
  readonly module_name: string;
  readonly severity: string;
  readonly title: string;
  readonly url: string;
  readonly findings: ReadonlyArray<{ readonly version: string; readonly paths: readonly string[] }>;
}

export interface AcceptedAdvisory {
  readonly id: string;
  readonly reason: string;
}

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
