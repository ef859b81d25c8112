// Cold start of the server with an app of 100 functions beside a bare Node, and memory per deployed function at 1,000 functions.
// Goals: less than 400 ms more than bare Node; less than 50 KiB a function that is not called.
import { spawn } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { memoryOf } from "./support/memory.ts"

const root = join(import.meta.dirname, "..")
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 9)

/** The work tracker with as many more functions as it takes, each of an ordinary length. */
function makeApp(folder: string, count: number): string {
  const directory = join(folder, `app-${count}`)
  cpSync(join(root, "fixtures/apps/worktracker"), directory, { recursive: true })
  const file = join(directory, "functions/config.json")
  const functions = JSON.parse(readFileSync(file, "utf8")) as { name: string }[]
  mkdirSync(join(directory, "functions"), { recursive: true })
  for (let index = functions.length; index < count; index++) {
    const name = `generated${index}`
    functions.push({ name, private: false, can_evaluate: {}, disable_arg_logs: true } as { name: string })
    writeFileSync(join(directory, "functions", `${name}.js`), source(index))
  }
  writeFileSync(file, JSON.stringify(functions))
  return directory
}

function source(index: number): string {
  return `exports = async function (title, options) {
  const tasks = context.services.get("mongodb-atlas").db("tracker").collection("tasks")
  const team = context.user.custom_data.team
  if (typeof title !== "string" || title.length === 0) throw new Error("a task needs a title")
  const limit = options && options.limit ? Math.min(options.limit, ${index + 10}) : ${index + 10}
  const found = await tasks.find({ team, title: { $ne: title } }).sort({ createdAt: -1 }).limit(limit).toArray()
  const byStatus = {}
  for (const task of found) byStatus[task.status] = (byStatus[task.status] || 0) + 1
  const open = found.filter((task) => task.status === "open").map((task) => ({ id: task._id.toString(), title: task.title }))
  console.log("function ${index} found", found.length)
  return { team, byStatus, open, first: open.length > 0 ? open[0].title : null, at: new Date() }
}
`
}

interface Run { readonly milliseconds: number; readonly pid: number; stop(): Promise<void> }

/** Starts a program and waits for a line. */
async function start(args: readonly string[], line: RegExp, environment: NodeJS.ProcessEnv = {}): Promise<Run> {
  const begun = performance.now()
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, BACKSTITCH_LOG_LEVEL: "silent", ...environment } })
  const ended = new Promise<void>((done) => child.once("exit", () => done()))
  const milliseconds = await new Promise<number>((done, reject) => {
    let text = ""
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      if (line.test(text)) done(performance.now() - begun)
    })
    child.once("exit", (code) => reject(new Error(`ended with ${code} before its line`)))
  })
  return {
    milliseconds, pid: child.pid as number,
    stop: async () => {
      child.kill("SIGTERM")
      await ended
    },
  }
}

const median = (values: readonly number[]): number => values.toSorted((left, right) => left - right)[values.length >> 1] as number

/** Prints both measurements. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "backstitch-bench-"))
  try {
    const app = makeApp(folder, 100)
    const serve = (directory: string, name: string): Promise<Run> => start(["cli/main.ts", "serve", directory, "--port", "0", "--data", join(folder, `${name}.sqlite`)], /^serving /m)
    const [bare, ours, unread]: number[][] = [[], [], []] as unknown as [number[], number[], number[]]
    for (let round = 0; round <= rounds; round++) {
      const nothing = await start(["-e", "console.log('ready')"], /ready/)
      await nothing.stop()
      const server = await serve(app, "start")
      await server.stop()
      const cold = await start(["cli/main.ts", "serve", app, "--port", "0", "--data", join(folder, "start.sqlite")], /^serving /m, { NODE_DISABLE_COMPILE_CACHE: "1" })
      await cold.stop()
      // The first round fills caches of the system and of the compiler.
      if (round === 0) continue
      bare?.push(nothing.milliseconds)
      ours?.push(server.milliseconds)
      unread?.push(cold.milliseconds)
    }
    const floor = median(bare ?? [])
    const report = (name: string, value: number): void => console.log(`${name.padEnd(44)} ${value.toFixed(0).padStart(5)} ms   ${(value - floor).toFixed(0)} ms more than bare Node  (goal < 400)`)
    console.log(`${"bare Node".padEnd(44)} ${floor.toFixed(0).padStart(5)} ms   median of ${rounds}`)
    report("100 functions, until requests are answered", median(ours ?? []))
    report("the same, first start after installation", median(unread ?? []))

    const memory = await Promise.all([16, 1000].map(async (count) => {
      const server = await serve(makeApp(folder, count), `memory-${count}`)
      await new Promise((done) => setTimeout(done, 3000))
      const kib = memoryOf(server.pid)
      await server.stop()
      return kib
    }))
    const [few, many] = memory
    if (few === undefined || many === undefined) console.log("memory per function: this system does not tell the memory of processes")
    else console.log(`memory with 16 functions ${(few / 1024).toFixed(0)} MiB, with 1,000 ${(many / 1024).toFixed(0)} MiB: ${((many - few) / 984).toFixed(1)} KiB a function, in the server and its executors together  (goal < 50)`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
