// The layout of MODELS.md as a test: who may import whom, how long a file may be, what is never written.
import { readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { describe, expect, test } from "vitest"

const root = resolve(import.meta.dirname, "..")
const rooms = ["kernel", "engine", "runtime", "server", "cli"] as const

/** Room or server folder → what it may import besides itself. */
const mayImport: Record<string, readonly string[]> = {
  kernel: [],
  engine: ["kernel"],
  runtime: ["kernel", "engine"],
  "server/app": ["kernel", "engine"],
  "server/users": ["kernel", "engine"],
  "server/tokens": ["kernel", "server/users"],
  "server/data": ["kernel", "engine"],
  "server/storage": ["kernel", "server/data", "server/users", "server/tokens"],
  "server/functions": ["kernel", "engine", "runtime", "server/app", "server/data"],
  "server/mail": ["kernel", "server/users"],
  "server/operations": ["kernel", "engine", "server/app", "server/data", "server/storage"],
  "server/triggers": ["kernel", "engine", "server/app", "server/functions", "server/data", "server/users"],
  "server/http": ["kernel", "engine", "server/app", "server/triggers", "server/functions", "server/data", "server/users", "server/tokens"],
  server: ["kernel", "engine", "runtime", "server/app", "server/users", "server/tokens", "server/data", "server/storage", "server/functions", "server/triggers", "server/mail", "server/operations", "server/http"],
  cli: ["kernel", "engine", "server"],
}
/** Files of `server/` itself that every folder below it may read: the errors that reach a caller. */
const shared = new Set(["server/errors.ts"])
/** Packages that exactly one place may use. */
const onlyIn: Record<string, string> = {
  bson: "kernel/bson.ts", "isolated-vm": "runtime/", mongodb: "server/storage/mongodb/", jose: "server/", fastify: "server/http/", "node:sqlite": "server/storage/embedded/", mingo: "server/storage/", re2js: "", nodemailer: "server/mail/", "prom-client": "server/http/",
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : sources(path)
    return /\.(ts|js|mjs)$/.test(entry.name) ? [path] : []
  })
}

function areaOf(file: string): string {
  const [room, second] = file.split("/") as [string, string]
  return room === "server" && file.split("/").length > 2 ? `server/${second}` : room
}

const files = rooms.flatMap(sources)
const imports = files.flatMap((file) => {
  const text = readFileSync(join(root, file), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "")
  return [...text.matchAll(/^\s*(?:import|export)\b[^"'\n]*?(?:\bfrom\s*)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm)].map((match) => ({
    file, from: (match[1] ?? match[2]) as string, typeOnly: /^\s*(?:import|export)\s+type\b/.test(match[0]),
  }))
})

describe("imports", () => {
  test("go from cli to server to runtime and engine to kernel, and inside server/ as the house says", () => {
    const wrong = imports.filter(({ from }) => from.startsWith(".")).flatMap(({ file, from, typeOnly }) => {
      const target = relative(root, resolve(root, dirname(file), from))
      const [mine, theirs] = [areaOf(file), areaOf(target)]
      if (mine === theirs || shared.has(target)) return []
      if (!(mayImport[mine] ?? []).includes(theirs)) return [`${file} imports ${target}`]
      if (mine === "runtime" && theirs === "engine" && !typeOnly) return [`${file} imports ${target} not as types only`]
      if (mine === "server/tokens" && theirs === "server/users" && !typeOnly) return [`${file} imports ${target} not as types only`]
      if (file.startsWith("cli/") && theirs === "server" && target !== "server/index.ts") return [`${file} imports ${target} past the index`]
      return []
    })
    expect(wrong).toEqual([])
  })

  test("cross a folder line only through its index", () => {
    const wrong = imports.filter(({ from }) => from.startsWith(".")).flatMap(({ file, from }) => {
      const target = relative(root, resolve(root, dirname(file), from))
      const crosses = areaOf(file) !== areaOf(target) && !shared.has(target)
      return crosses && !target.endsWith("/index.ts") ? [`${file} imports ${target}`] : []
    })
    expect(wrong).toEqual([])
  })

  test("end in .ts or .js and name a package only where its job is done", () => {
    const wrong = imports.flatMap(({ file, from }) => {
      if (from.startsWith(".")) return /\.(ts|js|json)$/.test(from) ? [] : [`${file} imports ${from}`]
      const place = Object.hasOwn(onlyIn, from) ? onlyIn[from] as string : ""
      return file.startsWith(place) ? [] : [`${file} imports ${from}`]
    })
    expect(wrong).toEqual([])
  })

  test("guest code is never imported by the host as code", () => {
    expect(imports.filter(({ file, from }) => from.includes("guest/") && !from.endsWith("guest/index.ts") && !file.startsWith("runtime/guest/"))).toEqual([])
  })

  test("form no cycle between folders", () => {
    const edges = new Map<string, Set<string>>()
    for (const { file, from, typeOnly } of imports) {
      if (!from.startsWith(".") || typeOnly) continue
      const path = relative(root, resolve(root, dirname(file), from))
      const target = areaOf(path)
      if (target !== areaOf(file) && !shared.has(path)) edges.set(areaOf(file), (edges.get(areaOf(file)) ?? new Set()).add(target))
    }
    const visiting: string[] = []
    const done = new Set<string>()
    const cycle = (area: string): string[] | undefined => {
      if (visiting.includes(area)) return [...visiting.slice(visiting.indexOf(area)), area]
      if (done.has(area)) return undefined
      visiting.push(area)
      for (const next of edges.get(area) ?? []) {
        const found = cycle(next)
        if (found !== undefined) return found
      }
      visiting.pop()
      done.add(area)
      return undefined
    }
    expect([...edges.keys()].map(cycle).find((found) => found !== undefined)).toBeUndefined()
  })
})

describe("files", () => {
  const all = [...files, ...sources("test"), ...sources("bench")]

  test("stay under 400 lines, and say why in their first comment above 300", () => {
    const wrong = all.flatMap((file) => {
      const text = readFileSync(join(root, file), "utf8")
      const lines = text.split("\n").length
      return lines > 400 || (lines > 300 && !/^\s*(\/\/|\/\*)/.test(text)) ? [`${file}: ${lines}`] : []
    })
    expect(wrong).toEqual([])
  })

  test("the kernel has ten files at most", () => {
    expect(sources("kernel").length).toBeLessThanOrEqual(10)
  })

  test("hold no escape from the type checker and no suppression without a reason", () => {
    const types = /\bas any\b|[\w)\]?]: any\b/m
    const suppressions = /@ts-ignore|@ts-nocheck|oxlint-disable(?!.*--)|@ts-expect-error\s*$/m
    const wrong = all.filter((file) => {
      const text = readFileSync(join(root, file), "utf8")
      return file !== "test/architecture.test.ts" && (types.test(text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")) || suppressions.test(text))
    })
    expect(wrong).toEqual([])
  })

  test("fixtures hold no code but the sources of their apps", () => {
    const code = sources("fixtures").filter((file) => !file.startsWith("fixtures/apps/"))
    expect(code).toEqual([])
    expect(statSync(join(root, "fixtures")).isDirectory()).toBe(true)
  })
})
