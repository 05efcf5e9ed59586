import type { Budget, Freshness, paths, Run, Source } from './generated.ts';

/*
 * The operations of the OpenAPI document by names such as `GET /v1/riders`, and the names that its schemas share.
 */

export type BudgetName = Budget['budget'];
export type FreshnessClass = Freshness['classes'][number]['class'];
export type SourceName = Source['source'];
export type SyncKind = Run['kind'];

type Method = 'get' | 'put' | 'post' | 'delete';
interface Json<T> {
  content: { 'application/json': T };
}
type JsonOf<Responses> = {
  [Status in keyof Responses]: Responses[Status] extends Json<infer T> ? T : never;
}[keyof Responses];
/** With a 202, that one: the 200 beside it answers `Prefer: wait`, which this client does not send. */
type ResponseIn<Operation> = Operation extends { responses: { 202: Json<infer T> } }
  ? T
  : Operation extends { responses: infer Responses }
    ? JsonOf<Responses>
    : never;

/** Every operation with a JSON response. */
export type OperationName = {
  [Path in keyof paths]: {
    [M in Method]: [ResponseIn<paths[Path][M]>] extends [never] ? never : `${Uppercase<M>} ${Path}`;
  }[Method];
}[keyof paths];

type Operation<O extends OperationName> = O extends `${infer M} ${infer Path extends keyof paths}`
  ? paths[Path][Lowercase<M> & Method]
  : never;

export type ResponseOf<O extends OperationName> = ResponseIn<Operation<O>>;

/** Like T, but an optional field may also be undefined. */
type OrUndefined<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]: OrUndefined<T[K]> | (object extends Pick<T, K> ? undefined : never) }
    : T;

type ParametersOf<O extends OperationName> =
  Operation<O> extends { parameters: infer Parameters } ? Parameters : never;
/** Headers that change what a response is, which the client expects as described. */
type Fixed = 'if-none-match' | 'prefer';
type Part<Name extends string, Parameters, Place extends keyof Parameters> = [
  NonNullable<Parameters[Place]>,
] extends [never]
  ? unknown
  : object extends Pick<Parameters, Place>
    ? { [N in Name]?: OrUndefined<Omit<NonNullable<Parameters[Place]>, Fixed>> | undefined }
    : { [N in Name]: OrUndefined<Omit<Parameters[Place], Fixed>> };
type Body<O extends OperationName> =
  Operation<O> extends { requestBody: Json<infer T> } ? { body: OrUndefined<T> } : unknown;
type Flat<T> = { [K in keyof T]: T[K] };

/** The `path`, `query`, `headers` and `body` that an operation has. */
export type InputOf<O extends OperationName> =
  ParametersOf<O> extends infer Parameters extends { path?: unknown; query?: unknown; header?: unknown }
    ? Flat<
        Part<'path', Parameters, 'path'> &
          Part<'query', Parameters, 'query'> &
          Part<'headers', Parameters, 'header'> &
          Body<O>
      >
    : never;
