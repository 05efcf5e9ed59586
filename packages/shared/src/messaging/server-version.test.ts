import { describe, expect, it } from 'vitest';
import { versionProblem } from './server-version.ts';

describe('the version of a nats-server', () => {
  it.each(['2.10.23', '2.10.27', '2.11.0', '2.15.1', '2.16.0-RC.1', '3.0.0'])('%s runs alone', (version) => {
    expect(versionProblem(version, false)).toBeUndefined();
  });

  it.each(['2.10.20', '2.10.21', '2.10.22', '2.10.0', '2.9.25', '1.4.1', ''])(
    '%s is refused, with the version to upgrade to',
    (version) => {
      for (const inCluster of [false, true])
        expect(versionProblem(version, inCluster)).toMatch(
          new RegExp(`^nats-server ${version} is too old: .* Upgrade it to 2\\.10\\.23 or newer$`),
        );
    },
  );

  it.each(['2.10.23', '2.10.29'])('%s is refused in a cluster only', (version) => {
    expect(versionProblem(version, true)).toContain('Upgrade its servers to 2.11.0 or newer');
  });

  it.each(['2.11.0', '2.12.1', '2.15.1'])('%s is enough for a cluster', (version) => {
    expect(versionProblem(version, true)).toBeUndefined();
  });
});
