// The table of packages of an app, made once when it is deployed: name → CommonJS text. SOURCE: specification of functions, 6.3.
//
// SECURITY: package text is guest code with the guest's rights; nothing of it runs here, no install script is ever called.
import { existsSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import type { BuildOptions, BuildResult, OutputFile, Plugin } from "esbuild"
import type { AppModel } from "../app/index.ts"
import { absentModules, externalModules, guestModules, standIns } from "./module-names.ts"

export interface BundleResult {
  readonly modules: Readonly<Record<string, string>>
  /** Packages that are named and cannot be bundled; `require` of them fails when it is reached. */
  readonly problems: readonly { readonly name: string; readonly problem: string }[]
}

const requireHere = createRequire(import.meta.url)

const common = {
  bundle: true, write: false, format: "cjs", platform: "node", target: "node24", logLevel: "silent", legalComments: "none", minifyWhitespace: true, sourcemap: false,
  outdir: "/out", conditions: ["node", "require", "default"], mainFields: ["main", "module"],
} satisfies BuildOptions

// Loaded when there is something to bundle: most apps start without.
async function build(options: BuildOptions & { readonly write: false }): Promise<BuildResult & { readonly outputFiles: readonly OutputFile[] }> {
  const esbuild = await import("esbuild")
  return esbuild.build(options)
}

/** Makes the table of an app: stand-ins for Node's modules that it may need, and its packages. */
export async function bundleModules(app: AppModel): Promise<BundleResult> {
  const sources = [...app.functions.values()].flatMap((each) => [each.source, each.runAsUserIdScript ?? ""])
  const wanted = new Set(sources.flatMap(requiredNames))
  const { names: installed, problem } = installedPackages(app.directory)
  const names = [...new Set([...installed, ...wanted])].filter((name) => !isBuiltin(name))
  const hasPackages = installed.length > 0 && names.length > 0
  const needsAll = hasPackages || sources.some((source) => /\brequire\s*\(\s*[^"'`\s]|\brequire\b(?!\s*\()/.test(source))
  const builtins = needsAll ? Object.keys(standIns) : Object.keys(standIns).filter((name) => wanted.has(name) || wanted.has(`node:${name}`))
  if (wanted.has("http") || wanted.has("https") || wanted.has("node:http") || wanted.has("node:https")) builtins.push("stream")
  const usesBuffer = builtins.length > 0 || sources.some((source) => /\bBuffer\b/.test(source)) || wanted.has("crypto") || wanted.has("node:crypto")
  const [own, packages] = await Promise.all([bundleStandIns(usesBuffer ? withDependencies(builtins) : []), hasPackages ? bundlePackages(app.directory, names) : { modules: {}, problems: [] }])
  return { modules: { ...own, ...packages.modules }, problems: [...(problem === undefined ? [] : [{ name: "package.json", problem }]), ...packages.problems] }
}

const requiredNames = (source: string): string[] => [...source.matchAll(/\brequire\s*\(\s*(["'`])([^"'`$\n]+)\1\s*\)/g)].map((match) => match[2] as string)

function isBuiltin(name: string): boolean {
  const plain = name.replace(/^node:/, "")
  return plain.startsWith(".") || plain.startsWith("/") || Object.hasOwn(standIns, plain) || guestModules.includes(plain) || absentModules.includes(plain)
}

/** What a stand-in's own text requires. */
const dependencies: Readonly<Record<string, readonly string[]>> = {
  assert: ["util"], buffer: [], events: [], path: [], punycode: [], querystring: [], stream: ["events", "buffer", "util", "string_decoder"], string_decoder: ["buffer"], url: ["punycode", "querystring"], util: [], zlib: ["assert", "util", "stream", "events", "string_decoder"],
}

function withDependencies(names: readonly string[]): string[] {
  const all = new Set(["buffer"])
  const open = [...names]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (all.has(name) && name !== "buffer") continue
    all.add(name)
    open.push(...(dependencies[name] ?? []))
  }
  return [...all]
}

/** What Node has and a stand-in lacks, where packages look for it. */
const additions: Readonly<Record<string, string>> = {
  zlib: "\n;(z=>{z.constants??=Object.fromEntries(Object.keys(z).filter(n=>/^[A-Z][A-Z0-9_]+$/.test(n)).map(n=>[n,z[n]]))})(module.exports)",
  util: "\n;(u=>{for(const n of ['TextEncoder','TextDecoder'])if(!(n in u))Object.defineProperty(u,n,{get:()=>globalThis[n],enumerable:true,configurable:true})})(module.exports)",
}

const standInTexts = new Map<string, string>()

/** The stand-ins are the same for every app, so each is bundled once in the life of this process. */
async function bundleStandIns(names: readonly string[]): Promise<Record<string, string>> {
  const missing = names.filter((name) => !standInTexts.has(name))
  if (missing.length > 0) {
    const entryPoints = missing.map((name) => ({ in: requireHere.resolve(standIns[name] as string), out: name }))
    const external = externalModules.filter((each) => each !== "punycode")
    const result = await build({ ...common, platform: "browser", mainFields: ["browser", "main"], define: { global: "globalThis" }, external: [...external], entryPoints, plugins: [ownPackagesFirst] })
    for (const file of result.outputFiles) {
      const name = file.path.replace(/^.*[\\/]out[\\/]/, "").replace(/\.js$/, "")
      standInTexts.set(name, file.text + (additions[name] ?? ""))
    }
  }
  return Object.fromEntries(names.map((name) => [name, standInTexts.get(name) ?? ""]))
}

/** A stand-in that requires `punycode` by its bare name means the one of the table. */
const ownPackagesFirst: Plugin = {
  name: "stand-ins",
  setup({ onResolve }) {
    onResolve({ filter: /^(punycode|buffer|events|util|assert|url|string_decoder)\/?$/ }, ({ path, kind }) => (kind === "entry-point" ? undefined : { path: path.replace(/\/$/, ""), external: true }))
  },
}

/** Leaves exactly these names as `require` calls; esbuild's own list would also take what lies below them. */
function keepRequires(names: ReadonlySet<string>): Plugin {
  return {
    name: "keep-requires",
    setup({ onResolve }) {
      onResolve({ filter: /^[^./]/ }, ({ path }) => (names.has(path) ? { path, external: true } : undefined))
    },
  }
}

/** Direct dependencies of `functions/package.json` (or one at the root) that are installed beside it. */
function installedPackages(directory: string): { readonly names: readonly string[]; readonly problem?: string } {
  for (const folder of packageFolders(directory)) {
    let found: unknown
    try {
      found = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
    } catch {
      return { names: [], problem: "cannot be read" }
    }
    const named = typeof found === "object" && found !== null ? (found as { dependencies?: unknown }).dependencies : undefined
    if (typeof named === "object" && named !== null) return { names: Object.keys(named) }
  }
  return { names: [] }
}

function packageFolders(directory: string): string[] {
  return directory === "" ? [] : [join(directory, "functions"), directory].filter((folder) => existsSync(join(folder, "package.json")))
}

async function bundlePackages(directory: string, names: readonly string[]): Promise<BundleResult> {
  const folder = packageFolders(directory)[0] ?? directory
  const modules: Record<string, string> = {}
  const problems: { name: string; problem: string }[] = []
  await Promise.all(names.map(async (name) => {
    try {
      // One bundle a name; the other names of the table stay `require` calls, so that a package is one instance in a call.
      const result = await build({ ...common, plugins: [keepRequires(new Set([...externalModules, ...names.filter((each) => each !== name)]))], stdin: { contents: `module.exports = require(${JSON.stringify(name)})`, resolveDir: folder, loader: "js" } })
      modules[name] = result.outputFiles[0]?.text ?? ""
    } catch (error) {
      const first = (error as { errors?: readonly { text: string }[] }).errors?.[0]?.text
      problems.push({ name, problem: first ?? "cannot be bundled" })
    }
  }))
  return { modules, problems }
}
