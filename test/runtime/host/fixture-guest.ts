// A small guest side for tests of the host: plain JSON values, one `context.ask` for operations, timers, logs, `execute`.
import { readdirSync, readFileSync, statSync } from "node:fs"
import type { SyncAnswer, SyncRequest } from "../../../runtime/protocol.ts"

const prelude = String.raw`(function (send, sync, loadFunction, loadModule) {
const { parse, stringify } = JSON;
const waiting = new Map();
const timers = new Map();
let last = 0, batch = [], request;
const post = (op) => {
  if (batch.length === 0) Promise.resolve().then(() => { const ops = batch; batch = []; send(stringify({ kind: "ops", ops })); });
  batch.push(op);
};
const ask = (op) => new Promise((resolve, reject) => { const id = ++last; waiting.set(id, { resolve, reject }); post({ ...op, id }); });
const require = (name) => { const module = { exports: {} }; loadModule(name)(module.exports, require, module); return module.exports; };
const run = (name, args) => {
  const own = loadFunction(name);
  const exported = own.call(globalThis, {}, context, require, console);
  if (typeof exported !== "function") throw Object.assign(new Error("exports is not a function"), { code: "FunctionInvalid" });
  return exported(...args);
};
const end = (end) => send(stringify({ kind: "end", end }));
const fail = (error) => {
  let name = "Error", message = "unknown", code = "FunctionExecutionError", stack = "";
  try {
    if (error instanceof Error) { name = String(error.name); message = String(error.message).slice(0, 4096); stack = String(error.stack); if (error.code === "FunctionSyntaxError" || error.code === "FunctionInvalid") code = error.code; }
    else message = typeof error === "string" ? error : stringify(error) ?? String(error);
  } catch {}
  end({ ok: false, name, message, code, stack, logs: [] });
};
const succeed = (value) => { try { const result = stringify(value) ?? '{"$undefined":true}'; end({ ok: true, result, logs: [] }); } catch (error) { fail(error); } };
globalThis.console = { log: (...parts) => send(stringify({ kind: "log", lines: [{ level: "log", text: parts.map(String).join(" ").slice(0, 512) }] })) };
globalThis.setTimeout = (callback, milliseconds = 0) => { const id = ++last; timers.set(id, callback); send(stringify({ kind: "ops", ops: [{ id, kind: "timer", milliseconds }] })); return id; };
globalThis.clearTimeout = (id) => { if (timers.delete(id)) send(stringify({ kind: "ops", ops: [{ id: ++last, kind: "timer-cancel", timer: id }] })); };
const context = {
  ask, raw: (op) => post(op), functions: { execute: (name, ...args) => run(name, args) }, random: (bytes) => parse(sync(stringify({ kind: "random", bytes }))).value,
  look: (path) => parse(sync(stringify({ kind: "look", path }))).value,
};
return (text) => {
  const message = parse(text);
  if (message.kind === "done") {
    for (const answer of message.answers) {
      const timer = timers.get(answer.id);
      if (timer) { timers.delete(answer.id); timer(); continue; }
      const one = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (one) answer.ok ? one.resolve(answer.value) : one.reject(Object.assign(new Error(answer.message), { code: answer.code }));
    }
    return;
  }
  request = message.start;
  context.user = request.user;
  try {
    const value = run(request.function, request.args);
    if (value !== null && typeof value === "object" && typeof value.then === "function") value.then(succeed, fail);
    else succeed(value);
  } catch (error) { fail(error); }
};
})`

export function preludeSource(): string {
  return prelude
}

/** `look` reads a path as code inside the executor process could; no real guest has such a question. */
type FixtureRequest = SyncRequest | { readonly kind: "look"; readonly path: string }

export function answerSync(request: FixtureRequest): SyncAnswer {
  if (request.kind === "look") return { ok: true, value: look(request.path) }
  return request.kind === "random" ? { ok: true, value: "ab".repeat(request.bytes) } : { ok: false, name: "Error", message: "not in this fixture" }
}

function look(path: string): string {
  try {
    return statSync(path).isDirectory() ? `folder of ${readdirSync(path).length}` : `file of ${readFileSync(path).length}`
  } catch (error) {
    return String((error as { code?: unknown }).code)
  }
}
