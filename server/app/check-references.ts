// Names inside expressions: functions of `%function`, values, environment values and custom data that do not exist.
import { nearest } from "../../engine/index.ts"
import { childPointer, getField, isDocument, type JsonPointer } from "../../kernel/index.ts"
import type { FindingCode, Spot } from "./findings.ts"
import { isRecord } from "./fields.ts"
import type { AppModel } from "./model.ts"
import { ruleSources } from "./rule-sources.ts"

export type Warn = (code: FindingCode, at: Spot, message: string) => void

/** Warns of names that expressions use and the app does not have; such an expression never grants. */
export function checkReferences(app: AppModel, warn: Warn): void {
  for (const { file, raw, pointer = "" } of ruleSources(app)) {
    walkJson(raw, pointer, (key, value, at) => {
      const called: unknown = key === "%function" && isRecord(value) ? getField(value, "name") : undefined
      if (typeof called === "string" && !app.functions.has(called)) warn("unknown-function", { file, pointer: at }, `the function \`${called}\` does not exist; the expression is never true${suggestion(called, [...app.functions.keys()])}`)
      for (const text of [key, value]) {
        const missing = typeof text === "string" ? missingName(text, app) : undefined
        if (missing !== undefined) warn("unknown-value", { file, pointer: at }, missing)
        if (typeof text === "string" && /^%%user\.custom_data\b/.test(text) && app.customUserData?.enabled !== true) warn("custom-data-off", { file, pointer: at }, "custom user data is not enabled: no user has any")
      }
    })
  }
}

function missingName(text: string, { values, environment }: AppModel): string | undefined {
  const value = /^%%values\.([^.%]+)/.exec(text)?.[1]
  const neverTrue = "does not exist; what is compared with it is never true"
  if (value !== undefined && !values.has(value)) return `the value \`${value}\` ${neverTrue}${suggestion(value, [...values.keys()])}`
  const inEnvironment = /^%%environment\.values\.([^.%]+)/.exec(text)?.[1]
  if (inEnvironment !== undefined && isDocument(environment.values) && !Object.hasOwn(environment.values, inEnvironment)) return `the environment value \`${inEnvironment}\` ${neverTrue}${suggestion(inEnvironment, Object.keys(environment.values))}`
  return undefined
}

function suggestion(name: string, names: readonly string[]): string {
  const near = nearest(name, names)
  return near === undefined ? "" : `; did you mean \`${near}\`?`
}

/** Visits every member of objects and lists, with the place of its value. */
export function walkJson(json: unknown, pointer: JsonPointer, visit: (key: string, value: unknown, at: JsonPointer) => void): void {
  if (typeof json !== "object" || json === null) return
  for (const [key, value] of Object.entries(json)) {
    const at = childPointer(pointer, key)
    visit(Array.isArray(json) ? "" : key, value, at)
    walkJson(value, at, visit)
  }
}
