// JSON as people write it: read with jsonc-parser's tree, so that every place in it has a line.
import { createScanner, parseTree, printParseErrorCode, type Node, type ParseError } from "jsonc-parser"
import { childPointer, maxDepth, pointerSegments, type JsonPointer } from "../../kernel/index.ts"
import type { Report, Spot } from "./findings.ts"

/** A parsed file: its plain value, and where each place of it stands in the text. */
export interface JsonFile {
  readonly path: string
  readonly value: unknown
  locate(pointer: JsonPointer): { readonly line: number; readonly column: number }
}

/** Changes a string of the file while it is read (templates); returns it unchanged where there is nothing to do. */
export type StringReader = (text: string, pointer: JsonPointer) => string

const openBracket = /[[{]/g
const strict = { disallowComments: true, allowTrailingComma: false }
const lenient = { disallowComments: false, allowTrailingComma: true }

/** Parses a file. Undefined after reporting an error when it is not JSON, or silently when there is nothing in it. */
export function parseJsonFile(path: string, text: string, report: Report, readString: StringReader = (string) => string): JsonFile | undefined {
  if (text.trim() === "") return undefined
  const where = lineFinder(text)
  const spotAt = (offset: number, pointer: JsonPointer = ""): Spot => ({ file: path, pointer, ...where(offset) })
  const deep = firstTooDeep(text)
  if (deep !== undefined) {
    report.error("broken-json", spotAt(deep), `nested more than ${maxDepth} levels deep`)
    return undefined
  }
  const slips: ParseError[] = []
  let tree = parseTree(text, slips, strict)
  if (slips.length > 0) {
    const errors: ParseError[] = []
    tree = parseTree(text, errors, lenient)
    for (const each of errors.slice(0, 5)) report.error("broken-json", spotAt(each.offset), `not JSON: ${explain(each)}`)
    if (errors.length > 0) return undefined
    // A trailing comma is two errors to the parser: one of the comma, one of what it expected next.
    const places = new Map(slips.map((each) => [lineKey(where(each.offset)), each]))
    for (const each of places.values()) report.warning("lenient-json", spotAt(each.offset), `strict JSON has no ${each.error === 10 ? "comments" : "trailing commas"}`)
  }
  if (tree === undefined) return undefined
  const value = toValue(tree, "", readString, (node, pointer) => report.warning("duplicate-key", spotAt(node.offset, pointer), "this key stands twice in one object; the last one counts"))
  return { path, value, locate: (pointer) => where(nodeAt(tree, pointer).offset) }
}

/** The place of a pointer in a text that was parsed before: the deepest part of it that exists. */
export function locateIn(text: string, pointer: JsonPointer): { readonly line: number; readonly column: number } | undefined {
  if (firstTooDeep(text) !== undefined) return undefined
  const tree = parseTree(text, [], lenient)
  return tree === undefined ? undefined : lineFinder(text)(nodeAt(tree, pointer).offset)
}

function lineKey({ line, column }: { readonly line: number; readonly column: number }): string {
  return `${line}:${column}`
}

function explain({ error }: ParseError): string {
  return printParseErrorCode(error).replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase()
}

// INVARIANT: jsonc-parser recurses; a text is measured without recursion before it is parsed.
function firstTooDeep(text: string): number | undefined {
  if ((text.match(openBracket)?.length ?? 0) <= maxDepth) return undefined
  const scanner = createScanner(text, true)
  let depth = 0
  for (let token = scanner.scan(); token !== 17; token = scanner.scan()) {
    if (token === 1 || token === 3) depth += 1
    else if (token === 2 || token === 4) depth -= 1
    if (depth > maxDepth) return scanner.getTokenOffset()
  }
  return undefined
}

function toValue(node: Node, pointer: JsonPointer, readString: StringReader, onDuplicate: (node: Node, pointer: JsonPointer) => void): unknown {
  if (node.type === "array") return (node.children ?? []).map((item, index) => toValue(item, childPointer(pointer, index), readString, onDuplicate))
  if (node.type === "string") return readString(String(node.value), pointer)
  if (node.type !== "object") return node.value
  const object: Record<string, unknown> = {}
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? []
    if (key === undefined || value === undefined) continue
    const name = String(key.value)
    const place = childPointer(pointer, name)
    if (Object.hasOwn(object, name)) onDuplicate(key, place)
    // SECURITY: `__proto__` is a key like any other.
    Object.defineProperty(object, name, { value: toValue(value, place, readString, onDuplicate), writable: true, enumerable: true, configurable: true })
  }
  return object
}

function nodeAt(tree: Node, pointer: JsonPointer): Node {
  let value = tree
  let spot = tree
  for (const segment of pointerSegments(pointer)) {
    if (value.type === "object") {
      const property = value.children?.findLast(({ children }) => children?.[0]?.value === segment)
      const next = property?.children?.[1]
      if (property === undefined || next === undefined) return spot
      spot = property
      value = next
    } else {
      const next = value.type === "array" ? value.children?.[Number(segment)] : undefined
      if (next === undefined) return spot
      spot = value = next
    }
  }
  return spot
}

function lineFinder(text: string): (offset: number) => { readonly line: number; readonly column: number } {
  let starts: number[] | undefined
  return (offset) => {
    starts ??= [0, ...[...text.matchAll(/\r\n|\n|\r/g)].map((match) => match.index + match[0].length)]
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] as number) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (starts[low] as number) + 1 }
  }
}
