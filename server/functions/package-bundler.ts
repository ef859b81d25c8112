// The server's side of the process that bundles an app's packages: starts it, and ends it when it takes too long or grows too large.
import { fork, type ChildProcess } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { BundleMessage, BundleOrder } from "./bundle-packages.ts"
import type { PackageLimits } from "./ports.ts"

/** The table of an app's packages. */
export interface BundleResult {
  readonly modules: Readonly<Record<string, string>>
  /** Packages that are named and cannot be bundled; `require` of them fails when it is reached. */
  readonly problems: readonly { readonly name: string; readonly problem: string }[]
}

/** INVARIANT: the code of an app travels to an executor in one frame of at most 48 MiB, its functions included. */
const mostBundleBytes = 40 * 1024 * 1024

export const defaultPackageLimits: PackageLimits = { bundleMs: 120_000, bundleMemoryMb: 1536, bundleBytes: mostBundleBytes, archiveBytes: 15 * 1024 * 1024 }

/** Limits that follow from what an archive of allowed size can sensibly hold. */
const fixedLimits = { entries: 50_000, unpackedBytes: 256 * 1024 * 1024, sourceBytes: 256 * 1024 * 1024 }

/** Where the packages of an app are: installed beside a `package.json`, or in an archive. */
export type PackageSource = { readonly kind: "folder"; readonly folder: string } | { readonly kind: "archive"; readonly file: string }

const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js"
const mainModule = fileURLToPath(new URL(`./bundle-packages${extension}`, import.meta.url))
const watchMs = 100

/** Bundles packages, each on its own. Those that are not done within the limits are problems; the others are there. */
export async function bundlePackages(source: PackageSource, names: readonly string[], limits: PackageLimits): Promise<BundleResult> {
  const own = source.kind === "archive" ? mkdtempSync(join(tmpdir(), "backstitch-packages-")) : undefined
  const order: BundleOrder = {
    names, folder: source.kind === "folder" ? source.folder : (own as string), archive: source.kind === "archive" ? source.file : undefined,
    limits: { ...fixedLimits, archiveBytes: limits.archiveBytes, bundleBytes: Math.min(limits.bundleBytes, mostBundleBytes) },
  }
  try {
    return await runBundler(order, limits)
  } finally {
    if (own !== undefined) rmSync(own, { recursive: true, force: true })
  }
}

function runBundler(order: BundleOrder, { bundleMs, bundleMemoryMb }: PackageLimits): Promise<BundleResult> {
  const modules: Record<string, string> = Object.create(null) as Record<string, string>
  const problems = new Map<string, string>()
  let stopped: string | undefined
  // esbuild is a program of its own, in Go, which this process starts: a group of their own is what can be ended together.
  const child = fork(mainModule, [], { env: { GOMEMLIMIT: `${Math.floor(bundleMemoryMb * 0.75)}MiB` }, stdio: ["ignore", "ignore", "ignore", "ipc"], serialization: "advanced", execArgv: ["--no-warnings"], detached: process.platform !== "win32" })
  const stop = (because: string): void => {
    stopped ??= because
    killGroup(child)
  }
  const deadline = setTimeout(() => stop(`bundling took longer than ${bundleMs / 1000} s`), bundleMs)
  const watch = setInterval(() => {
    if (residentBytes(child.pid) > bundleMemoryMb * 1024 * 1024) stop(`bundling needed more than ${bundleMemoryMb} MB of memory`)
  }, watchMs)
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(deadline)
      clearInterval(watch)
      for (const name of order.names) if (!Object.hasOwn(modules, name) && !problems.has(name)) problems.set(name, stopped ?? "cannot be bundled: the bundler ended early")
      resolve({ modules: { ...modules }, problems: [...problems].map(([name, problem]) => ({ name, problem })) })
    }
    child.on("message", (message: BundleMessage) => {
      if (message.kind === "bundle") modules[message.name] = message.text
      else if (message.kind === "problem") problems.set(message.name, message.problem)
      else if (message.kind === "archive") stopped = `the archive of packages cannot be used: ${message.problem}`
    })
    child.once("error", end)
    child.once("close", end)
    child.send(order, () => undefined)
  })
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined && process.platform !== "win32") process.kill(-child.pid, "SIGKILL")
  } catch {
    // The group has ended by itself.
  }
  child.kill("SIGKILL")
}

/** Resident memory of a process and those it started, where the kernel tells; else 0, and the time limit alone counts. */
function residentBytes(pid: number | undefined): number {
  if (process.platform !== "linux" || pid === undefined) return 0
  const read = (each: string): number => {
    try {
      return Number(readFileSync(`/proc/${each}/statm`, "latin1").split(" ")[1]) * 4096
    } catch {
      return 0
    }
  }
  let children: string[] = []
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ").filter((each) => each !== "")
  } catch {
    // It has ended.
  }
  return [String(pid), ...children].reduce((sum, each) => sum + read(each), 0)
}
