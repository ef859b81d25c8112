// The main module of the process that bundles an app's packages: it unpacks the archive if there is one, and sends each bundle when
// it is done. The server ends it when it takes too long or grows too large (`package-bundler.ts`).
import { realpathSync, statSync } from "node:fs"
import { basename, dirname, join, sep } from "node:path"
import { build, type Plugin } from "esbuild"
import { inertModules, partModules } from "./inert-modules.ts"
import { externalModules } from "./module-names.ts"
import { ArchiveError, unpackPackages, type ArchiveLimits } from "./package-archive.ts"
import { bundleOptions } from "./stand-ins.ts"

/** What is to be bundled. */
export interface BundleOrder {
  readonly names: readonly string[]
  /** Packages are found from here, as Node finds them; an archive is unpacked here. */
  readonly folder: string
  readonly archive: string | undefined
  readonly limits: ArchiveLimits & { readonly bundleBytes: number; readonly sourceBytes: number }
}

/** What the process says: a bundle, or why there is none. `archive`: it cannot be used, and nothing follows. */
export type BundleMessage =
  | { readonly kind: "bundle"; readonly name: string; readonly text: string }
  | { readonly kind: "problem"; readonly name: string; readonly problem: string }
  | { readonly kind: "archive"; readonly problem: string }
  | { readonly kind: "done" }

function say(message: BundleMessage): Promise<void> {
  return new Promise((resolve) => process.send?.(message, () => resolve()))
}

async function work({ names, folder, archive, limits }: BundleOrder): Promise<void> {
  if (archive !== undefined) {
    try {
      await unpackPackages(archive, folder, limits)
    } catch (error) {
      return say({ kind: "archive", problem: error instanceof ArchiveError ? error.message : "it cannot be unpacked" })
    }
  }
  const roots = packageRoots(folder, archive !== undefined)
  let written = 0
  // One after another: esbuild uses every core for one bundle, and what counts against the limit does not depend on luck.
  for (const name of names) {
    try {
      // One bundle a name; the other names of the table stay `require` calls, so that a package is one instance in a call.
      const kept = new Set([...externalModules, ...names.filter((each) => each !== name)])
      const plugins = [nodeParts, keepRequires(kept), leaveMissing, onlyPackages(roots, limits.sourceBytes), noNatives]
      const options = { ...bundleOptions, define: { __dirname: '"/"', __filename: '"/index.js"' }, plugins, stdin: { contents: `module.exports = require(${JSON.stringify(name)})`, resolveDir: folder, loader: "js" as const } }
      // As Node finds it; a package that has a build for bundlers only is taken by that.
      const result = await build(options).catch(() => build({ ...options, mainFields: ["main", "module"] }))
      const text = result.outputFiles[0]?.text ?? ""
      // As it travels to the executors: quoted.
      const length = JSON.stringify(text).length
      if (written + length > limits.bundleBytes) {
        await say({ kind: "problem", name, problem: `with it, the bundles of the app would be larger than ${limits.bundleBytes} bytes` })
      } else {
        written += length
        await say({ kind: "bundle", name, text })
      }
    } catch (error) {
      const first = (error as { errors?: readonly { text: string }[] }).errors?.[0]?.text
      await say({ kind: "problem", name, problem: first ?? "cannot be bundled" })
    }
  }
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

/** A package that a package asks for and that is not there: `require` of it fails when it is reached, as in Node. */
const leaveMissing: Plugin = {
  name: "leave-missing",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (importer === "<stdin>" || (pluginData as unknown) === leaveMissing) return undefined
      const found = await resolve(path, { kind, importer, resolveDir, pluginData: leaveMissing })
      return found.errors.length > 0 ? { path, external: true } : found
    })
  },
}

/**
 * SECURITY: a package's text may name any path; what is bundled must be a package's file. Else a package, or a function that
 * requires `name/../../..`, could carry files of this machine into a bundle.
 */
function onlyPackages(roots: readonly string[], mostBytes: number): Plugin {
  return {
    name: "only-packages",
    setup({ onLoad }) {
      let bytes = 0
      onLoad({ filter: /.*/, namespace: "file" }, ({ path }) => {
        if (!roots.some((root) => path.startsWith(root))) return { errors: [{ text: "it asks for a file outside of the packages" }] }
        bytes += statSync(path).size
        return bytes > mostBytes ? { errors: [{ text: `it is made of more than ${mostBytes} bytes of source` }] } : undefined
      })
    },
  }
}

/** What packages get of Node's modules beyond those that stand-ins are there for. */
const nodeParts: Plugin = {
  name: "node-parts",
  setup({ onResolve, onLoad }) {
    const texts = { ...inertModules, ...partModules }
    onResolve({ filter: /^[^./]/ }, ({ path }) => {
      const name = path.replace(/^node:/, "")
      return Object.hasOwn(texts, name) ? { path: name, namespace: "node-part" } : undefined
    })
    onLoad({ filter: /.*/, namespace: "node-part" }, ({ path }) => ({ contents: texts[path] ?? "", loader: "js" }))
  },
}

const noNatives: Plugin = {
  name: "no-natives",
  setup({ onResolve }) {
    onResolve({ filter: /\.node$/ }, ({ path }) => ({ path: `native:${basename(path)}`, external: true }))
  },
}

/** The folders packages may come from, links followed. */
function packageRoots(folder: string, isOwn: boolean): string[] {
  const roots: string[] = []
  for (let at = folder; ; at = dirname(at)) {
    try {
      roots.push(realpathSync(join(at, "node_modules")) + sep)
    } catch {
      // Most folders on the way up have none.
    }
    if (isOwn || dirname(at) === at) return roots
  }
}

process.once("message", (order: BundleOrder) => {
  work(order).then(() => say({ kind: "done" })).finally(() => process.exit(0))
})
process.once("disconnect", () => process.exit(1))
