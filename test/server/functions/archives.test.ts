// Packages uploaded as an archive: every form an export has, and what a hostile archive or package comes to.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { gzipSync } from "node:zlib"
import { create, Header } from "tar"
import { afterEach, describe, expect, test } from "vitest"
import { bundleModules } from "../../../server/functions/index.ts"
import { appOf, functionOf } from "./world.ts"
import { zipOf, type ZipEntry } from "./zip.ts"

const folders: string[] = []
function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), "backstitch-archive-"))
  folders.push(path)
  return path
}
afterEach(() => {
  for (const each of folders.splice(0)) rmSync(each, { recursive: true, force: true })
})

function write(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
}

const packages = {
  "node_modules/left/package.json": '{"name":"left","main":"lib/main.js"}',
  "node_modules/left/lib/main.js": "exports.pad = (text) => require('right').fill + text",
  "node_modules/left/node_modules/right/package.json": '{"name":"right"}',
  "node_modules/left/node_modules/right/index.js": "exports.fill = '__'",
}
const zipEntries: readonly ZipEntry[] = Object.entries(packages).map(([path, data]) => ({ path, data }))

const users = [functionOf("pads", { source: "exports = () => require('left').pad('x')" }), functionOf("other", { source: "exports = () => 1" })]
const bundle = (functions: Readonly<Record<string, string | Buffer>>, limits: Parameters<typeof bundleModules>[1] = {}, directory = scratch()) => {
  write(directory, Object.fromEntries(Object.entries(functions).map(([name, bytes]) => [`functions/${name}`, bytes])))
  return bundleModules(appOf(users, directory), limits)
}

/** Runs a bundle that needs no module but its own. */
function load(text: string | undefined): { pad(text: string): string } {
  const module = { exports: {} }
  new Function("exports", "require", "module", text ?? "")(module.exports, () => undefined, module)
  return module.exports as { pad(text: string): string }
}

async function tarOf(files: Readonly<Record<string, string>>, options: { readonly gzip?: boolean; readonly names?: readonly string[]; readonly links?: Readonly<Record<string, string>> } = {}): Promise<Buffer> {
  const folder = scratch()
  write(folder, files)
  for (const [path, target] of Object.entries(options.links ?? {})) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    symlinkSync(target, join(folder, path))
  }
  const chunks: Buffer[] = []
  for await (const chunk of create({ cwd: folder, gzip: options.gzip ?? false }, [...(options.names ?? readdirSync(folder))])) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** A tar of plain files, whatever their paths. */
function rawTar(files: readonly (readonly [string, string | Buffer])[]): Buffer {
  const blocks = files.flatMap(([path, text]) => {
    const bytes = Buffer.from(text)
    const header = Buffer.alloc(512)
    new Header({ path, size: bytes.length, type: "File", mode: 0o644 }).encode(header)
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

describe("an archive of packages", () => {
  test.each(["node_modules.tar", "node_modules.tar.gz", "node_modules.tgz"])("is read from %s", async (name) => {
    const { modules, problems } = await bundle({ [name]: await tarOf(packages, { gzip: !name.endsWith(".tar") }) })
    expect(problems).toEqual([])
    expect(load(modules["left"]).pad("x")).toBe("__x")
  })

  test("is read from node_modules.zip", async () => {
    const { modules } = await bundle({ "node_modules.zip": zipOf(zipEntries) })
    expect(load(modules["left"]).pad("x")).toBe("__x")
  })

  test.each<[string, (path: string) => string]>([
    ["with its packages at the top", (path) => path.replace("node_modules/", "")],
    ["with `./` before each path", (path) => `./${path}`],
    ["with a folder around node_modules", (path) => `functions/${path}`],
  ])("%s is read too", async (_, place) => {
    const files = Object.entries(packages).map(([path, text]) => [place(path), text] as const)
    for (const archive of [{ "node_modules.tar": rawTar(files) }, { "node_modules.zip": zipOf(files.map(([path, data]) => ({ path, data }))) }]) {
      expect(load((await bundle(archive)).modules["left"]).pad("x")).toBe("__x")
    }
  })

  test("has links left out, and what macOS adds", async () => {
    const archive = await tarOf({ ...packages, "node_modules/._left": "x", "__MACOSX/node_modules/._left": "x" }, { gzip: true, links: { "node_modules/.bin/left": "../left/lib/main.js", "node_modules/out": "/etc" } })
    const { modules, problems } = await bundle({ "node_modules.tgz": archive })
    expect(problems).toEqual([])
    expect(Object.keys(modules)).toContain("left")
  })

  test("with a package.json gives what it names as well", async () => {
    const { modules, problems } = await bundle({ "node_modules.zip": zipOf([...zipEntries, { path: "node_modules/extra/index.js", data: "module.exports = 1" }]), "package.json": '{"dependencies":{"extra":"1","absent":"1"}}' })
    expect(Object.keys(modules)).toEqual(expect.arrayContaining(["left", "extra"]))
    expect(problems.map(({ name }) => name)).toEqual(["absent"])
  })

  test("leaves nothing behind, and changes nothing in the app's directory", async () => {
    const before = new Set(readdirSync(tmpdir()).filter((name) => name.startsWith("backstitch-packages-")))
    const directory = scratch()
    await bundle({ "node_modules.zip": zipOf(zipEntries) }, {}, directory)
    expect(readdirSync(join(directory, "functions"))).toEqual(["node_modules.zip"])
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("backstitch-packages-") && !before.has(name))).toEqual([])
  })
})

describe("a hostile archive", () => {
  const refused = (problems: readonly { readonly name: string; readonly problem: string }[]): string | undefined => problems.find(({ name }) => name === "left")?.problem

  test.each(["../../escaped.js", "/tmp/backstitch-escaped.js", "node_modules/left/../../../escaped.js", "node_modules\\..\\escaped.js", "C:/escaped.js"])("with the path %s is refused as a whole", async (path) => {
    for (const archive of [{ "node_modules.tar": rawTar([...Object.entries(packages), [path, "x"]]) }, { "node_modules.zip": zipOf([...zipEntries, { path, data: "x" }]) }]) {
      const { modules, problems } = await bundle(archive)
      expect(refused(problems)).toMatch(/archive of packages cannot be used: .*\(required by `pads`\)/)
      expect(Object.keys(modules)).not.toContain("left")
    }
    expect(existsSync("/tmp/backstitch-escaped.js") || existsSync(join(tmpdir(), "escaped.js"))).toBe(false)
  })

  test("of links to folders outside writes and reads nothing there", async () => {
    const outside = scratch()
    const link = { path: "node_modules/left", data: outside, mode: 0o120777 }
    const { problems } = await bundle({ "node_modules.zip": zipOf([link, { path: "node_modules/left/index.js", data: "module.exports = 'written'" }]) })
    expect(problems).toEqual([])
    expect(readdirSync(outside)).toEqual([])
  })

  test.each<[string, () => Record<string, Buffer>]>([
    ["a tar that unpacks to 270 MB", () => ({ "node_modules.tgz": gzipSync(rawTar([["node_modules/left/index.js", Buffer.alloc(270 * 1024 * 1024)]]), { level: 1 }) })],
    ["a zip that unpacks to 270 MB", () => ({ "node_modules.zip": zipOf([{ path: "node_modules/left/index.js", data: Buffer.alloc(270 * 1024 * 1024) }]) })],
    ["a zip that lies about its sizes", () => ({ "node_modules.zip": zipOf([{ path: "node_modules/left/index.js", data: Buffer.alloc(270 * 1024 * 1024), size: 10 }]) })],
    ["60,000 entries", () => ({ "node_modules.tgz": gzipSync(rawTar(Array.from({ length: 60_000 }, (__, index) => [`node_modules/left/${index}.js`, ""]))) })],
    ["half an archive", () => ({ "node_modules.zip": zipOf(zipEntries).subarray(0, 300) })],
    ["half a tar", () => ({ "node_modules.tgz": gzipSync(rawTar(Object.entries(packages))).subarray(0, 200) })],
    ["no archive", () => ({ "node_modules.tar.gz": Buffer.from("hello") })],
  ])("%s is refused", async (_, make) => {
    const began = performance.now()
    const { problems } = await bundle(make())
    expect(refused(problems)).toContain("archive of packages cannot be used")
    expect(performance.now() - began).toBeLessThan(20_000)
  })

  test("that is larger than the limit is not opened", async () => {
    const { problems } = await bundle({ "node_modules.zip": zipOf(zipEntries) }, { archiveBytes: 100 })
    expect(refused(problems)).toContain("larger than 100 bytes")
  })
})

describe("bundling", () => {
  const installed = (text: string) => ({ "node_modules/left/index.js": text, "node_modules/left/package.json": '{"name":"left"}', "package.json": '{"dependencies":{"left":"1"}}' })

  test("takes no file that is not a package's", async () => {
    const directory = scratch()
    write(directory, { "functions/secret.json": '{"key":"topsecret"}', "secret.txt": "topsecret" })
    for (const path of ["../../secret.json", "../../../secret.txt", join(directory, "secret.txt")]) {
      const { modules, problems } = await bundle(installed(`module.exports = require(${JSON.stringify(path)})`), {}, directory)
      expect(problems[0]?.problem).toContain("outside of the packages")
      expect(JSON.stringify(modules)).not.toContain("topsecret")
    }
  })

  test("leaves packages that are not there, and native addons, to fail when they are reached", async () => {
    const { modules, problems } = await bundle(installed("exports.pad = (x) => x; exports.late = () => require('not-there'); exports.native = () => require('./build/addon.node')"))
    expect(problems).toEqual([])
    expect(load(modules["left"]).pad("x")).toBe("x")
  })

  test("ends in time, and names the functions that go without", async () => {
    const began = performance.now()
    const { problems } = await bundle(installed("module.exports = 1"), { bundleMs: 1 })
    expect(problems).toEqual([{ name: "left", problem: "bundling took longer than 0.001 s (required by `pads`)" }])
    expect(performance.now() - began).toBeLessThan(5000)
  })

  test("ends when it needs too much memory", async () => {
    const wide = `module.exports = [${"[1,{a:2},'x'],".repeat(600_000)}]`
    const { problems } = await bundle(installed(wide), { bundleMemoryMb: 96 })
    expect(problems).toEqual([{ name: "left", problem: "bundling needed more than 96 MB of memory (required by `pads`)" }])
  })

  test("leaves out what would make the app's bundles too large, and keeps the others", async () => {
    const { modules, problems } = await bundle({
      "node_modules/left/index.js": `module.exports = "${"x".repeat(100_000)}"`, "node_modules/a-small/index.js": "module.exports = 1", "node_modules/z-small/index.js": "module.exports = 1",
      "package.json": '{"dependencies":{"left":"1","a-small":"1","z-small":"1"}}',
    }, { bundleBytes: 50_000 })
    expect(problems).toEqual([{ name: "left", problem: "with it, the bundles of the app would be larger than 50000 bytes (required by `pads`)" }])
    expect(Object.keys(modules)).toEqual(expect.arrayContaining(["a-small", "z-small"]))
  })
})
