// Packages that were uploaded as an archive of `node_modules`: read into memory, checked, written to a folder of our own.
// SOURCE: specification of functions, 6.3.
//
// SECURITY: an archive is hostile input. Nothing but plain files is written, below a folder in which there are no links; a path
// that leads elsewhere, too many entries, or too many bytes after decompression refuse the archive as a whole.
import { createReadStream } from "node:fs"
import { mkdir, readFile, stat, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { createGunzip } from "node:zlib"
import { Parser, type ReadEntry } from "tar"
import { fromBuffer, type Entry, type ZipFile } from "yauzl"

export interface ArchiveLimits {
  /** The archive itself. SOURCE: 15 MB in App Services. */
  readonly archiveBytes: number
  readonly unpackedBytes: number
  readonly entries: number
}

/** Why an archive is not used; the message is for the operator. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError"
}

interface ArchivedFile { readonly path: string; readonly bytes: Buffer }

/** Unpacks an archive so that its packages lie in `node_modules` below a folder. Rejects with an {@link ArchiveError}. */
export async function unpackPackages(archive: string, folder: string, limits: ArchiveLimits): Promise<void> {
  const { size } = await stat(archive)
  if (size > limits.archiveBytes) throw new ArchiveError(`it is larger than ${limits.archiveBytes} bytes`)
  const reading = new Reading(limits)
  try {
    await (archive.endsWith(".zip") ? readZip(await readFile(archive), reading) : readTar(archive, reading))
  } catch (error) {
    throw error instanceof ArchiveError ? error : new ArchiveError("it cannot be read", { cause: error })
  }
  const top = packagesBelow(reading.files)
  const made = new Set<string>()
  for (const { path, bytes } of reading.files) {
    if (!path.startsWith(top)) continue
    const target = join(folder, "node_modules", path.slice(top.length))
    const parent = dirname(target)
    if (!made.has(parent)) await mkdir(parent, { recursive: true })
    made.add(parent)
    await writeFile(target, bytes)
  }
}

/** The folder in the archive that holds the packages: `node_modules/`, one folder further down, or the archive's own top. */
function packagesBelow(files: readonly ArchivedFile[]): string {
  const found = files.find(({ path }) => /^(?:[^/]+\/)?node_modules\//.test(path) && !files.some((each) => each.path === `${path.split("/", 1)[0]}/package.json`))
  return found === undefined ? "" : (/^(?:[^/]+\/)??node_modules\//.exec(found.path)?.[0] ?? "")
}

/** What has been read so far, and how much of it there may be. */
class Reading {
  readonly #limits: ArchiveLimits
  readonly files: ArchivedFile[] = []
  #entries = 0
  #bytes = 0

  constructor(limits: ArchiveLimits) {
    this.#limits = limits
  }

  countEntry(): void {
    if (++this.#entries > this.#limits.entries) throw new ArchiveError(`it has more than ${this.#limits.entries} entries`)
  }

  countBytes(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#limits.unpackedBytes) throw new ArchiveError(`it unpacks to more than ${this.#limits.unpackedBytes} bytes`)
  }
}

/** A path as it is used, or undefined for what is left out: entries that tools of macOS add. */
function checkPath(given: string): string | undefined {
  const path = given.replace(/^(?:\.\/)+/, "")
  const names = path.split("/")
  if (path.length > 1000 || names.some((name) => name === "" || name === "." || name === ".." || /[\\:\0]/.test(name))) throw new ArchiveError("it holds a path that leads out of it, or that no package has")
  return names[0] === "__MACOSX" || names.some((name) => name.startsWith("._")) ? undefined : path
}

/** Links are left out (`node_modules/.bin` is made of them); no package is found through one. */
async function readTar(archive: string, reading: Reading): Promise<void> {
  let problem: unknown
  const parser = new Parser({
    strict: true, gzip: false,
    onReadEntry: (entry: ReadEntry) => {
      try {
        reading.countEntry()
        const path = entry.type === "File" || entry.type === "OldFile" ? checkPath(entry.path) : undefined
        const chunks: Buffer[] = []
        entry.on("data", (chunk) => path !== undefined && chunks.push(chunk))
        entry.on("end", () => path !== undefined && reading.files.push({ path, bytes: Buffer.concat(chunks) }))
      } catch (error) {
        problem ??= error
        entry.resume()
      }
    },
  })
  parser.on("error", (error: unknown) => (problem ??= error))
  const ended = new Promise<void>((resolve) => parser.on("end", resolve).on("error", () => resolve()))
  const file = createReadStream(archive)
  const source = archive.endsWith(".tar") ? file : file.on("error", (error) => source.destroy(error)).pipe(createGunzip())
  for await (const chunk of source as AsyncIterable<Buffer>) {
    // Counted before they are looked at: what comes out of decompression is what a bomb is made of.
    reading.countBytes(chunk.length)
    parser.write(chunk)
    if (problem !== undefined) break
  }
  if (problem === undefined) parser.end()
  if (problem === undefined) await ended
  file.destroy()
  if (problem !== undefined) throw problem
}

async function readZip(bytes: Buffer, reading: Reading): Promise<void> {
  const zip = await new Promise<ZipFile>((resolve, reject) => fromBuffer(bytes, { lazyEntries: true, strictFileNames: true }, (error, file) => (error === null ? resolve(file) : reject(error))))
  for await (const entry of entriesOf(zip)) {
    reading.countEntry()
    reading.countBytes(entry.uncompressedSize)
    const kind = (entry.externalFileAttributes >>> 16) & 0o170000
    if (entry.fileName.endsWith("/") || (kind !== 0 && kind !== 0o100000)) continue
    const path = checkPath(entry.fileName)
    if (path !== undefined) reading.files.push({ path, bytes: await readZipEntry(zip, entry) })
  }
}

async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  for (let left = zip.entryCount; left > 0; left--) {
    yield await new Promise<Entry>((resolve, reject) => {
      zip.once("entry", resolve).once("error", reject)
      zip.readEntry()
    })
    zip.removeAllListeners("error")
  }
}

/** yauzl ends a stream that gives more bytes than its entry says. */
async function readZipEntry(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const stream = await new Promise<AsyncIterable<Buffer>>((resolve, reject) => zip.openReadStream(entry, (error, opened) => (error === null ? resolve(opened) : reject(error))))
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}
