// A bound expression taken apart: its shape, a word over a closed alphabet, and the names and values the shape speaks of.
import type { Value } from "../../kernel/index.ts"
import type { BoundNode, FixedTest } from "./bound.ts"
import type { Source } from "./tree.ts"

/**
 * In Polish notation: `&` and `|` take parts up to a `.`, `!` takes one part, all else is a test. A test has four letters: where it
 * looks, how many names lead from there, what it asks, and `1` where a missing value passes, else `0`.
 */
export interface Shaped {
  readonly shape: string
  /** What the tests need, one after the other: the names, what is asked for, and what decides where that is not enough. */
  readonly operands: readonly unknown[]
  /** The names of all tests. */
  readonly names: string
}

/** The letters of where a test looks. */
const bases = { root: "r", prevRoot: "p", this: "t", prev: "q", item: "i" } as const satisfies Partial<Record<Source, string>>
export type Base = (typeof bases)[keyof typeof bases]

/**
 * The letters of what a test asks. `same`: for a text or plain number. The orders are of plain numbers. `texts`: for one of
 * some texts. `none`: for null or nothing. `any`: whatever its check says of the value. `walk`: the check walks along the path itself.
 */
const questions = { same: "e", true: "T", false: "F", gt: ">", gte: "G", lt: "<", lte: "L", texts: "s", none: "n", any: "v", walk: "w" } as const
export type Question = (typeof questions)[keyof typeof questions]

const mostTests = 64
const mostNames = 9

/** Takes an expression apart that is true or false of every document; undefined for all others. */
export function shapeOf(node: BoundNode): Shaped | undefined {
  if (countTests(node) > mostTests) return undefined
  const shaped: Writing = { shape: "", operands: [], names: "" }
  write(node, shaped)
  return shaped
}

interface Writing { shape: string; names: string; readonly operands: unknown[] }

/** How many tests a node has; infinitely many if it may be undetermined. */
function countTests(node: BoundNode): number {
  switch (node.kind) {
    case "every": case "some": return node.of.reduce((sum, part) => sum + countTests(part), 0)
    case "not": return countTests(node.of)
    case "fixed": return node.of.kind !== "regex" && baseOf(node) !== undefined ? 1 : Number.POSITIVE_INFINITY
    default: return Number.POSITIVE_INFINITY
  }
}

/** The item of an `$elemMatch` itself is asked in a way of its own: its lists are not opened. */
function baseOf({ subject }: FixedTest): Base | undefined {
  if (subject.source === "item" && subject.path.length === 0) return undefined
  return (bases as Partial<Record<Source, Base>>)[subject.source]
}

/** INVARIANT: `countTests` has found nothing but these kinds. */
function write(node: BoundNode, into: Writing): void {
  switch (node.kind) {
    case "every": case "some":
      into.shape += node.kind === "every" ? "&" : "|"
      for (const part of node.of) write(part, into)
      into.shape += "."
      return
    case "not":
      into.shape += "!"
      write(node.of, into)
      return
    default: writeTest(node as FixedTest, into)
  }
}

function writeTest(test: FixedTest, into: Writing): void {
  const { check, subject: { path } } = test
  const { operands } = into
  const base = baseOf(test) as Base
  const question = questionOf(test)
  const walks = question === "walk"
  const names = walks ? [] : path
  for (const name of names) {
    operands.push(name)
    into.names += `\n${name}`
  }
  if (hasWanted(question)) operands.push(wantedOf(test))
  if (!walks) operands.push(check.simple)
  // Where the way may lead over something other than documents, the check decides.
  if (walks || !isCertain(base) || path.length > 1) operands.push(check, path)
  into.shape += base + names.length + questions[question] + (check.simple?.missing === true ? 1 : 0)
}

function questionOf({ subject: { path }, check, of }: FixedTest): keyof typeof questions {
  // SECURITY: a name that every object inherits is read through own-property tests; all others cannot be inherited from anywhere.
  if (check.simple === undefined || path.length === 0 || path.length > mostNames || path.some((segment) => segment in Object.prototype)) return "walk"
  switch (of.kind) {
    case "eq": return typeof of.value === "boolean" ? `${of.value}` : isPlain(of.value) ? "same" : of.value === null && of.mode === "literal" ? "none" : "any"
    case "order": return typeof of.value === "number" && isPlain(of.value) ? of.operator : "any"
    case "in": return of.items.every((item) => typeof item === "string") ? "texts" : "any"
    default: return "any"
  }
}

/** Whether `===` finds the value among all that are neither lists nor objects. */
function isPlain(value: Value): boolean {
  return typeof value === "string" || (typeof value === "number" && !Number.isNaN(value))
}

/** Whether a question is of a value that is handed over beside the test. That of a boolean is in its letter. */
function hasWanted(question: keyof typeof questions): boolean {
  return question === "same" || question === "gt" || question === "gte" || question === "lt" || question === "lte" || question === "texts"
}

function wantedOf({ of }: FixedTest): unknown {
  return of.kind === "in" ? new Set(of.items) : (of as { readonly value: Value }).value
}

/** Whether a base is a document for certain, or missing. */
export function isCertain(base: Base): boolean {
  return base === "r" || base === "p"
}
