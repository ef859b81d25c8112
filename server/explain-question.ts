// Reads a question to `explain` that came as one document: from the command line or over HTTP.
import { childPointer, getField, isDocument, type Document, type JsonPointer, type Value } from "../kernel/index.ts"
import type { ExplainQuestion, RequestQuestion } from "./data/index.ts"

/** What can be asked: of one document, or of a request as a whole. */
export type Question = ExplainQuestion | RequestQuestion

/** A question that cannot be asked. SECURITY: the message quotes no value. */
export class QuestionFault extends Error {
  readonly pointer: JsonPointer

  constructor(pointer: JsonPointer, found: string) {
    super(found)
    this.pointer = pointer
  }
}

type Key = keyof typeof readers
interface Shape { readonly required: readonly Key[]; readonly optional: readonly Key[]; /** Exactly one of them. */ readonly either?: readonly Key[] }

const readers = {
  document: documentAt, filter: documentAt, update: documentAt, sort: documentAt, projection: documentAt,
  pipeline: documentsAt, arrayFilters: documentsAt, field: textAt, limit: wholeAt, skip: wholeAt, upsert: flagAt,
} satisfies Record<string, (value: Value, pointer: JsonPointer) => unknown>

const ofOne: Shape = { required: [], optional: [], either: ["document", "filter"] }
const ofDelete: Shape = { required: [], optional: ["filter"] }
const ofUpdate: Shape = { required: ["update"], optional: ["filter", "arrayFilters"] }
const shapes: Readonly<Record<Question["operation"], Shape>> = {
  read: ofOne, delete: ofOne,
  insert: { required: ["document"], optional: [] },
  update: { ...ofOne, required: ["update"], optional: ["arrayFilters", "upsert"] },
  find: { required: [], optional: ["filter", "sort", "skip", "limit", "projection"] },
  count: { required: [], optional: ["filter"] },
  distinct: { required: ["field"], optional: ["filter"] },
  aggregate: { required: ["pipeline"], optional: [] },
  updateOne: ofUpdate, updateMany: ofUpdate, deleteOne: ofDelete, deleteMany: ofDelete,
}

/** Every operation that can be asked about. */
export const questionOperations = Object.keys(shapes) as readonly Question["operation"][]

/** Every key of a question besides `operation`. */
export const questionKeys = Object.keys(readers) as readonly Key[]

/** Reads a question. Throws {@link QuestionFault}. */
export function readQuestion(raw: Document): Question {
  const operation = questionOperations.find((each) => each === getField(raw, "operation"))
  if (operation === undefined) throw new QuestionFault("/operation", `it is not one of ${questionOperations.join(", ")}`)
  const { required, optional, either = [] } = shapes[operation]
  const given = questionKeys.filter((key) => Object.hasOwn(raw, key))
  const stray = given.find((key) => ![...required, ...optional, ...either].includes(key))
  if (stray !== undefined) throw new QuestionFault(childPointer("", stray), `it does not go with \`${operation}\``)
  const missing = required.find((key) => !given.includes(key)) ?? (either.length > 0 && !either.some((key) => given.includes(key)) ? either[0] : undefined)
  if (missing !== undefined) throw new QuestionFault(childPointer("", missing), `it is missing; \`${operation}\` needs it`)
  const [first, second] = either.filter((key) => given.includes(key))
  if (first !== undefined && second !== undefined) throw new QuestionFault(childPointer("", second), `it does not go with \`${first}\``)
  const values = Object.fromEntries(given.map((key) => [key, readers[key](raw[key], childPointer("", key))]))
  if (Object.hasOwn(values, "upsert") && Object.hasOwn(values, "document")) throw new QuestionFault("/upsert", "it does not go with `document`")
  return questionOf(operation, values)
}

/** INVARIANT: `values` holds what the operation's shape names, each read. */
function questionOf(operation: Question["operation"], values: Readonly<Record<string, unknown>>): Question {
  const { filter = {}, ...others } = values
  if (operation === "find") return { operation, filter: filter as Document, options: others }
  const hasFilter = !Object.hasOwn(values, "document") && operation !== "insert" && operation !== "aggregate"
  return { operation, ...others, ...(hasFilter ? { filter } : {}) } as Question
}

function documentAt(value: Value, pointer: JsonPointer): Document {
  if (!isDocument(value)) throw new QuestionFault(pointer, "it is not a document")
  return value
}

function documentsAt(value: Value, pointer: JsonPointer): readonly Document[] {
  if (!Array.isArray(value)) throw new QuestionFault(pointer, "it is not a list of documents")
  return (value as readonly Value[]).map((item, index) => documentAt(item, childPointer(pointer, index)))
}

function textAt(value: Value, pointer: JsonPointer): string {
  if (typeof value !== "string" || value === "") throw new QuestionFault(pointer, "it is not a text")
  return value
}

function wholeAt(value: Value, pointer: JsonPointer): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw new QuestionFault(pointer, "it is not a whole number from 0")
  return value
}

function flagAt(value: Value, pointer: JsonPointer): boolean {
  if (typeof value !== "boolean") throw new QuestionFault(pointer, "it is not true or false")
  return value
}

const userKeys = new Set(["id", "type", "data", "custom_data", "identities"])

/** Reads a user as `explain` takes one: `{ id, type, data, custom_data, identities }`, all but `id` optional. Throws {@link QuestionFault}. */
export function readUser(raw: Value, pointer: JsonPointer): Document {
  const user = documentAt(raw, pointer)
  const unknown = Object.keys(user).find((key) => !userKeys.has(key))
  if (unknown !== undefined) throw new QuestionFault(childPointer(pointer, unknown), `a user has ${[...userKeys].join(", ")}`)
  textAt(user["id"], childPointer(pointer, "id"))
  if (Object.hasOwn(user, "type")) textAt(user["type"], childPointer(pointer, "type"))
  for (const key of ["data", "custom_data"]) if (Object.hasOwn(user, key)) documentAt(user[key], childPointer(pointer, key))
  if (Object.hasOwn(user, "identities")) documentsAt(user["identities"], childPointer(pointer, "identities"))
  return { type: "normal", data: {}, custom_data: {}, identities: [], ...user }
}
