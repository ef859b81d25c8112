// The app directory as text: one walk over the disk, after which nothing here touches it again.
import { readdir, readFile, stat } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import type { Report } from "./findings.ts"

/** All files of an app that matter, by path relative to its root, with `/` as separator. A byte-order mark is gone. */
export interface AppTree {
  readonly directory: string
  readonly files: ReadonlyMap<string, string>
}

/** Root files, newest first: the first that exists decides the layout (specification of the app directory, 2.2). */
export const rootFiles = ["root_config.json", "realm_config.json", "config.json", "stitch.json"] as const
export type RootFile = (typeof rootFiles)[number]

/** SOURCE: app directory, 2.2: `config.json` is a root file only with `config_version`, the name is used at many depths. */
export function isRootFile(name: RootFile, content: string | undefined): boolean {
  return content !== undefined && (name !== "config.json" || content.includes('"config_version"'))
}

const levels = 8
const largestFile = 16 * 1024 * 1024
const filesAtOnce = 64
const skippedDirectories = new Set(["node_modules", ".git", ".github"])

/** The nearest directory, upwards, that holds a root file. */
export async function findRoot(from: string): Promise<string | undefined> {
  let directory = resolve(from)
  for (let level = 0; level < levels; level++) {
    for (const name of rootFiles) {
      if (isRootFile(name, await readIfFile(join(directory, name)))) return directory
    }
    const parent = dirname(directory)
    if (parent === directory) return undefined
    directory = parent
  }
  return undefined
}

async function readIfFile(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() === true && found.size <= largestFile ? await readFile(path, "utf8").catch(() => "") : undefined
}

/** Reads the JSON, JavaScript and archive names below a root. What cannot be read is a finding. */
export async function readTree(directory: string, report: Report): Promise<AppTree> {
  const files = new Map<string, string>()
  await readFolder(directory, "", files, report)
  return { directory, files: new Map([...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) }
}

async function readFolder(root: string, folder: string, files: Map<string, string>, report: Report): Promise<void> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => undefined)
  if (entries === undefined) {
    report.warning("unreadable-file", { file: folder, pointer: "" }, "the directory cannot be read")
    return
  }
  const pathOf = (name: string): string => (folder === "" ? name : `${folder}/${name}`)
  const paths = entries.filter((entry) => entry.isFile() || entry.isSymbolicLink()).map(({ name }) => pathOf(name))
  // In batches: a directory of thousands of sources must not run out of file handles.
  for (let start = 0; start < paths.length; start += filesAtOnce) {
    await Promise.all(paths.slice(start, start + filesAtOnce).map((path) => readEntry(root, path, files, report)))
  }
  for (const entry of entries) {
    if (entry.isDirectory() && isRead(pathOf(entry.name))) await readFolder(root, pathOf(entry.name), files, report)
  }
}

function isRead(folder: string): boolean {
  const name = folder.slice(folder.lastIndexOf("/") + 1)
  return !skippedDirectories.has(name) && (name === ".mdb" || !name.startsWith(".")) && folder !== "hosting/files"
}

/** Archives of packages are not text; they are listed with no content. */
export const archive = /^functions\/node_modules\.(?:zip|tar|tar\.gz|tgz)$/
const text = /\.(?:json|js|ts)$/

async function readEntry(root: string, path: string, files: Map<string, string>, report: Report): Promise<void> {
  const at = { file: path, pointer: "" }
  if (archive.test(path)) files.set(path, "")
  if (!text.test(path) || path.slice(path.lastIndexOf("/") + 1).startsWith(".")) return
  const found = await stat(join(root, path)).catch(() => undefined)
  if (found?.isDirectory() === true) return report.warning("skipped-link", at, "a symbolic link to a directory is not followed")
  if (found === undefined || found.size > largestFile) return report.error("unreadable-file", at, found === undefined ? "the file cannot be read" : `the file is larger than ${largestFile} bytes`)
  const bytes = await readFile(join(root, path)).catch(() => undefined)
  if (bytes === undefined) return report.error("unreadable-file", at, "the file cannot be read")
  const content = bytes.toString("utf8")
  if (content.includes("\uFFFD") && !Buffer.from(content, "utf8").equals(bytes)) report.warning("unreadable-file", at, "the file is not UTF-8; what cannot be read is replaced")
  files.set(path, content.startsWith("\uFEFF") ? content.slice(1) : content)
}

/** The names directly below a folder, files and folders alike, each once. */
export function namesBelow(tree: AppTree, folder: string): readonly string[] {
  const names = new Set<string>()
  const prefix = `${folder}/`
  for (const path of tree.files.keys()) {
    if (path.startsWith(prefix)) names.add(path.slice(prefix.length).split("/", 1)[0] as string)
  }
  return [...names]
}

/** The folders directly below a folder. */
export function foldersBelow(tree: AppTree, folder: string): readonly string[] {
  return namesBelow(tree, folder).filter((name) => !tree.files.has(`${folder}/${name}`))
}
