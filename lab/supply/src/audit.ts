import { judgeAdvisories, judgeLicences, type Licensed } from './judge.ts';
import { advisories, installedPackages, NotAsked } from './pnpm.ts';
import { acceptedAdvisories, allowedLicences, licenceExceptions } from './policy.ts';
import { programs } from './programs.ts';

/** EX_TEMPFAIL of sysexits: nothing was found, for the registry could not be asked. */
const notAsked = 75;

// What our packages are licensed under, and what is known against them: `npm run audit:dependencies`.
const found = [await licences(), await known()];
process.exitCode = found.includes(1) ? 1 : Math.max(...found);

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
