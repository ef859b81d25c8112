// Shapes of permissions, and by hand what each lets a user see and do. The matrix derives its expectations from this table alone.
import type { Document } from "../../../kernel/index.ts"

/** Documents by letter: `m`ine and `t`heirs. */
export type Which = "m" | "t"

/**
 * What a shape grants. `sees`: the fields of mine and of theirs that are shown, by letter: _`i`d, `o`wner_id, `t`itle, `n`,
 * address.`c`ity, address.`z`ip; empty: the document is hidden. `title` … `delete`: of which documents it may be changed;
 * `insert`: `g` with an `_id` the server makes, `c` with the client's.
 */
export interface Shape {
  readonly roles: readonly Document[] | "none"
  readonly filters?: readonly Document[]
  readonly sees: readonly [mine: string, theirs: string]
  readonly title: string
  readonly n: string
  readonly city: string
  readonly replace: string
  readonly insert: string
  readonly delete: string
}

const all = "iotncz"
const both = { title: "mt", n: "mt", city: "mt", replace: "mt", insert: "gc", delete: "mt" }
const own = { title: "m", n: "m", city: "m", replace: "m", insert: "gc", delete: "m" }
const nothing = { title: "", n: "", city: "", replace: "", insert: "", delete: "" }
const isOwner = { owner_id: "%%user.id" }
const role = (of: Document): Document => ({ name: "role", apply_when: {}, ...of })
const everything = { read: true, write: true, insert: true, delete: true }

export const shapes: Readonly<Record<string, Shape>> = {
  no_rules:            { roles: "none", sees: ["", ""], ...nothing },
  no_role_applies:     { roles: [role({ apply_when: false, ...everything })], sees: ["", ""], ...nothing },
  nothing_set:         { roles: [role({ insert: true, delete: true, search: true, additional_fields: {} })], sees: ["", ""], ...nothing },
  read:                { roles: [role({ read: true })], sees: [all, all], ...nothing },
  write:               { roles: [role({ write: true })], sees: [all, all], ...both },
  read_false_write:    { roles: [role({ read: false, write: true })], sees: [all, all], ...both },
  write_false_fields:  { roles: [role({ read: true, write: false, fields: { title: { write: true } } })], sees: [all, all], ...nothing },
  read_false_fields:   { roles: [role({ read: false, fields: { title: { read: true, write: true } } })], sees: ["", ""], ...nothing, title: "mt" },
  insert_false:        { roles: [role({ write: true, insert: false })], sees: [all, all], ...both, insert: "" },
  delete_false:        { roles: [role({ write: true, delete: false })], sees: [all, all], ...both, delete: "" },
  field_read:          { roles: [role({ fields: { title: { read: true } } })], sees: ["t", "t"], ...nothing },
  field_write:         { roles: [role({ fields: { title: { write: true } } })], sees: ["t", "t"], ...nothing, title: "mt" },
  fields_all_write:    { roles: [role({ fields: { title: { write: true }, n: { write: true } }, additional_fields: { write: true } })], sees: [all, all], ...both },
  fields_write_no_id:  { roles: [role({ fields: { _id: { read: true }, owner_id: { write: true }, title: { write: true }, n: { write: true }, address: { write: true } } })], sees: [all, all], ...both, insert: "g" },
  additional_read:     { roles: [role({ additional_fields: { read: true } })], sees: [all, all], ...nothing },
  field_withheld:      { roles: [role({ fields: { n: {} }, additional_fields: { write: true } })], sees: ["iotcz", "iotcz"], ...nothing, title: "mt", city: "mt" },
  nested_write:        { roles: [role({ fields: { address: { fields: { city: { write: true } } } } })], sees: ["c", "c"], ...nothing, city: "mt" },
  nested_withheld:     { roles: [role({ fields: { address: { read: false, fields: { city: { read: true } } }, title: { read: true } } })], sees: ["t", "t"], ...nothing },
  nested_write_false:  { roles: [role({ fields: { address: { write: false, fields: { city: { write: true }, zip: { read: true } } } } })], sees: ["z", "z"], ...nothing },
  field_by_value:      { roles: [role({ fields: { n: { read: { "%%this": { $lt: 2 } } }, title: { read: true } } })], sees: ["tn", "t"], ...nothing },
  gate_read:           { roles: [role({ document_filters: { read: true }, ...everything })], sees: [all, all], ...nothing },
  gate_write:          { roles: [role({ document_filters: { write: true }, ...everything })], sees: [all, all], ...both },
  gate_empty:          { roles: [role({ document_filters: {}, ...everything })], sees: ["", ""], ...nothing },
  gate_own:            { roles: [role({ document_filters: { read: true, write: isOwner }, ...everything })], sees: [all, all], ...own },
  role_of_owner:       { roles: [role({ apply_when: isOwner, ...everything })], sees: [all, ""], ...own },
  write_of_owner:      { roles: [role({ read: isOwner, write: isOwner })], sees: [all, ""], ...own },
  read_all_write_own:  { roles: [role({ read: true, write: isOwner })], sees: [all, all], ...own },
  owner_then_reader:   { roles: [role({ apply_when: isOwner, ...everything }), { ...role({ read: true }), name: "reader" }], sees: [all, all], ...own },
  owner_withheld:      { roles: [role({ apply_when: isOwner, read: false, write: false }), { ...role({ read: true }), name: "reader" }], sees: ["", all], ...nothing },
  undetermined:        { roles: [role({ read: { title: "%%user.custom_data.none" }, write: { $not: { title: "%%user.custom_data.none" } } })], sees: ["", ""], ...nothing },
  insert_only:         { roles: [role({ write: { "%%prevRoot": { "%exists": false } } })], sees: ["", ""], ...nothing, insert: "gc" },
  filter_of_owner:     { roles: [role(everything)], filters: [{ name: "own", apply_when: {}, query: isOwner }], sees: [all, ""], ...own },
}
