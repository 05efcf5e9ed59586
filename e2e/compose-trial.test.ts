import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('npm run prove:compose says that nothing was checked when no Docker Engine answers', async () => {
  const trial = promisify(execFile)(process.execPath, [join(import.meta.dirname, 'compose-trial.ts')], {
    env: { PATH: process.env.PATH, DOCKER_HOST: 'unix:///nonexistent/docker.sock' },
  });
  await expect(trial).rejects.toMatchObject({
    code: 69,
    stdout: '',
    stderr: expect.stringContaining('NOTHING WAS CHECKED: Docker Engine with Compose is not available'),
  });
});
