// Documents on the command line: Extended JSON, the shell's syntax, or a file of either.
import { readFile } from "node:fs/promises"
import shellParser from "ejson-shell-parser"
import { isDocument, normalise, parseEjson, type Document } from "../kernel/index.ts"
import { ConfigError } from "../server/index.ts"

/** Reads a document written as Extended JSON or in the shell's syntax: `{ _id: ObjectId("…") }`. SECURITY: nothing in the text is run, and no message quotes it. */
export function readDocument(option: string, text: string): Document {
  const value = fromJson(text) ?? fromShell(text)
  if (value === undefined || !isDocument(value)) throw new ConfigError("option-invalid", `Cannot read \`${option}\`: it is no document in Extended JSON or the shell's syntax`)
  return value
}

/** Reads a list of documents, in either spelling. SECURITY: as {@link readDocument}. */
export function readDocuments(option: string, text: string): Document[] {
  const value = fromJson(text) ?? fromShell(text)
  if (!Array.isArray(value) || !(value as unknown[]).every((each) => isDocument(each as Document))) throw new ConfigError("option-invalid", `Cannot read \`${option}\`: it is no list of documents in Extended JSON or the shell's syntax`)
  return value as Document[]
}

/** As {@link readDocument}; a text that does not begin with `{` is the name of a file. */
export async function readDocumentOrFile(option: string, text: string): Promise<Document> {
  if (text.trimStart().startsWith("{")) return readDocument(option, text)
  const content = await readFile(text, "utf8").catch((cause: unknown) => {
    throw new ConfigError("option-invalid", `Cannot read \`${option}\`: there is no file \`${text}\`, and it is no document`, { cause })
  })
  return readDocument(option, content)
}

function fromJson(text: string): unknown {
  try {
    return parseEjson(text)
  } catch {
    // Not Extended JSON; the shell's syntax is tried next.
    return undefined
  }
}

function fromShell(text: string): unknown {
  try {
    const value: unknown = shellParser.default(text)
    return value === "" ? undefined : normalise(value)
  } catch {
    // SECURITY: no cause, the parser's message quotes the text. Whoever asked says what cannot be read.
    return undefined
  }
}
