// Which change events a user gets, and what is in them (specification 10, `watch`).
import { getField, isDocument, reduceDescription, setField, splitPath, type Document, type Value } from "../../kernel/index.ts"
import type { BoundRules } from "./bound.ts"
import { isVisibleUnseen } from "./push-down.ts"
import { decideRead, type ReadDecision } from "./read.ts"
import { isPathReadable } from "./readable-path.ts"

/** The parts of a change event that rules look at. */
export interface RuledEvent {
  readonly operationType: string
  readonly documentKey: Document
  readonly fullDocument?: Document
  readonly fullDocumentBeforeChange?: Document
  readonly updateDescription?: Document
}

/** The event as a user may see it, or null: it is not sent. */
export interface EventDecision<Event> { readonly event: Event | null; readonly read: ReadDecision | undefined }

/** Decides whether a change is shown to a user and cuts what he may not read. Throws `CallsWanted`. */
export function decideEvent<Event extends RuledEvent>(rules: BoundRules, event: Event): EventDecision<Event> {
  // SECURITY: what the document was before is for the decision only; it is never sent.
  const { fullDocumentBeforeChange, ...sent } = event
  if (event.operationType === "delete") {
    const read = fullDocumentBeforeChange === undefined ? undefined : decideRead(rules, fullDocumentBeforeChange)
    const visible = read === undefined ? isVisibleUnseen(rules) : read.outcome === "granted"
    const readable = read === undefined ? isId : readableIn(read, fullDocumentBeforeChange as Document)
    return { event: visible ? ({ ...sent, documentKey: cutKey(event.documentKey, readable) } as unknown as Event) : null, read }
  }
  const { fullDocument, updateDescription } = event
  // Gone again before it could be read: as good as hidden.
  if (fullDocument === undefined) return { event: null, read: undefined }
  const read = decideRead(rules, fullDocument)
  if (read.outcome === "hidden") return { event: null, read }
  const readable = readableIn(read, fullDocument)
  const shown = { ...sent, documentKey: cutKey(event.documentKey, readable), fullDocument: read.document }
  if (updateDescription === undefined || read.whole) return { event: shown as unknown as Event, read }
  const description = cutDescription(updateDescription, readable, (path) => isShown(read.document, fullDocument, splitPath(path)))
  return { event: description === undefined ? null : ({ ...shown, updateDescription: description } as unknown as Event), read }
}

/** Whether a dotted path may be named. */
type Readable = (path: string) => boolean

function readableIn(read: ReadDecision, document: Document): Readable {
  return (path) => isPathReadable(read, document, splitPath(path))
}

function isId(path: string): boolean {
  return path === "_id"
}

/**
 * Whether something stands at a path of what is shown of a document. Where a list hides elements, the others cannot be told by their places.
 * INVARIANT: what is shown of a list is a list, and of a document a document.
 */
function isShown(shown: Value, whole: Value, [segment, ...rest]: readonly string[]): boolean {
  if (segment === undefined) return shown !== undefined
  if (Array.isArray(shown)) return shown.length === (whole as readonly Value[]).length && isShown((shown as readonly Value[])[Number(segment)], (whole as readonly Value[])[Number(segment)], rest)
  return isDocument(shown) && isShown(getField(shown, segment), getField(whole as Document, segment), rest)
}

/** The `_id`, and of a sharded collection's key only what is readable. */
function cutKey(key: Document, readable: Readable): Document {
  const cut: Document = {}
  for (const field of Object.keys(key)) if (readable(field)) setField(cut, field, key[field])
  return cut
}

/**
 * Names and values of unreadable paths leave. Undefined when nothing is left of a description that held something, and nothing of what it
 * set is shown in part either, as a list that got an element is, of which some fields are readable.
 */
function cutDescription(description: Document, readable: Readable, shownInPart: Readable): Document | undefined {
  const { description: cut, isEmptied } = reduceDescription(description, (path, value) => (readable(path) ? { value } : undefined))
  const { updatedFields } = description
  return isEmptied && !(isDocument(updatedFields) && Object.keys(updatedFields).some(shownInPart)) ? undefined : cut
}
