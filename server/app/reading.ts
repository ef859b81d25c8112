// One pass over an app tree: what every reader of a part shares.
import type { JsonPointer } from "../../kernel/index.ts"
import { openReport, type Report, type Spot } from "./findings.ts"
import { openFields, type Fields, type Place } from "./fields.ts"
import { parseJsonFile, type JsonFile, type StringReader } from "./json-file.ts"
import type { Finding } from "./model.ts"
import type { SecretRegister } from "./secrets.ts"
import { expandTemplates, type TemplateNames } from "./templates.ts"
import { isRootFile, rootFiles, type AppTree, type RootFile } from "./tree.ts"

/** V1: one directory per function and service. V2: manifests and `data_sources/`. */
export type LayoutFamily = "v1" | "v2"

/** A part that is kept for export and never run. */
export interface Unsupported { readonly path: string; readonly loss: string }

export interface Reading {
  readonly tree: AppTree
  readonly rootFile: RootFile
  readonly family: LayoutFamily
  readonly report: Report
  readonly secrets: SecretRegister
  readonly unsupported: Unsupported[]
  /** Whether what stops an import (a source that does not parse) is an error here too. */
  readonly strict: boolean
  /** The content of a JSON file; undefined when it is absent, empty, or broken (then reported). Read once, reported once. */
  json(path: string, keep?: (pointer: JsonPointer) => boolean): Place | undefined
  /** Opens the object in a JSON file. */
  open(path: string, known: readonly string[] | undefined): Fields | undefined
  /** From now on strings are read with these names, those of the root file again; before, templates are left alone. */
  useTemplates(names: TemplateNames): void
  /** Marks files that something has taken notice of. */
  notice(path: string): void
  unnoticed(): readonly string[]
  lose(path: string, loss: string, severity?: "warning" | "info"): void
}

export interface ReadingParts {
  readonly tree: AppTree
  readonly findings: Finding[]
  readonly secrets: SecretRegister
  readonly strict: boolean
}

/** Starts a pass, or undefined when the tree has no root file. */
export function openReading({ tree, findings, secrets, strict }: ReadingParts): Reading | undefined {
  const rootFile = rootFiles.find((name) => isRootFile(name, tree.files.get(name)))
  if (rootFile === undefined) return undefined
  const parsed = new Map<string, JsonFile | undefined>()
  const noticed = new Set<string>()
  const unsupported: Unsupported[] = []
  let names: TemplateNames | undefined
  const report = openReport(findings, (at) => locate(parsed, at))
  const reader = (path: string, keep: (pointer: JsonPointer) => boolean): StringReader => (text, pointer) => {
    if (names === undefined || !text.includes("%(") || isSource(pointer) || keep(pointer)) return text
    const expanded = expandTemplates(text, names)
    if ("text" in expanded) return expanded.text
    faults.push({ at: { file: path, pointer }, message: expanded.fault })
    return text
  }
  const faults: { at: Spot; message: string }[] = []
  const json = (path: string, keep: (pointer: JsonPointer) => boolean = () => false): Place | undefined => {
    noticed.add(path)
    const text = tree.files.get(path)
    if (text === undefined) return undefined
    if (!parsed.has(path)) {
      parsed.set(path, parseJsonFile(path, text, report, reader(path, keep)))
      for (const { at, message } of faults.splice(0)) report.error("bad-template", at, message)
    }
    const file = parsed.get(path)
    return file === undefined ? undefined : { file: path, pointer: "", value: file.value }
  }
  return {
    tree, rootFile, report, secrets, unsupported, strict, json,
    family: rootFile === "config.json" || rootFile === "stitch.json" ? "v1" : "v2",
    open: (path, known) => {
      const place = json(path)
      return place === undefined ? undefined : openFields(place, report, known)
    },
    useTemplates: (given) => {
      names = given
      parsed.delete(rootFile)
    },
    notice: (path) => {
      noticed.add(path)
    },
    unnoticed: () => [...tree.files.keys()].filter((path) => path.endsWith(".json") && !noticed.has(path)),
    lose: (path, loss, severity = "warning") => {
      unsupported.push({ path, loss })
      report[severity]("unsupported", { file: path, pointer: "" }, `unsupported: ${path}: ${loss}`)
    },
  }
}

/** SOURCE: app directory, 8: templates are never read in source code, and JavaScript may contain `%(`. */
function isSource(pointer: JsonPointer): boolean {
  return pointer.endsWith("/run_as_user_id_script_source")
}

function locate(parsed: ReadonlyMap<string, JsonFile | undefined>, at: Spot): Spot {
  const file = parsed.get(at.file)
  return file === undefined ? at : { ...at, ...file.locate(at.pointer) }
}
