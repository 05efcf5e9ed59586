import type { z } from 'zod';
import type { Service } from './vocabulary.ts';

/** How work is handed to exactly one handler, through anything. Durations are real ms. */
export interface Delivery {
  /** How long a handler may be silent (dead) before its message goes to another. */
  readonly ackWaitMs: number;
  /** Attempts after which the message is dead-lettered with the last reason. */
  readonly maxDeliver: number;
  /** How many messages one handler takes at a time. */
  readonly concurrency: number;
}

interface Common<Payload extends z.ZodType> {
  readonly subject: string;
  readonly payload: Payload;
  readonly from: readonly Service[];
  readonly to: readonly Service[];
  readonly about: string;
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
/** Reaches current subscribers only; it is not stored. */
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

/** Work that can't be done ends here, below its own subject, with the reason in a header. */
export const deadLetterSubject = (subject: string): string => `paceline.dead-letter.${subject}`;

/** A message's subject with its tokens filled in. @throws {Error} when a token is missing or not one token */
export function subjectOf(message: Message, tokens: Readonly<Record<string, string | number>> = {}): string {
  return message.subject.replace(/\{(\w+)\}/g, (_, name: string) => {
    const token = String(tokens[name] ?? '');
    if (!/^[\w-]+$/.test(token))
      throw new Error(`"${token}" can't be the token {${name}} of ${message.subject}`);
    return token;
  });
}

/** The pattern that matches a message's subject whatever its tokens are. */
export const subjectPattern = (message: Message): string => message.subject.replace(/\{\w+\}/g, '*');

/** The durable consumer that hands a work message to its handler. */
export const durableOf = (message: WorkMessage): string =>
  `${message.to[0]}-${message.subject.split('.').slice(1).join('-')}`;
