// Template expansion in files: `"%(%%environment.values.cluster)"` (specification of the app directory, 8).
import { getField, isDocument, type Document, type Value } from "../../kernel/index.ts"

/** What templates may name. Values are plain strings only; a secret never becomes part of the configuration. */
export interface TemplateNames {
  readonly tag: string
  readonly environmentValues: Document
  readonly values: ReadonlyMap<string, { readonly value: Value; readonly fromSecret: boolean }>
}

export type Expanded = { readonly text: string } | { readonly fault: string }

const template = /%\(([^()]*)\)/g

/** Replaces every `%(…)` in a text, or says why one cannot be. A text without a template comes back as it is. */
export function expandTemplates(source: string, names: TemplateNames): Expanded {
  if (!source.includes("%(")) return { text: source }
  let fault: string | undefined
  const text = source.replaceAll(template, (whole, inside: string) => {
    const found = resolveName(inside.trim(), names)
    if ("fault" in found) fault ??= found.fault
    return "text" in found ? found.text : whole
  })
  return fault === undefined ? { text } : { fault }
}

function resolveName(name: string, names: TemplateNames): Expanded {
  const environment = names.tag === "" ? "without an environment" : `in the environment \`${names.tag}\``
  if (name === "%%environment.tag") return { text: names.tag }
  if (name.startsWith("%%environment.values.")) {
    const value = name.slice("%%environment.values.".length).split(".").reduce<Value>((from, key) => (isDocument(from) ? getField(from, key) : undefined), names.environmentValues)
    return typeof value === "string" ? { text: value } : { fault: value === undefined ? `\`${name}\` does not exist ${environment}` : `\`${name}\` is no string ${environment}` }
  }
  if (name.startsWith("%%values.")) {
    const value = names.values.get(name.slice("%%values.".length))
    if (value === undefined) return { fault: `\`${name}\` does not exist` }
    // SECURITY: a secret must not end up in the configuration, which is shown and exported.
    if (value.fromSecret) return { fault: `\`${name}\` is a secret, which templates cannot hold` }
    return typeof value.value === "string" ? { text: value.value } : { fault: `\`${name}\` is no string` }
  }
  return { fault: `\`${name}\` is no expansion that a template can hold` }
}
