type Version = readonly [major: number, minor: number, patch: number];

/** 2.10.20 to 2.10.22 can lose a whole stream when they are killed; 2.9 ignores features that are in use. */
const oldest: Version = [2, 10, 23];
/** Before it, an append that names the last sequence can succeed at two servers around an election. */
const oldestInCluster: Version = [2, 11, 0];

const versionOf = (text: string): Version => {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(text) ?? [];
  return [Number(major ?? 0), Number(minor ?? 0), Number(patch ?? 0)];
};

function isOlder(version: Version, other: Version): boolean {
  const differing = version.findIndex((part, index) => part !== other[index]);
  return differing >= 0 && (version[differing] ?? 0) < (other[differing] ?? 0);
}

/** Why this nats-server can't be used, and what to do; undefined: it can. */
export function versionProblem(version: string, inCluster: boolean): string | undefined {
  const parts = versionOf(version);
  if (isOlder(parts, oldest))
    return `nats-server ${version} is too old: it can lose a whole stream when it is killed, or lacks features that Paceline relies on. Upgrade it to ${oldest.join('.')} or newer`;
  if (inCluster && isOlder(parts, oldestInCluster))
    return `nats-server ${version} is too old for a cluster: around an election two limiters could both append to the journal. Upgrade its servers to ${oldestInCluster.join('.')} or newer, or run a single server`;
  return undefined;
}
