// `backstitch data dump|restore|copy`
import { createReadStream, createWriteStream, existsSync } from "node:fs"
import { mkdtemp, open, rename, rm, type FileHandle } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { Command, Option } from "commander"
import { ConfigError, copyData, dumpData, inspectDump, openStore, restoreData, type DataLocation, type OpenedStore, type Progress, type Selection } from "../server/index.ts"
import { complain } from "./output.ts"

interface Place { readonly data?: string; readonly mongodb?: string }
interface Which extends Selection { readonly merge?: boolean }

/** The commands over data. */
export function dataCommand(): Command {
  const command = new Command("data").description("move documents and indexes between files, the embedded store and MongoDB")
  const withPlace = (each: Command): Command => each
    .addOption(new Option("--data <file>", "file of the embedded store; the server must not be running").conflicts("mongodb"))
    .addOption(new Option("--mongodb <uri>", "a MongoDB").env("BACKSTITCH_MONGODB_URI"))
  const withSelection = (each: Command): Command => each
    .option("--database <name>", "this database only")
    .option("--collection <name>", "collections of this name only")
    .option("--state", "the server's own users, sessions and keys too (passwords as hashes, signing keys as they are)")
  const merge = new Option("--merge", "write into collections that hold documents; documents whose _id is there stay as they are")
  withSelection(withPlace(command.command("dump").description("write documents and indexes as lines of canonical Extended JSON").argument("<target>", "a file, or - for standard output")))
    .option("--overwrite", "replace the file if there is one")
    .action(dump)
  withSelection(withPlace(command.command("restore").description("read what `data dump` wrote").argument("<source>", "a file, or - for standard input")))
    .addOption(merge)
    .action(restore)
  withSelection(command.command("copy").description("copy from one store into another"))
    .requiredOption("--from <place>", "a MongoDB URI or the file of an embedded store")
    .requiredOption("--to <place>", "a MongoDB URI or the file of an embedded store")
    .addOption(merge)
    .action(copy)
  return command
}

async function dump(target: string, options: Place & Which & { readonly overwrite?: boolean }): Promise<void> {
  if (target !== "-" && options.overwrite !== true && existsSync(target)) throw new ConfigError("option-invalid", `Cannot dump to \`${target}\`: the file is there already; --overwrite replaces it`)
  await using(locationOf(options), { mustExist: true }, async (from) => {
    const progress = reporter("read")
    const { documents, indexes } = await (target === "-"
      ? dumpData(from, { ...options, progress }, toStandardOutput)
      : toFile(target, (write) => dumpData(from, { ...options, progress }, write)))
    complain(`dumped ${documents} documents and ${indexes} indexes`)
  })
}

async function restore(source: string, options: Place & Which): Promise<void> {
  const location = locationOf(options)
  await withFile(source, async (file) => {
    const inspected = await inspectDump(() => createReadStream(file), options)
    await using(location, { mustExist: false }, async (to) => {
      const { written, kept, indexes } = await restoreData(to, inspected, { ...(options.merge === true ? { merge: true } : {}), progress: reporter("written") })
      complain(`restored ${written} documents and ${indexes} indexes; ${kept} documents were there already`)
    })
  })
}

async function copy(options: Which & { readonly from: string; readonly to: string }): Promise<void> {
  await using(placeOf(options.from), { mustExist: true }, (from) => using(placeOf(options.to), { mustExist: false }, async (to) => {
    const { written, kept, indexes } = await copyData(from, to, { ...options, progress: reporter("written") })
    complain(`copied ${written} documents and ${indexes} indexes; ${kept} documents were there already`)
  }))
}

function locationOf({ data, mongodb }: Place): DataLocation {
  if (data !== undefined) return { file: data }
  if (mongodb !== undefined) return { mongodb }
  throw new ConfigError("option-invalid", "Cannot tell which data is meant: give --data <file> or --mongodb <uri>")
}

function placeOf(text: string): DataLocation {
  return /^mongodb(\+srv)?:\/\//.test(text) ? { mongodb: text } : { file: text }
}

/** Opens a store for as long as work takes. A transaction of hours is meant here, not forgotten. */
async function using(location: DataLocation, { mustExist }: { readonly mustExist: boolean }, work: (store: OpenedStore) => Promise<void>): Promise<void> {
  if (mustExist && "file" in location && !existsSync(location.file)) throw new ConfigError("data-unusable", `Cannot read \`${location.file}\`: there is no such file`)
  const opened = await openStore(location, { transactionSeconds: Infinity, idleSeconds: Infinity })
  try {
    await work(opened)
  } finally {
    await opened.store.close()
  }
}

/** INVARIANT: a file of the wanted name is whole: it is written beside it, flushed, and renamed. SECURITY: readable by its owner alone. */
async function toFile<Result>(target: string, work: (write: (line: string) => Promise<void>) => Promise<Result>): Promise<Result> {
  const partial = `${target}.partial`
  const handle = await open(partial, "w", 0o600).catch((cause: unknown) => {
    throw new ConfigError("option-invalid", `Cannot dump to \`${target}\`: the file cannot be made`, { cause })
  })
  try {
    const result = await inChunks(handle, work)
    await handle.sync()
    await handle.close()
    await rename(partial, target)
    return result
  } catch (error) {
    await handle.close().catch(() => undefined)
    await rm(partial, { force: true })
    throw error
  }
}

async function inChunks<Result>(handle: FileHandle, work: (write: (line: string) => Promise<void>) => Promise<Result>): Promise<Result> {
  let lines: string[] = []
  let length = 0
  const flush = async (): Promise<void> => {
    if (lines.length > 0) await handle.writeFile(`${lines.join("\n")}\n`)
    lines = []
    length = 0
  }
  const result = await work(async (line) => {
    lines.push(line)
    length += line.length
    if (length > 256 * 1024) await flush()
  })
  await flush()
  return result
}

async function toStandardOutput(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await new Promise<void>((done) => process.stdout.once("drain", () => done()))
}

/** Standard input can be read once and a dump is read twice, so it is put into a file first. */
async function withFile(source: string, work: (file: string) => Promise<void>): Promise<void> {
  if (source !== "-") {
    if (!existsSync(source)) throw new ConfigError("option-invalid", `Cannot read \`${source}\`: there is no such file`)
    return work(source)
  }
  const folder = await mkdtemp(join(tmpdir(), "backstitch-restore-"))
  try {
    const file = join(folder, "dump.ndjson")
    await pipeline(process.stdin, createWriteStream(file, { mode: 0o600 }))
    await work(file)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Tells of each collection when it is done, and every few seconds before. */
function reporter(verb: string): Progress {
  let last = Date.now()
  return (event) => {
    const name = `${event.namespace.database}.${event.namespace.collection}`
    if (event.kind === "left-out") return complain(`${name}: left out ${event.what}`)
    if (!event.finished && Date.now() - last < 3000) return
    last = Date.now()
    complain(`${name}: ${event.done} documents ${verb}${event.finished ? "" : " so far"}`)
  }
}
