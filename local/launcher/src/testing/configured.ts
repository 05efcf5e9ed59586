import { spawnSync } from 'node:child_process';
import { root } from '../paths.ts';

/**
 * Lets services read their configuration from these environments, one after the other in one process: most of the time
 * goes into loading their modules.
 * @returns who could, and what was complained of
 */
export function configured(environments: ReadonlyArray<readonly [string, Record<string, string | null>]>): {
  stderr: string;
  read: string[];
} {
  const script = `
    for (const [name, env] of ${JSON.stringify(environments)}) {
      process.env = env;
      (await import('./services' + name + '/src/config.ts')).readConfig();
      console.log(name);
    }`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    env: {},
    encoding: 'utf8',
  });
  return { stderr, read: stdout.split('\n').filter((name) => name !== '') };
}
