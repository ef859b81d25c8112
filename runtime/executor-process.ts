// The server's side of one executor: starts the process, passes frames, watches its memory, kills it.
import { spawn, type ChildProcess } from "node:child_process"
import { existsSync, lstatSync, readFileSync, realpathSync } from "node:fs"
import { createRequire } from "node:module"
import type { Duplex, Readable } from "node:stream"
import { dirname, join, sep } from "node:path"
import { fileURLToPath } from "node:url"
import type { ExecutorSettings } from "./executor.ts"
import { parseMessage } from "./executor-messages.ts"
import { encodeFrame, FrameReader, fromExecutor, toExecutor, type Frame } from "./frames.ts"
import { frameBytes } from "./limits.ts"
import { own } from "./own.ts"

/** A file of the app that cannot be compiled. */
export interface CodeProblem { readonly kind: "function" | "module"; readonly name: string; readonly problem: string }

/** The modules an executor loads besides its own: texts that run in the guest, and the synchronous questions of guests. */
export interface GuestModules { readonly prelude: URL; readonly sync: URL }

export interface ExecutorLaunch {
  readonly settings: ExecutorSettings
  readonly modules: GuestModules
}

/** What an executor is given to do, and who hears of it. */
export interface ExecutorTask {
  /** `AppCode` as JSON text. */
  readonly code: string
  readonly onFrame: (frame: Frame) => void
  readonly onExit: (exit: ExecutorExit) => void
}

/** How the process ended. `said`: the end of its standard error, for the log. */
export interface ExecutorExit { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly said: string }

const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js"
const mainModule = fileURLToPath(new URL(`./executor${extension}`, import.meta.url))

/**
 * SECURITY: the process is started with an empty environment and, by Node's permission model, without the right to start
 * processes or threads, to write a file, or to read one outside of the program's own code. That is no wall against native
 * code; it is one against a guest that has got hold of a Node object.
 */
function nodeArguments(modules: GuestModules): string[] {
  return [
    "--no-node-snapshot", "--no-warnings", "--disallow-code-generation-from-strings",
    "--permission", "--allow-addons", ...readableRoots(modules).map((root) => `--allow-fs-read=${root}`),
    mainModule, modules.prelude.href, modules.sync.href,
  ]
}

/** What an executor reads: the runtime, and the isolates' addon with its loader. Not the rest of the program's folder, which may be a project's own. */
function readableRoots(modules: GuestModules): string[] {
  const here = dirname(mainModule)
  const requireHere = createRequire(import.meta.url)
  const addon = realpathSync(requireHere.resolve("isolated-vm/package.json"))
  const loader = realpathSync(createRequire(addon).resolve("node-gyp-build/package.json"))
  // Where packages are links (pnpm, workspaces), what they are found through lies elsewhere.
  const links = [...linksTo("isolated-vm", requireHere), ...linksTo("node-gyp-build", createRequire(addon))]
  const guest = [modules.prelude, modules.sync].map((url) => dirname(fileURLToPath(url)))
  const folders = [here, dirname(addon), dirname(loader), ...links, ...guest].map((folder) => `${folder}${sep}`)
  // The loader, which finds the addon's binary, looks whether this is Alpine.
  return [...new Set([...folders, "/etc/alpine-release"])]
}

/** The links on the way to a package, which whoever follows them has to read: the package itself, or its whole folder of packages. */
function linksTo(name: string, from: NodeJS.Require): string[] {
  const folder = (from.resolve.paths(name) ?? []).find((each) => existsSync(join(each, name)))
  return folder === undefined ? [] : [folder, join(folder, name)].filter((path) => lstatSync(path).isSymbolicLink())
}

const stderrBytes = 4096

export class ExecutorProcess {
  readonly #child: ChildProcess
  readonly #pipe: Duplex
  #task: ExecutorTask | undefined
  #said = ""
  #gone = false
  lastFrameAt = performance.now()
  #reportedRss = 0
  /** Resolves with the app's problems when the executor can take calls; rejects when it ended before. */
  readonly ready: Promise<readonly CodeProblem[]>
  #onReady: ((problems: readonly CodeProblem[]) => void) | undefined

  constructor(launch: ExecutorLaunch) {
    this.#child = spawn(process.execPath, nodeArguments(launch.modules), { stdio: ["ignore", "ignore", "pipe", "pipe"], env: {}, windowsHide: true })
    this.#pipe = this.#child.stdio[3] as Duplex
    const frames = new FrameReader(frameBytes, (frame) => this.#receive(frame))
    this.#pipe.on("data", (chunk: Buffer) => {
      try {
        frames.push(chunk)
      } catch {
        // SECURITY: whatever cannot be read as our frames ends the process that sent it.
        this.kill()
      }
    })
    this.#pipe.on("error", () => this.kill())
    const stderr = this.#child.stderr as Readable
    stderr.setEncoding("utf8").on("data", (text: string) => (this.#said = (this.#said + text).slice(-stderrBytes)))
    stderr.on("error", () => undefined)
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve
      const onGone = (code: number | null, signal: NodeJS.Signals | null): void => {
        if (this.#gone) return
        this.#gone = true
        reject(new Error(`Cannot start an executor: the process ended with ${signal ?? code}`))
        this.#task?.onExit({ code, signal, said: this.#said })
      }
      this.#child.on("error", () => onGone(null, null))
      // Not "exit": what the process said last is still in the pipe then.
      this.#child.on("close", onGone)
    })
    this.ready.catch(() => undefined)
    this.send(toExecutor.settings, 0, 0, JSON.stringify(launch.settings))
  }

  /** Gives the process its code; until then it waits, with its own modules read and a first isolate made. Once only. */
  begin(task: ExecutorTask): void {
    this.#task = task
    this.send(toExecutor.code, 0, 0, task.code)
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get isGone(): boolean {
    return this.#gone
  }

  send(type: number, call: number, split: number, body: string): void {
    if (!this.#gone && this.#pipe.writable) this.#pipe.write(encodeFrame(type, call, split, body))
  }

  #receive(frame: Frame): void {
    this.lastFrameAt = performance.now()
    if (frame.type === fromExecutor.ready) this.#onReady?.(readProblems(frame.body))
    else this.#task?.onFrame(frame)
    if (frame.type === fromExecutor.beat) this.#reportedRss = Number(own(parseMessage(frame.body), "rss")) || 0
  }

  /** Bytes of resident memory: by the kernel where it tells, else as the executor last said. */
  residentBytes(): number {
    if (process.platform !== "linux" || this.#child.pid === undefined) return this.#reportedRss
    try {
      return Number(readFileSync(`/proc/${this.#child.pid}/statm`, "latin1").split(" ")[1]) * 4096
    } catch {
      return 0
    }
  }

  /** Ends the process now. */
  kill(): void {
    this.#child.kill("SIGKILL")
  }

  /** Lets the process end by itself once its calls are done. */
  drain(): void {
    this.send(toExecutor.drain, 0, 0, "")
  }
}

function readProblems(body: string): CodeProblem[] {
  const problems = own(parseMessage(body), "problems")
  if (!Array.isArray(problems)) return []
  return problems.map((each) => ({ kind: own(each, "kind") === "module" ? "module" : "function", name: String(own(each, "name")), problem: String(own(each, "problem")) }))
}
