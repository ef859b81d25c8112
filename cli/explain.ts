// `backstitch explain <directory>`: why a user may or may not, and what a find asks of the database.
import { toEjson, type Document } from "../kernel/index.ts"
import { ConfigError, explainDirectory, type DataLocation, type ExplainOptions } from "../server/index.ts"
import { accessLines, findLines } from "./explain-text.ts"
import { readDocument, readDocumentOrFile } from "./input.ts"
import { print } from "./output.ts"
import { readSecrets } from "./secrets.ts"

export interface ExplainCommand {
  readonly user: string
  readonly collection: string
  readonly op: "read" | "insert" | "update" | "delete" | "find"
  readonly service?: string
  readonly doc?: string
  readonly after?: string
  readonly query?: string
  readonly sort?: string
  readonly data?: string
  readonly mongodb?: string
  readonly secrets?: string
  readonly json?: boolean
}

/** Prints an explanation. Exit status 0 when the operation is admitted, 1 when it is refused or the input cannot be used. */
export async function explain(directory: string, command: ExplainCommand): Promise<void> {
  const { op, collection, service, secrets, json } = command
  const options: ExplainOptions = {
    directory,
    namespace: readNamespace(collection),
    question: readQuestion(command),
    user: await readUser(command.user),
    secrets: await readSecrets(secrets),
    ...(service === undefined ? {} : { service }),
    ...readLocation(command),
  }
  const { admitted, kind, explanation } = await explainDirectory(options)
  if (!admitted) process.exitCode = 1
  if (json === true) return print(JSON.stringify({ admitted, explanation: explanation === null ? null : toEjson(explanation, { relaxed: true }) }, null, 2))
  for (const line of explanation === null ? [] : kind === "find" ? findLines(collection, explanation) : accessLines(op, collection, explanation)) print(line)
}

/** `database.collection`; the collection's own name may have dots. */
function readNamespace(text: string): ExplainOptions["namespace"] {
  const dot = text.indexOf(".")
  if (dot <= 0 || dot === text.length - 1) throw new ConfigError("option-invalid", "Cannot read `--collection`: it is written database.collection")
  return { database: text.slice(0, dot), collection: text.slice(dot + 1) }
}

const userKeys = new Set(["id", "type", "data", "custom_data", "identities"])

async function readUser(text: string): Promise<Document> {
  const user = await readDocumentOrFile("--user", text)
  const unknown = Object.keys(user).find((key) => !userKeys.has(key))
  if (unknown !== undefined) throw new ConfigError("option-invalid", `Cannot read \`--user\`: it has \`${unknown}\`; a user has ${[...userKeys].join(", ")}`)
  if (typeof user["id"] !== "string") throw new ConfigError("option-invalid", "Cannot read `--user`: its `id` is text")
  return user
}

function readQuestion({ op, doc, after, query, sort }: ExplainCommand): ExplainOptions["question"] {
  if (op === "find") {
    refuse({ "--doc": doc, "--after": after }, op)
    return { operation: "find", filter: readDocument("--query", query ?? "{}"), options: sort === undefined ? {} : { sort: readDocument("--sort", sort) } }
  }
  refuse({ "--query": query, "--sort": sort, ...(op === "update" ? {} : { "--after": after }) }, op)
  if (doc === undefined) throw new ConfigError("option-invalid", `Cannot explain: \`--op ${op}\` needs \`--doc\``)
  const document = readDocument("--doc", doc)
  if (op === "insert") return { operation: op, document }
  if (op !== "update") return { operation: op, document }
  if (after === undefined) throw new ConfigError("option-invalid", "Cannot explain: `--op update` needs `--after`, the document as it shall be or update operators")
  return { operation: op, document, update: readDocument("--after", after) }
}

function refuse(options: Readonly<Record<string, string | undefined>>, op: string): void {
  const given = Object.keys(options).find((name) => options[name] !== undefined)
  if (given !== undefined) throw new ConfigError("option-invalid", `Cannot explain: \`${given}\` does not go with \`--op ${op}\``)
}

function readLocation({ data, mongodb }: ExplainCommand): { readonly data?: DataLocation } {
  if (mongodb !== undefined) return { data: { mongodb } }
  return data === undefined ? {} : { data: { file: data } }
}
