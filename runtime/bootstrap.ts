/** A question whose answer says only that everything sent before has been taken. */
export const pauseQuestion = '{"kind":"pause"}'

/**
 * The first script of every context: takes away what guests shall not have, gives the prelude its channel and its loaders,
 * and evaluates to a function `(send, sync) => dispatch` that the executor calls once.
 *
 * SECURITY: plain JavaScript of the guest's realm; `send` and `sync` are the only functions of the host in the context, and
 * only this closure holds them. They take and give strings. `__load` exists until the first message of the call and is
 * used by wrappers only, before any guest code runs.
 */
export function bootstrapText(prelude: string): string {
  return `((prelude) => function (sendRaw, syncRaw) {
"use strict";
for (const name of ["WebAssembly", "SharedArrayBuffer", "Atomics", "WeakRef", "FinalizationRegistry"]) delete globalThis[name];
const parse = JSON.parse, stringify = JSON.stringify, indirectEval = globalThis.eval, define = Object.defineProperty;
const NativeError = Error, NativeSyntaxError = SyntaxError, NativeTypeError = TypeError;
const tables = { __proto__: null, function: { __proto__: null }, module: { __proto__: null } };
define(globalThis, "__load", { configurable: true, enumerable: false, writable: false, value: (kind, name, wrapper) => { tables[kind][name] = wrapper; } });
// A guest that sends without end waits for the executor now and then, and so does not outrun it.
let sent = 0;
const send = (text) => { if (typeof text !== "string") throw new NativeTypeError("Cannot send: not a text"); if ((++sent & 63) === 0) syncRaw('${pauseQuestion}'); sendRaw(text); };
const sync = (text) => { if (typeof text !== "string") throw new NativeTypeError("Cannot send: not a text"); return syncRaw(text); };
const load = (kind, name) => {
  if (typeof name !== "string") throw new NativeTypeError("Cannot load: not a name");
  const known = tables[kind][name];
  if (known !== undefined) return known;
  const answer = parse(syncRaw(stringify({ kind: "source", of: kind, name })));
  if (answer.ok) return tables[kind][name] = indirectEval(answer.text);
  const error = answer.code === "FunctionSyntaxError" ? new NativeSyntaxError(answer.message) : new NativeError(answer.message);
  define(error, "code", { configurable: true, enumerable: false, writable: true, value: answer.code });
  throw error;
};
const dispatch = prelude(send, sync, (name) => load("function", name), (name) => load("module", name));
// The prelude does not throw; should it be made to, the call ends here.
const failure = stringify({ kind: "end", end: { ok: false, name: "Error", message: "the function failed with a value that cannot be described", code: "FunctionExecutionError", stack: "", logs: [] } });
let started = false;
return function (text) {
  if (!started) { started = true; delete globalThis.__load; }
  try { dispatch(text); } catch { sendRaw(failure); }
};
})(${prelude}
)`
}
