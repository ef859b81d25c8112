// Starts workers and listens to them.
import { fork, type ChildProcess } from "node:child_process"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import type { Survey, WorkerOrder } from "./worker.ts"

/** How long a worker may say nothing before it is ended: an endless loop is. */
const patience = 30_000
/** How long what an ended worker has said may still be under way. */
const graceMs = 500

/** Starts a worker. The property tests it runs are few and the same every time. */
export function startWorker(order: WorkerOrder): ChildProcess {
  // What a worker leaves when it is ended goes with the copy of the tree.
  const temporary = join(order.tree, "temporary")
  mkdirSync(temporary, { recursive: true })
  return fork(join(order.tree, "test/mutation/worker.ts"), [JSON.stringify(order)], {
    cwd: order.tree, stdio: ["ignore", "ignore", "ignore", "ipc"], execArgv: ["--no-node-snapshot", "--disable-warning=ExperimentalWarning"], env: { ...process.env, TMPDIR: temporary, MODEL_RUNS: "300", MODEL_SEED: "1" },
  })
}

/** What a worker tells next, or undefined when it says nothing for too long or is gone. */
export async function told(worker: ChildProcess, limit = patience): Promise<unknown> {
  if (!worker.connected || worker.exitCode !== null || worker.signalCode !== null) return undefined
  // Several messages may come at once, so one listener hears them all. The channel closes when all are heard.
  return new Promise((resolve) => {
    const timer = setTimeout(() => worker.kill("SIGKILL"), limit)
    const hear = (message: unknown): void => {
      if (message === "busy") timer.refresh()
      else finish(message)
    }
    const close = (): void => finish(undefined)
    // A channel that breaks off inside of a message never says that it is closed.
    const leave = (): void => void setTimeout(close, graceMs)
    const finish = (message: unknown): void => {
      clearTimeout(timer)
      worker.off("message", hear).off("disconnect", close).off("exit", leave)
      resolve(message)
    }
    worker.on("message", hear).on("disconnect", close).on("exit", leave)
  })
}

/** What a worker answers, or undefined when it says nothing for too long or is gone. */
export function asked(worker: ChildProcess, message: object, limit = patience): Promise<unknown> {
  // One that has just gone cannot be sent anything: it is silent.
  worker.send(message, () => undefined)
  return told(worker, limit)
}

/** Runs suites without a mutant: what each test passes by, and what fails. */
export async function survey(order: Omit<WorkerOrder, "mode" | "without">): Promise<Survey> {
  const found = (await told(startWorker({ ...order, mode: "survey", without: [] }), 300_000)) as Survey | undefined
  if (found === undefined) throw new Error("Cannot survey the suites: they do not load")
  return found
}
