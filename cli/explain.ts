// `backstitch explain <directory>`: why a user may or may not, and what a request asks of the database.
import { toEjson, type Document, type JsonPointer, type Value } from "../kernel/index.ts"
import { ConfigError, explainDirectory, QuestionFault, readExplainUser, readQuestion, type ExplainOptions, type Question } from "../server/index.ts"
import { accessLines, requestLines } from "./explain-text.ts"
import { readDocument, readDocumentOrFile, readDocuments } from "./input.ts"
import { readPlace } from "./location.ts"
import { print } from "./output.ts"
import { readSecrets } from "./secrets.ts"

export interface ExplainCommand {
  readonly user: string
  readonly collection: string
  readonly op: Question["operation"]
  readonly service?: string
  readonly doc?: string
  readonly after?: string
  readonly query?: string
  readonly sort?: string
  readonly skip?: number
  readonly limit?: number
  readonly projection?: string
  readonly field?: string
  readonly pipeline?: string
  readonly arrayFilters?: string
  readonly upsert?: boolean
  readonly data?: string
  readonly mongodb?: string
  readonly settings?: string
  readonly secrets?: string
  readonly json?: boolean
}

/** Prints an explanation. Exit status 0 when the operation is admitted, 1 when it is refused or the input cannot be used. */
export async function explain(directory: string, command: ExplainCommand): Promise<void> {
  const { op, collection, service, secrets, json } = command
  const { settings, location } = await readPlace(command)
  const user = await readDocumentOrFile("--user", command.user)
  const options: ExplainOptions = {
    directory,
    namespace: readNamespace(collection),
    question: readOptions((pointer) => `\`${optionOf(pointer, op)}\``, () => readQuestion(rawQuestion(command))),
    user: readOptions((pointer) => `\`--user\`${pointer === "" ? "" : `, ${pointer}`}`, () => readExplainUser(user, "")),
    secrets: await readSecrets(secrets),
    ...(service === undefined ? {} : { service }),
    settings,
    ...(location === undefined ? {} : { data: location }),
  }
  const { admitted, kind, explanation } = await explainDirectory(options)
  if (!admitted) process.exitCode = 1
  if (json === true) return print(JSON.stringify({ admitted, kind, explanation: explanation === null ? null : toEjson(explanation, { relaxed: true }) }, null, 2))
  if (explanation === null) return print(`${op} of ${collection}: no document matches; nothing to explain`)
  for (const line of kind === "request" ? requestLines(collection, explanation) : accessLines(op, collection, explanation)) print(line)
}

/** `database.collection`; the collection's own name may have dots. */
function readNamespace(text: string): ExplainOptions["namespace"] {
  const dot = text.indexOf(".")
  if (dot <= 0 || dot === text.length - 1) throw new ConfigError("option-invalid", "Cannot read `--collection`: it is written database.collection")
  return { database: text.slice(0, dot), collection: text.slice(dot + 1) }
}

/** The keys of a question and the options they are written with. */
const optionNames: Readonly<Record<string, string>> = {
  operation: "--op", document: "--doc", update: "--after", filter: "--query", sort: "--sort", skip: "--skip", limit: "--limit", projection: "--projection", field: "--field", pipeline: "--pipeline",
  arrayFilters: "--array-filters", upsert: "--upsert",
}

function rawQuestion({ op, doc, after, query, sort, skip, limit, projection, field, pipeline, arrayFilters, upsert }: ExplainCommand): Document {
  const document = (option: string, text: string | undefined): Value => (text === undefined ? undefined : readDocument(option, text))
  const documents = (option: string, text: string | undefined): Value => (text === undefined ? undefined : readDocuments(option, text))
  const raw: Document = {
    operation: op, document: document("--doc", doc), update: document("--after", after), filter: document("--query", query), sort: document("--sort", sort), skip, limit,
    projection: document("--projection", projection), field, pipeline: documents("--pipeline", pipeline), arrayFilters: documents("--array-filters", arrayFilters), upsert,
  }
  return Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== undefined))
}

function optionOf(pointer: JsonPointer, op: string): string {
  const option = optionNames[pointer.split("/")[1] ?? ""]
  return option === undefined ? `--op ${op}` : option
}

/** Reads, and names the option at fault and the place in it. */
function readOptions<Result>(placeAt: (pointer: JsonPointer) => string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (error instanceof QuestionFault) throw new ConfigError("option-invalid", `Cannot use ${placeAt(error.pointer)}: ${error.message}`)
    throw error
  }
}
