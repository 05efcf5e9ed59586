/** Everything that can go wrong, as `/docs/problems` explains it. The name is the fragment of a problem's `type`. */
export const problemTypes = {
  'invalid-input': {
    status: 400,
    title: 'The request has a field that is wrong',
    about: 'The path, the query or the body can not be read. `errors` names each field and what it must be.',
  },
  unauthorized: {
    status: 401,
    title: 'A token is needed',
    about: 'Send the API token of this installation: `Authorization: Bearer <token>`.',
  },
  forbidden: {
    status: 403,
    title: 'The token allows to read only',
    about: 'A viewer has sent something else than `GET` or `HEAD`. Send it with the token of an operator.',
  },
  'foreign-page': {
    status: 403,
    title: 'A page from elsewhere may change nothing',
    about:
      'A browser has sent this for a web page of another origin. `API_CORS_ORIGINS` names the origins that may do so.',
  },
  'not-found': {
    status: 404,
    title: 'There is no such thing',
    about: 'The address is unknown, or what it names is not stored (yet).',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The address does not take this method',
    about: 'The `Allow` header names the methods that it takes.',
  },
  'too-slow': {
    status: 408,
    title: 'The request took too long to come',
    about: 'A head is to be here within 10 seconds, a whole request within 30. Send it again.',
  },
  'request-in-progress': {
    status: 409,
    title: 'The same request is under way',
    about:
      'A request with this `Idempotency-Key` has come already and is not answered yet. Send it again after the seconds of `Retry-After`: then it is answered with the same.',
  },
  'changed-meanwhile': {
    status: 412,
    title: 'It was changed meanwhile',
    about:
      '`If-Match` names another version than there is now (`ETag`). Read what is there, and decide anew whether to change it.',
  },
  'too-late': {
    status: 409,
    title: 'It does not stand as it would have to',
    about:
      'What is asked for can not be done with something in this state: `detail` says why. A command is cancelled before its call has begun; a run is tried again when it has ended and left something undone.',
  },
  'too-large': {
    status: 413,
    title: 'The body is too large',
    about: 'A body may have 64 kB, that of an import 256 kB.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body is not JSON',
    about: 'Send `Content-Type: application/json`.',
  },
  'expectation-failed': {
    status: 417,
    title: 'What is expected can not be done',
    about: 'The only expectation that is met is `Expect: 100-continue`.',
  },
  misdirected: {
    status: 421,
    title: 'This host is not served here',
    about:
      'The API listens on loopback and answers to loopback names only, so that no web page can reach it under a name of its own.',
  },
  'command-failed': {
    status: 422,
    title: 'The command has failed',
    about:
      'It was waited for (`Prefer: wait=N`) and ended as `failed` or `expired`. `detail` says why and `command` is its final state. Sending it again makes a new command.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The key belongs to another request',
    about: 'This `Idempotency-Key` was sent with another path or body before. A new request wants a new key.',
  },
  'schedule-refused': {
    status: 422,
    title: 'The schedule has errors',
    about:
      'Nothing was changed. `findings` says what is wrong, each with an example moment by moment; `repaired` would pass, and keeps `promises`: where they are other than the usual ones no slots could keep those. With `despiteErrors` it is put in force all the same.',
  },
  'version-needed': {
    status: 428,
    title: 'Which version is to be changed must be said',
    about: 'Send `If-Match` with the `ETag` of what you have read, or `*` for whatever there is.',
  },
  'too-many': {
    status: 429,
    title: 'One client asks for too much',
    about:
      "A token at an address may send so many requests a second and have so many streams open; an address may send so many wrong tokens a minute. `detail` says which it was. Ask again after the seconds of `Retry-After`. Upstream's limits are others: what waits for those is accepted, and told when its turn comes.",
  },
  'head-too-large': {
    status: 431,
    title: 'The head of the request is too large',
    about: 'The address and the headers may have 16 kB together.',
  },
  unexpected: {
    status: 500,
    title: 'Something unexpected happened',
    about: 'The log of the API has the reason under the trace id of the answer (`X-Trace-Id`).',
  },
  unavailable: {
    status: 503,
    title: 'A part of the system is away',
    about:
      'The database, the broker or a service cannot be reached, or the command queue is full. The command was not accepted: send it again after `Retry-After` seconds.',
  },
} as const;

export type ProblemType = keyof typeof problemTypes;
