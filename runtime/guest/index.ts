// The text that is evaluated in every context before guest code: the files beside this one, joined in order into one scope.
// SECURITY: the host never imports these files as code; they run inside the isolate only.
import { readFileSync } from "node:fs"

const parts = [
  "primordials", "text", "bson-classes", "bson-numbers", "ejson-decode", "ejson-encode", "describe", "channel", "cursor", "mongodb", "services", "globals", "modules", "context", "call",
] as const

let source: string | undefined

/** The prelude as one function expression: `(function (send, sync, loadFunction, loadModule) { …; return dispatch })`. */
export function preludeSource(): string {
  source ??= `(function (send, sync, loadFunction, loadModule) {\n"use strict"\n${parts.map((part) => readFileSync(new URL(`./${part}.js`, import.meta.url), "utf8")).join("\n")}\nreturn dispatch\n})`
  return source
}
