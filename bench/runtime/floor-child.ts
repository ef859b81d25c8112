// The floor of bench/runtime.ts: Node's own IPC, one isolate, contexts made ahead with the same prelude, nothing else. No
// limit is kept, nothing is checked, nobody watches.
import ivm from "isolated-vm"
import { bootstrapText } from "../../runtime/bootstrap.ts"
import { preludeSource } from "../../runtime/guest/index.ts"

interface Ready { readonly context: ivm.Context; readonly dispatch: ivm.Reference<(text: string) => void>; readonly call: { id: number } }

const reserveSize = 32
const functions = JSON.parse(process.argv[2] ?? "{}") as { readonly [name: string]: string }
const wrapperOf = (name: string): string => `__load("function", "${name}", (function (exports, context, require, console) { ${functions[name] ?? ""}\n;return exports; }))`

const isolate = new ivm.Isolate({ memoryLimit: 350 })
const text = bootstrapText(preludeSource())
const bootstrap = isolate.compileScriptSync(text)
const wrappers = new Map(Object.keys(functions).map((name) => [name, isolate.compileScriptSync(wrapperOf(name))]))

function makeContext(owner: ivm.Isolate, script: ivm.Script, listener: (message: string, call: { id: number }) => void): Ready {
  const context = owner.createContextSync()
  const make = script.runSync(context, { reference: true })
  const call = { id: 0 }
  const channel = [new ivm.Callback((message: string) => listener(message, call), { ignored: true }), new ivm.Callback(() => "{}", { sync: true })]
  const dispatch = make.applySync(undefined, channel, { result: { reference: true } }) as Ready["dispatch"]
  make.release()
  return { context, dispatch, call }
}

function release({ context, dispatch }: Ready): void {
  dispatch.release()
  context.release()
}

const reserve: Ready[] = []
const calls = new Map<number, Ready>()
let refilling = false

function send(message: string, { id }: { readonly id: number }): void {
  process.send?.({ id, text: message })
  if (!message.startsWith('{"kind":"end"')) return
  const ready = calls.get(id)
  calls.delete(id)
  if (ready === undefined) return
  // Not from inside of its own turn, and after the answer has left.
  setImmediate(() => {
    release(ready)
    if (!refilling) refill()
  })
}

// One context, then a look at what has arrived.
function refill(): void {
  refilling = reserve.length < reserveSize
  if (!refilling) return
  reserve.push(makeContext(isolate, bootstrap, send))
  setImmediate(refill)
}

async function run(id: number, name: string | undefined, message: string): Promise<void> {
  const ready = calls.get(id) ?? reserve.pop() ?? makeContext(isolate, bootstrap, send)
  ready.call.id = id
  calls.set(id, ready)
  if (name !== undefined) wrappers.get(name)?.runIgnored(ready.context)
  await ready.dispatch.apply(undefined, [message])
}

/** The parts of a call, each alone: medians of many. */
async function measureParts(start: string): Promise<(readonly [string, number])[]> {
  const nothing = (): void => undefined
  const median = async (count: number, work: () => Promise<void>): Promise<number> => {
    const times: number[] = []
    for (let round = 0; round < count; round++) {
      const began = performance.now()
      await work()
      times.push(performance.now() - began)
    }
    return times.toSorted((left, right) => left - right)[count >> 1] ?? Number.NaN
  }
  const callIn = async (owner: ivm.Isolate, script: ivm.Script, wrapper: ivm.Script): Promise<void> => {
    const ready = makeContext(owner, script, nothing)
    wrapper.runIgnored(ready.context)
    await ready.dispatch.apply(undefined, [start])
    release(ready)
  }
  const wrapper = wrappers.get("nothing") ?? bootstrap
  const empty = isolate.compileScriptSync("1")
  return [
    ["a new isolate with the prelude, a call in it", await median(60, async () => {
      const fresh = new ivm.Isolate({ memoryLimit: 350 })
      await callIn(fresh, fresh.compileScriptSync(text), fresh.compileScriptSync(wrapperOf("nothing")))
      fresh.dispose()
    })],
    ["a context in a warm isolate with the prelude, a call", await median(400, () => callIn(isolate, bootstrap, wrapper))],
    ["a context in a warm isolate without anything in it", await median(400, async () => {
      const context = isolate.createContextSync()
      empty.runSync(context)
      context.release()
    })],
  ]
}

process.on("message", ({ id, name, text: message, echo }: { readonly id: number; readonly name?: string; readonly text: string; readonly echo?: true }) => {
  if (echo === true) process.send?.({ id, text: message })
  else if (id > 0) void run(id, name, message)
  else void measureParts(message).then((parts) => process.send?.({ id, text: JSON.stringify(parts) }))
})
while (reserve.length < reserveSize) reserve.push(makeContext(isolate, bootstrap, send))
process.send?.({ id: -1, text: "" })
