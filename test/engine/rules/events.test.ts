// Which change events are sent, and what is left in them (specification of rules, 10, `watch`).
import { describe, expect, test } from "vitest"
import { decideEvent } from "../../../engine/index.ts"
import type { Document, Value } from "../../../kernel/index.ts"
import { bound } from "./bind-roles.ts"

interface Event { readonly operationType: string; readonly documentKey: Document; readonly fullDocument?: Document; readonly fullDocumentBeforeChange?: Document; readonly updateDescription?: Document }

const sent = (role: object, event: Event): Event | null => decideEvent(bound([role]), event).event
const titles = { fields: { _id: { read: true }, title: { read: true }, address: { fields: { city: { read: true } } } } }
const stored: Document = { _id: 1, title: "a", secret: 5, address: { city: "Oslo", zip: "1" } }
const update = (updateDescription: Document, fullDocument: Document = stored): Event => ({ operationType: "update", documentKey: { _id: 1 }, fullDocument, updateDescription })

describe("an update", () => {
  test.each<[string, Document, Document | null]>([
    ["of readable and hidden fields", { updatedFields: { title: "a", secret: 5 }, removedFields: [] }, { updatedFields: { title: "a" }, removedFields: [] }],
    ["of hidden fields alone", { updatedFields: { secret: 5, "address.zip": "1" }, removedFields: [] }, null],
    ["of a readable part of a field", { updatedFields: { "address.city": "Oslo", "address.zip": "1" }, removedFields: [] }, { updatedFields: { "address.city": "Oslo" }, removedFields: [] }],
    ["of a field that is readable in part", { updatedFields: { address: { city: "Oslo", zip: "1" } }, removedFields: [] }, { updatedFields: {}, removedFields: [] }],
    ["of such a field and of a readable one", { updatedFields: { address: { city: "Oslo", zip: "1" }, title: "a" }, removedFields: [] }, { updatedFields: { title: "a" }, removedFields: [] }],
    ["that removes such a field", { updatedFields: {}, removedFields: ["address"] }, null],
    ["that removes a readable and a hidden field", { updatedFields: {}, removedFields: ["title", "secret"] }, { updatedFields: {}, removedFields: ["title"] }],
    ["that removes hidden fields alone", { updatedFields: {}, removedFields: ["secret", "other"] }, null],
    ["that removes one and sets a hidden one", { updatedFields: { secret: 5 }, removedFields: ["title"] }, { updatedFields: {}, removedFields: ["title"] }],
    ["that sets one and removes a hidden one", { updatedFields: { title: "a" }, removedFields: ["secret"] }, { updatedFields: { title: "a" }, removedFields: [] }],
    ["that sets one and removes another", { updatedFields: { title: "a" }, removedFields: ["title"] }, { updatedFields: { title: "a" }, removedFields: ["title"] }],
    ["that cuts lists short", { updatedFields: {}, removedFields: [], truncatedArrays: [{ field: "title", newSize: 1 }, { field: "secret", newSize: 2 }] }, { updatedFields: {}, removedFields: [], truncatedArrays: [{ field: "title", newSize: 1 }] }],
    ["that cuts a hidden list short", { updatedFields: {}, removedFields: [], truncatedArrays: [{ field: "secret", newSize: 2 }] }, null],
    ["with a list of what names no path", { updatedFields: { title: "a" }, removedFields: [], counted: [5, { field: 1 }, null] }, { updatedFields: { title: "a" }, removedFields: [], counted: [] }],
    ["of a field with no name inside a readable one", { updatedFields: { "title.": "a" }, removedFields: [] }, { updatedFields: { "title.": "a" }, removedFields: [] }],
    ["of a hidden part whose name is empty, on the way to a readable one", { updatedFields: { "address..city": "Oslo" }, removedFields: [] }, null],
    ["that says of hidden fields alone that they went", { removedFields: ["secret"] }, null],
    ["that says nothing", { updatedFields: {}, removedFields: [] }, { updatedFields: {}, removedFields: [] }],
    ["with what names paths in another way", { updatedFields: { title: "a" }, removedFields: [], disambiguatedPaths: { "secret.0": ["secret", "0"] } }, { updatedFields: { title: "a" }, removedFields: [] }],
  ])("%s", (_name, description, left) => {
    const event = sent(titles, update(description))
    expect(event).toEqual(left === null ? null : { operationType: "update", documentKey: { _id: 1 }, fullDocument: { _id: 1, title: "a", address: { city: "Oslo" } }, updateDescription: left })
  })

  test.each<[string, string, Value, boolean]>([
    ["an element of which a field is readable", "list.1", [{ k: 1, s: 1 }, { k: 2, s: 2 }], true], ["a whole list of them", "list", [{ k: 1, s: 1 }], true], ["a hidden field of an element", "list.1.s", [{ k: 1, s: 1 }, { k: 2, s: 2 }], false], ["an element of which nothing is readable", "list.1", [{ k: 1 }, { s: 2 }], false],
    ["an element beside a hidden one", "list.1", [{ s: 1 }, { k: 2, s: 2 }], false], ["an element behind a hidden one, where another has its place", "list.1", [{ s: 1 }, { k: 2, s: 2 }, { k: 3 }], false], ["an element there is no more", "list.2", [{ k: 1 }], false], ["a field of what is no document", "list.x.y", 5, false], ["a field that lists inherit", "list.map", [{ k: 1 }], false], ["a list in a list", "list.0.1", [[{ k: 1 }, { k: 2, s: 2 }]], true], ["what is hidden now", "list", 5, false],
  ])("that sets %s", (_name, path, list, isSent) => {
    const event = sent({ fields: { title: { read: true }, list: { fields: { k: { read: true } } } } }, update({ updatedFields: { [path]: 1 }, removedFields: [] }, { _id: 1, title: "a", list }))
    expect(event?.updateDescription).toEqual(isSent ? { updatedFields: {}, removedFields: [] } : undefined)
  })

  test("of a document that is readable whole says all it said", () => {
    const description = { updatedFields: { secret: 5 }, removedFields: ["x"], disambiguatedPaths: { "a.0": ["a", "0"] } }
    expect(sent({ read: true }, update(description))).toEqual(update(description))
  })

  test("of a document that is hidden now, or gone, is not sent", () => {
    expect(sent({ ...titles, apply_when: { title: "b" } }, update({ updatedFields: { title: "a" }, removedFields: [] }))).toBeNull()
    expect(sent({ read: false }, { operationType: "insert", documentKey: { _id: 1 }, fullDocument: stored })).toBeNull()
    expect(sent({ read: true }, { operationType: "update", documentKey: { _id: 1 }, updateDescription: { updatedFields: { a: 1 }, removedFields: [] } })).toBeNull()
  })

  test("says nothing of the document before", () => {
    expect(sent({ read: true }, { operationType: "replace", documentKey: { _id: 1 }, fullDocument: stored, fullDocumentBeforeChange: { _id: 1, title: "before" } })).toEqual({ operationType: "replace", documentKey: { _id: 1 }, fullDocument: stored })
  })
})

describe("a deletion", () => {
  const gone = (more: Partial<Event> = {}): Event => ({ operationType: "delete", documentKey: { _id: 1, region: "eu" }, ...more })
  const before = { _id: 1, region: "eu", title: "a" }

  test("is judged on the document before, where there is one", () => {
    expect(sent({ apply_when: { title: "a" }, read: true }, gone({ fullDocumentBeforeChange: before }))).toEqual(gone())
    expect(sent({ apply_when: { title: "b" }, read: true }, gone({ fullDocumentBeforeChange: before }))).toBeNull()
  })

  test.each<[string, object, boolean]>([
    ["reads everything", { read: true }, true],
    ["writes everything", { write: true }, true],
    ["reads everything, whatever it writes", { read: true, write: { title: "a" } }, true],
    ["belongs to the user alone", { apply_when: { "%%user.id": "u1" }, read: true }, true],
    ["belongs to another user", { apply_when: { "%%user.id": "u2" }, read: true }, false],
    ["hangs on the document", { apply_when: { title: "a" }, read: true }, false],
    ["reads by the document", { read: { title: "a" } }, false],
    ["reads by two fields of it", { read: { title: "%%root.name" } }, false],
    ["has a gate over the document", { document_filters: { read: { title: "a" }, write: false }, read: true }, false],
    ["has an open gate", { document_filters: { read: true, write: false }, read: true }, true],
    ["reads some fields", titles, false],
    ["reads nothing", { read: false }, false],
  ])("without one is sent only where the role needs none: a role that %s", (_name, role, isSent) => {
    expect(sent(role, gone())).toEqual(isSent ? { operationType: "delete", documentKey: { _id: 1 } } : null)
  })
})

describe("the key of a sharded collection", () => {
  const key = { _id: 1, region: "eu" }
  const inserted: Event = { operationType: "insert", documentKey: key, fullDocument: { _id: 1, region: "eu", title: "a" } }

  test("is cut to what is readable, and the `_id`", () => {
    expect(sent({ read: true }, inserted)?.documentKey).toEqual(key)
    expect(sent({ fields: { title: { read: true } } }, inserted)?.documentKey).toEqual({ _id: 1 })
    expect(sent({ fields: { region: { read: true } } }, inserted)?.documentKey).toEqual(key)
  })

  test("also of a deleted document", () => {
    const deleted: Event = { operationType: "delete", documentKey: key, fullDocumentBeforeChange: { _id: 1, region: "eu", title: "a" } }
    expect(sent({ read: true }, deleted)?.documentKey).toEqual(key)
    expect(sent({ fields: { title: { read: true } } }, deleted)?.documentKey).toEqual({ _id: 1 })
  })
})
