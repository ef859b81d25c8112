// Starts the program as a person does, and waits for the line that other programs wait for.
import { spawn, type ChildProcess } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

export const root = resolve(import.meta.dirname, "../..")
export const worktracker = join(root, "fixtures/apps/worktracker")

export interface Served {
  readonly url: string
  readonly appId: string
  readonly process: ChildProcess
  /** Everything printed so far. */
  output(): { readonly stdout: string; readonly stderr: string }
  /** Sends a signal and waits for the end; gives the exit code, or the signal that ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>
}

export interface Ended { readonly code: number | null; readonly stdout: string; readonly stderr: string }

function start(args: readonly string[], environment: NodeJS.ProcessEnv): { child: ChildProcess; output: { stdout: string; stderr: string }; ended: Promise<number | NodeJS.Signals> } {
  const child = spawn(process.execPath, ["cli/main.ts", ...args], { cwd: root, env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] })
  const output = { stdout: "", stderr: "" }
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (output.stdout += text))
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (output.stderr += text))
  const ended = new Promise<number | NodeJS.Signals>((done) => child.on("close", (code, signal) => done(signal ?? code ?? 1)))
  return { child, output, ended }
}

/** `backstitch serve …` until its line is printed; rejects with what it said if it ends before. */
export async function serve(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Served> {
  const { child, output, ended } = start(["serve", ...args], environment)
  const line = await new Promise<RegExpExecArray>((done, reject) => {
    const look = (): void => {
      const found = /^serving (\S+) at (\S+)$/m.exec(output.stdout)
      if (found !== null) done(found)
    }
    child.stdout?.on("data", look)
    void ended.then((code) => reject(new Error(`serve ended with ${code}: ${output.stderr}${output.stdout}`)))
  })
  return {
    appId: line[1] as string,
    url: line[2] as string,
    process: child,
    output: () => output,
    stop: (signal = "SIGTERM") => {
      child.kill(signal)
      return ended
    },
  }
}

/** Runs the program to its end. */
export async function run(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const { output, ended } = start(args, environment)
  const code = await ended
  return { code: typeof code === "number" ? code : null, ...output }
}

/** A folder of its own for one test file, and the way to remove it. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "backstitch-"))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
