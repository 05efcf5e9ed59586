import type { MsgHdrs } from '@nats-io/nats-core';
import {
  type Context,
  context,
  propagation,
  type TextMapGetter,
  type TextMapSetter,
} from '@opentelemetry/api';

const setter: TextMapSetter<MsgHdrs> = {
  set: (carrier, name, value) => carrier.set(name, value),
};

const getter: TextMapGetter<MsgHdrs> = {
  keys: (carrier) => carrier.keys(),
  get: (carrier, name) => (carrier.has(name) ? carrier.get(name) : undefined),
};

/** Writes the active trace context (W3C) into a message's headers. */
export function injectTraceContext(into: MsgHdrs): void {
  propagation.inject(context.active(), into, setter);
}

/** The trace context that a message's headers carry; the active one when they carry none. */
export function extractTraceContext(from: MsgHdrs | undefined): Context {
  return from ? propagation.extract(context.active(), from, getter) : context.active();
}
