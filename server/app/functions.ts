// Functions: `functions/config.json` and the sources beside it, or one directory per function in the V1 layouts.
import { compileFunction } from "node:vm"
import { isRecord, openFields, optionalText, requireText, type Fields, type Place } from "./fields.ts"
import type { Report } from "./findings.ts"
import type { AppFunction, RuleSource } from "./model.ts"
import type { Reading } from "./reading.ts"
import { foldersBelow } from "./tree.ts"

const keys = [
  "id", "name", "private", "can_evaluate", "disable_arg_logs", "run_as_system", "run_as_user_id", "run_as_user_id_script_source", "last_modified",
]

/** What functions and webhooks share: who may run them and as whom. */
export type RunSettings = Pick<AppFunction, "id" | "canEvaluate" | "disableArgLogs" | "runAsSystem" | "runAsUserId" | "runAsUserIdScript">

/** Reads all functions by name. */
export function readFunctions(reading: Reading): ReadonlyMap<string, AppFunction> {
  const functions = new Map<string, AppFunction>()
  const found = reading.family === "v2" ? readManifest(reading) : readFolders(reading)
  for (const each of found) {
    if (functions.has(each.name)) reading.report.error("duplicate-function", { file: each.file, pointer: "" }, `two functions are called \`${each.name}\``)
    else functions.set(each.name, each)
  }
  return functions
}

function readManifest(reading: Reading): readonly AppFunction[] {
  const manifest = "functions/config.json"
  const place = reading.json(manifest)
  if (place !== undefined && !Array.isArray(place.value)) reading.report.error("wrong-type", place, "expected a list of functions")
  const found: AppFunction[] = []
  const listed = new Set<string>()
  for (const [index, value] of (Array.isArray(place?.value) ? place.value : []).entries()) {
    const fields = openFields({ file: manifest, pointer: `/${index}`, value }, reading.report, keys)
    // SOURCE: app directory, 2.2: tools on Windows write back-slashes.
    const name = fields === undefined ? undefined : requireText(fields, "name", "missing-name")?.replaceAll("\\", "/")
    if (fields === undefined || name === undefined) continue
    if (listed.has(name)) {
      reading.report.error("duplicate-function", fields.spot("name"), `two functions are called \`${name}\``)
      continue
    }
    listed.add(name)
    const file = `functions/${name}.js`
    const source = reading.tree.files.get(file)
    if (source === undefined) reading.report.warning("missing-source", fields.spot("name"), `the function \`${name}\` has no source \`${file}\`; it does not exist${elsewhere(reading, name)}`)
    else found.push(toFunction(reading, { name, file, source, settings: readRunSettings(fields), isPrivate: fields.flag("private") ?? false }))
  }
  // SOURCE: app directory, 3.9: a source that the manifest does not list is a function with defaults.
  for (const [file, source] of reading.tree.files) {
    if (!file.startsWith("functions/") || !file.endsWith(".js")) continue
    const name = file.slice("functions/".length, -".js".length)
    if (!listed.has(name)) found.push(toFunction(reading, { name, file, source, settings: defaults(manifest), isPrivate: false }))
  }
  return found
}

/** Where a source of the same name lies in another folder, in words: manifests and folders get out of step by hand. */
function elsewhere({ tree }: Reading, name: string): string {
  const file = [...tree.files.keys()].find((path) => path.startsWith("functions/") && path.endsWith(`/${name}.js`))
  return file === undefined ? "" : `. \`${file}\` is the function \`${file.slice("functions/".length, -".js".length)}\``
}

function readFolders(reading: Reading): readonly AppFunction[] {
  return foldersBelow(reading.tree, "functions").flatMap((folder) => {
    const config = `functions/${folder}/config.json`
    const file = `functions/${folder}/source.js`
    const fields = reading.open(config, keys)
    const source = reading.tree.files.get(file)
    if (fields === undefined && source === undefined) return []
    const name = fields === undefined ? folder : optionalText(fields, "name") ?? folder
    if (fields !== undefined && name !== folder) reading.report.info("name-mismatch", fields.spot("name"), `the directory is called \`${folder}\`, the function \`${name}\`; the name inside counts`)
    if (source === undefined) {
      reading.report.warning("missing-source", fields?.at ?? { file: config, pointer: "" }, `the function \`${name}\` has no source \`${file}\`; it does not exist`)
      return []
    }
    const settings = fields === undefined ? defaults(config) : readRunSettings(fields)
    return [toFunction(reading, { name, file, source, settings, isPrivate: fields?.flag("private") ?? false })]
  })
}

function toFunction(reading: Reading, { name, file, source, settings, isPrivate }: {
  readonly name: string; readonly file: string; readonly source: string; readonly settings: RunSettings; readonly isPrivate: boolean
}): AppFunction {
  // SECURITY: a name such as `..` or one with an empty part would reach outside `functions/` when the app is written back.
  if (name.split("/").some((part) => part === "" || part === "." || part === "..") || /[\\\p{Cc}]/u.test(name)) reading.report.error("bad-name", { file, pointer: "" }, `\`${name}\` is no name of a function`)
  checkSource(file, source, reading)
  return { name, file, source, private: isPrivate, ...settings }
}

/** Reads who may run a function and as whom. */
export function readRunSettings(fields: Fields): RunSettings {
  const runAsUserId = optionalText(fields, "run_as_user_id")
  const runAsUserIdScript = optionalText(fields, "run_as_user_id_script_source")
  if (runAsUserId !== undefined && runAsUserIdScript !== undefined) fields.report.error("conflicting-keys", fields.spot("run_as_user_id_script_source"), "`run_as_user_id` and `run_as_user_id_script_source` exclude each other")
  if (runAsUserIdScript !== undefined && syntaxErrorOf("script", runAsUserIdScript) !== undefined) fields.report.warning("function-syntax", fields.spot("run_as_user_id_script_source"), "the script does not parse; calls will fail")
  return {
    id: optionalText(fields, "id"),
    canEvaluate: callRule(fields.any("can_evaluate"), fields, fields.report),
    disableArgLogs: fields.flag("disable_arg_logs") ?? false,
    runAsSystem: fields.flag("run_as_system") ?? false,
    runAsUserId, runAsUserIdScript,
  }
}

/** A `can_evaluate`; absent is `{}`, which admits every caller. What the engine cannot parse refuses everybody, after its error. */
function callRule(place: Place | undefined, fields: Fields, report: Report): RuleSource {
  if (place === undefined) return { file: fields.at.file, raw: {}, pointer: fields.spot("can_evaluate").pointer }
  if (!isRecord(place.value) && typeof place.value !== "boolean") report.error("wrong-type", place, "`can_evaluate` must be an expression")
  return { file: place.file, raw: place.value, pointer: place.pointer }
}

function defaults(file: string): RunSettings {
  return { id: undefined, canEvaluate: { file, raw: {}, pointer: "" }, disableArgLogs: false, runAsSystem: false, runAsUserId: undefined, runAsUserIdScript: undefined }
}

/** The parameters that the runtime gives to every source (function runtime, 2.1). */
const parameters = ["exports", "context", "require", "console"]

/** Parses a source without running it; what does not parse is a finding with its line. */
export function checkSource(file: string, source: string, { report, strict }: Reading): void {
  const error = syntaxErrorOf(file, source)
  if (error !== undefined) {
    const [line, column] = placeOfSyntaxError(file, error)
    const at = { file, pointer: "", ...(line === undefined ? {} : { line }), ...(column === undefined ? {} : { column }) }
    // Not strict: app directory, section 10, row 17, one broken function must not stop the rest. The server is strict (decision 0001).
    report[strict ? "error" : "warning"]("function-syntax", at, `the source does not parse: ${error.message}`)
    return
  }
  if (!/\bexports\b/.test(source)) report.warning("function-without-exports", { file, pointer: "" }, "the source assigns nothing to `exports`; calls will fail")
}

function syntaxErrorOf(file: string, source: string): Error | undefined {
  try {
    compileFunction(source, parameters, { filename: file })
    return undefined
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return error
  }
}

/** The stack of a syntax error begins with `<file>:<line>`, the line itself, and a row with `^` under the place. */
function placeOfSyntaxError(file: string, error: Error): readonly [number | undefined, number | undefined] {
  const [first = "", , carets = ""] = (error.stack ?? "").split("\n")
  const line = first.startsWith(`${file}:`) ? Number(first.slice(file.length + 1)) : Number.NaN
  const column = carets.indexOf("^") + 1
  // V8 gives line 0 for a text that ends inside a template.
  return [Number.isInteger(line) && line > 0 ? line : undefined, column > 0 ? column : undefined]
}
