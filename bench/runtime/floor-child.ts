// The floor of bench/runtime.ts: Node's own IPC, one isolate, contexts made ahead with the same prelude, nothing else. No
// limit is kept, nothing is checked, nobody watches.
import ivm from "isolated-vm"
import { bootstrapText } from "../../runtime/bootstrap.ts"
import { preludeSource } from "../../runtime/guest/index.ts"

interface Ready { readonly context: ivm.Context; readonly dispatch: ivm.Reference<(text: string) => void>; id: number }

const isolate = new ivm.Isolate({ memoryLimit: 350 })
const bootstrap = await isolate.compileScript(bootstrapText(preludeSource()))
const wrapper = await isolate.compileScript('__load("function", "main", (function (exports, context, require, console) { exports = () => 1\n;return exports; }))')
const reserve: Ready[] = []

async function prepare(): Promise<void> {
  const context = await isolate.createContext()
  const make = await bootstrap.run(context, { reference: true })
  const ready: { id: number } = { id: 0 }
  const send = new ivm.Callback((text: string) => process.send?.({ id: ready.id, text }), { ignored: true })
  const sync = new ivm.Callback(() => "{}", { sync: true })
  const dispatch = (await make.apply(undefined, [send, sync], { result: { reference: true } })) as Ready["dispatch"]
  make.release()
  reserve.push(Object.assign(ready, { context, dispatch }))
}

// One context at a time: many made at once outrun the collector of an isolate.
let refilling: Promise<void> = Promise.resolve()
function refill(): void {
  refilling = refilling.then(async () => {
    if (reserve.length < 32) await prepare()
  })
}

process.on("message", (message: { readonly id: number; readonly text: string }) => {
  void (async () => {
    refill()
    while (reserve.length === 0) await refilling
    const ready = reserve.pop()!
    ready.id = message.id
    wrapper.runIgnored(ready.context)
    await ready.dispatch.apply(undefined, [message.text])
    ready.dispatch.release()
    ready.context.release()
  })()
})
while (reserve.length < 32) await prepare()
process.send?.({ id: -1, text: "" })
