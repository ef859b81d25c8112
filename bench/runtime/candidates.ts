// What is called: the floor in a process of its own, `node:vm` in this process, and the runtime.
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { createContext, Script } from "node:vm"
import { bootstrapText } from "../../runtime/bootstrap.ts"
import { preludeSource } from "../../runtime/guest/index.ts"
import type { Runtime } from "../../runtime/index.ts"
import { fakeCapabilities, startOf } from "../../test/runtime/host/support.ts"
import type { Call } from "./measure.ts"

/** Functions that are called: one with nothing inside, one with five operations one after another. */
export const functions = {
  nothing: "exports = () => 1",
  operations: 'exports = async () => { const tasks = context.services.get("mongodb-atlas").db("tracker").collection("tasks"); for (let at = 0; at < 5; at++) await tasks.findOne({ at }); return 1 }',
} as const
export type FunctionName = keyof typeof functions

const document = { _id: { $oid: "65f1a2b3c4d5e6f708192a3b" }, title: "a task of ordinary length", status: "open", priority: { $numberInt: "3" } }

/** The start of a call as the guest takes it. */
export const startText = (name: string): string => JSON.stringify({ kind: "start", functions: JSON.stringify({ [name]: { kind: "inherit" } }), start: startOf(name) })

/** The answer to a message with operations; undefined for the message that ends a call. */
function answerTo(text: string): string | undefined {
  const { kind, ops } = JSON.parse(text) as { readonly kind: string; readonly ops?: readonly { readonly id: number }[] }
  return kind === "ops" && ops !== undefined ? JSON.stringify({ kind: "done", answers: ops.map(({ id }) => ({ id, ok: true, value: document })) }) : undefined
}

interface Floor {
  call(name: FunctionName): Call
  /** A round trip of the text that begins a call, with nothing done for it: what the machine and its other work allow. */
  readonly echo: Call
  /** What the parts of it cost, measured inside: a name and milliseconds each. */
  parts(): Promise<readonly (readonly [string, number])[]>
  close(): void
}

/** Node's own IPC and a context made ahead, with the same prelude; it keeps no limit and watches nobody. */
export async function openFloor(): Promise<Floor> {
  const child = fork(fileURLToPath(new URL("./floor-child.ts", import.meta.url)), [JSON.stringify(functions)], { execArgv: ["--no-node-snapshot", "--no-warnings"], env: {} })
  const waiting = new Map<number, (text: string) => void>()
  let last = 0
  const answerOf = (id: number): Promise<string> => new Promise((resolve) => waiting.set(id, resolve))
  const ready = answerOf(-1)
  child.on("message", ({ id, text }: { readonly id: number; readonly text: string }) => {
    const answer = id > 0 ? answerTo(text) : undefined
    if (answer !== undefined) return void child.send({ id, text: answer })
    waiting.get(id)?.(text)
    waiting.delete(id)
  })
  await ready
  return {
    call: (name) => async () => {
      const id = ++last
      const answer = answerOf(id)
      child.send({ id, name, text: startText(name) })
      const text = await answer
      if (!text.includes('\\"1\\"')) throw new Error(`the floor answered ${text}`)
    },
    echo: async () => {
      const id = ++last
      const answer = answerOf(id)
      child.send({ id, echo: true, text: startText("nothing") })
      await answer
    },
    async parts() {
      const answer = answerOf(-2)
      child.send({ id: -2, text: startText("nothing") })
      return JSON.parse(await answer) as [string, number][]
    },
    close: () => child.kill(),
  }
}

/** A new `node:vm` context a call with the same prelude, in this process: what the nearest open re-implementation does, without its wall. */
export function vmCall(name: FunctionName): Call {
  const bootstrap = new Script(bootstrapText(preludeSource()))
  const wrapper = new Script(wrapperOf(name))
  return () => new Promise((resolve) => {
    const context = createContext({})
    const make = bootstrap.runInContext(context) as (send: (text: string) => void, sync: () => string) => (text: string) => void
    const dispatch = make((text) => {
      const answer = answerTo(text)
      if (answer === undefined) resolve()
      else setImmediate(() => dispatch(answer))
    }, () => "{}")
    wrapper.runInContext(context)
    dispatch(startText(name))
  })
}

const wrapperOf = (name: FunctionName): string => `__load("function", "${name}", (function (exports, context, require, console) { ${functions[name]}\n;return exports; }))`

/** A call of the runtime. */
export function runtimeCall(runtime: Runtime, name: string, { app = "app", user = "someone" }: { readonly app?: string; readonly user?: string } = {}): Call {
  return async () => {
    const outcome = await runtime.call({ app, user, start: startOf(name), capabilities: fakeCapabilities(() => document) })
    if (outcome.kind !== "returned") throw new Error(`a call ended as ${outcome.kind}`)
  }
}
