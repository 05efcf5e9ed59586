import type { z } from 'zod';
import type { Service } from './vocabulary.ts';

/** How a work message is delivered, at least once and to one handler at a time. Durations are real ms. */
export interface Delivery {
  /** How long a handler can be silent before its message goes to another. */
  readonly ackWaitMs: number;
  /** Failed attempts after which the message is dead-lettered. */
  readonly maxDeliver: number;
  /** Max messages that one process handles at a time. */
  readonly concurrency: number;
}

interface Common<Payload extends z.ZodType> {
  readonly subject: string;
  readonly payload: Payload;
  readonly from: readonly Service[];
  readonly to: readonly Service[];
  readonly description: string;
}

export interface WorkMessage<P extends z.ZodType = z.ZodType> extends Common<P> {
  readonly kind: 'work';
  readonly stream: 'TICKS' | 'COMMANDS';
  readonly delivery: Delivery;
}
export interface EventMessage<P extends z.ZodType = z.ZodType> extends Common<P> {
  readonly kind: 'event';
  readonly stream: 'EVENTS';
}
export interface RequestMessage<
  P extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
> extends Common<P> {
  readonly kind: 'request';
  readonly reply: R;
}
/** Reaches current subscribers only; not stored. */
export interface SignalMessage<P extends z.ZodType = z.ZodType> extends Common<P> {
  readonly kind: 'signal';
}
export interface JournalMessage<P extends z.ZodType = z.ZodType> extends Common<P> {
  readonly kind: 'journal';
  readonly stream: 'LIMITER_JOURNAL';
}
export type Message = WorkMessage | EventMessage | RequestMessage | SignalMessage | JournalMessage;

export type PayloadOf<M extends Message> = z.infer<M['payload']>;
export type ReplyOf<M extends RequestMessage> = z.infer<M['reply']>;

/** The subject for dead letters of a message; a header has the reason. */
export const deadLetterSubject = (subject: string): string => `paceline.dead-letter.${subject}`;

/** A message's subject with its tokens filled in. @throws {Error} when a value is missing or not one token */
export function subjectOf(message: Message, tokens: Readonly<Record<string, string | number>> = {}): string {
  return message.subject.replace(/\{(\w+)\}/g, (_, name: string) => {
    const token = String(tokens[name] ?? '');
    if (!/^[\w-]+$/.test(token))
      throw new Error(`"${token}" is not a valid token for {${name}} in ${message.subject}`);
    return token;
  });
}

/** The pattern that matches a message's subject with any tokens. */
export const subjectPattern = (message: Message): string => message.subject.replace(/\{\w+\}/g, '*');

/** The name of the durable consumer of a work message. */
export const durableOf = (message: WorkMessage): string =>
  `${message.to[0]}-${message.subject.split('.').slice(1).join('-')}`;
