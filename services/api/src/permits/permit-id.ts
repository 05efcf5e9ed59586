import { Problem } from '../http/problem.ts';

/** Whose permit it is and what for: its id says it, so that any process of the API can carry on with it. */
export interface HeldPermit {
  /** The permit as the limiter knows it; undefined while its request waits. */
  readonly permit: string | undefined;
  /** The request as the limiter knows it. */
  readonly request: string;
  readonly endpoint: string;
  readonly lane: string;
  /** What the program calls its request. */
  readonly ticket: string;
}

/** The limiter's name for a program's request. The program's own part comes last, as it may contain anything. */
export const requestId = (program: string, endpoint: string, lane: string, ticket: string): string =>
  ['http', program, endpoint, lane, ticket].join(':');

/** Reads the id of a permit, or of a request that waits for one. @throws {Problem} when it is not one of this program's */
export function readPermitId(id: string, program: string): HeldPermit {
  const [, permit, request = '', owner, endpoint = '', lane = '', ticket = ''] =
    /^(\d+-\d+-)?(http:([a-z0-9-]+):(\w+):(\w+):(.+))$/.exec(id) ?? [];
  if (owner !== program) throw new Problem('not-found', 'No such permit of this program');
  return { permit: permit === undefined ? undefined : id, request, endpoint, lane, ticket };
}
