// Starts workers and listens to them.
import { fork, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import type { Survey, WorkerOrder } from "./worker.ts"

/** How long a worker may say nothing before it is ended: an endless loop is. */
const patience = 30_000

/** Starts a worker. The property tests it runs are few and the same every time. */
export function startWorker(order: WorkerOrder): ChildProcess {
  // What a worker leaves when it is ended goes with the copy of the tree.
  const temporary = join(order.tree, "temporary")
  mkdirSync(temporary, { recursive: true })
  return fork(join(order.tree, "test/mutation/worker.ts"), [JSON.stringify(order)], {
    cwd: order.tree, stdio: ["ignore", "ignore", "ignore", "ipc"], execArgv: ["--no-node-snapshot", "--disable-warning=ExperimentalWarning"], env: { ...process.env, TMPDIR: temporary, MODEL_RUNS: "300", MODEL_SEED: "1" },
  })
}

/** What a worker tells next, or undefined when it says nothing for too long or dies. */
export async function told(worker: ChildProcess, limit = patience): Promise<unknown> {
  for (;;) {
    const answered = new AbortController()
    const timer = setTimeout(() => worker.kill("SIGKILL"), limit)
    try {
      const [message] = (await Promise.race([once(worker, "message", answered), once(worker, "exit", answered).then(() => [undefined])])) as [unknown]
      if (message !== "busy") return message
    } finally {
      clearTimeout(timer)
      answered.abort()
    }
  }
}

/** Runs suites without a mutant: what each test passes by, and what fails. */
export async function survey(order: Omit<WorkerOrder, "mode" | "without">): Promise<Survey> {
  const found = (await told(startWorker({ ...order, mode: "survey", without: [] }), 300_000)) as Survey | undefined
  if (found === undefined) throw new Error("Cannot survey the suites: they do not load")
  return found
}
