// The table of packages of an app, made once when it is deployed: name → CommonJS text. SOURCE: specification of functions, 6.3.
//
// SECURITY: package text is guest code with the guest's rights; nothing of it runs here, no install script is ever called.
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { AppFunction, AppModel } from "../app/index.ts"
import { absentModules, guestModules, standIns } from "./module-names.ts"
import { bundlePackages, defaultPackageLimits, type BundleResult, type PackageSource } from "./package-bundler.ts"
import type { PackageLimits } from "./ports.ts"
import { bundleStandIns, withDependencies } from "./stand-ins.ts"

/** Makes the table of an app: stand-ins for Node's modules that it may need, and its packages. */
export async function bundleModules(app: AppModel, limits: Partial<PackageLimits> = {}): Promise<BundleResult> {
  const functions = [...app.functions.values()]
  const sources = functions.map(textOf)
  const wanted = new Set(sources.flatMap(requiredNames))
  const source = app.directory === "" ? undefined : packageSource(app.directory)
  const { names: installed, problem } = source === undefined ? { names: [] } : directDependencies(app.directory)
  const names = [...new Set([...installed, ...wanted])].filter((name) => !isBuiltin(name)).toSorted()
  const hasPackages = source !== undefined && names.length > 0
  const needsAll = hasPackages || sources.some((text) => /\brequire\s*\(\s*[^"'`\s]|\brequire\b(?!\s*\()/.test(text))
  const builtins = needsAll ? Object.keys(standIns) : Object.keys(standIns).filter((name) => wanted.has(name) || wanted.has(`node:${name}`))
  if (wanted.has("http") || wanted.has("https") || wanted.has("node:http") || wanted.has("node:https")) builtins.push("stream")
  const usesBuffer = builtins.length > 0 || sources.some((text) => /\bBuffer\b/.test(text)) || wanted.has("crypto") || wanted.has("node:crypto")
  const [own, packages] = await Promise.all([
    bundleStandIns(usesBuffer ? withDependencies(builtins) : []),
    hasPackages ? bundlePackages(source, names, { ...defaultPackageLimits, ...limits }) : { modules: {}, problems: [] },
  ])
  const problems = packages.problems.map((each) => ({ name: each.name, problem: each.problem + usersOf(each.name, functions) }))
  return { modules: { ...own, ...packages.modules }, problems: [...(problem === undefined ? [] : [{ name: "package.json", problem }]), ...problems] }
}

const textOf = (each: AppFunction): string => `${each.source}\n${each.runAsUserIdScript ?? ""}`
const requiredNames = (source: string): string[] => [...source.matchAll(/\brequire\s*\(\s*(["'`])([^"'`$\n]+)\1\s*\)/g)].map((match) => match[2] as string)

/** Which functions a package is missing to, for the operator who reads of it. */
function usersOf(name: string, functions: readonly AppFunction[]): string {
  const users = functions.filter((each) => requiredNames(textOf(each)).includes(name)).map((each) => `\`${each.name}\``)
  return users.length === 0 ? "" : ` (required by ${users.slice(0, 5).join(", ")}${users.length > 5 ? ` and ${users.length - 5} more` : ""})`
}

function isBuiltin(name: string): boolean {
  const plain = name.replace(/^node:/, "")
  return plain.startsWith(".") || plain.startsWith("/") || Object.hasOwn(standIns, plain) || guestModules.includes(plain) || absentModules.includes(plain)
}

const archiveNames = ["node_modules.zip", "node_modules.tar.gz", "node_modules.tgz", "node_modules.tar"]

/** Where packages are. Installed ones win over an archive: they are what somebody did last on this machine. */
function packageSource(directory: string): PackageSource | undefined {
  const folders = [join(directory, "functions"), directory]
  const installed = folders.find((folder) => existsSync(join(folder, "node_modules")) && (existsSync(join(folder, "package.json")) || folder !== directory))
  if (installed !== undefined) return { kind: "folder", folder: installed }
  const file = archiveNames.map((name) => join(directory, "functions", name)).find((each) => existsSync(each))
  if (file !== undefined) return { kind: "archive", file }
  // Packages may be installed further up, as in a workspace.
  const named = folders.find((folder) => existsSync(join(folder, "package.json")))
  return named === undefined ? undefined : { kind: "folder", folder: named }
}

/** Direct dependencies of `functions/package.json`, or of one at the root. */
function directDependencies(directory: string): { readonly names: readonly string[]; readonly problem?: string } {
  const file = [join(directory, "functions/package.json"), join(directory, "package.json")].find((each) => existsSync(each))
  if (file === undefined) return { names: [] }
  let found: unknown
  try {
    found = JSON.parse(readFileSync(file, "utf8"))
  } catch {
    return { names: [], problem: "cannot be read" }
  }
  const named = typeof found === "object" && found !== null ? (found as { dependencies?: unknown }).dependencies : undefined
  return { names: typeof named === "object" && named !== null ? Object.keys(named) : [] }
}
