// A shape → a program. A field whose name is handed over is read at a place of the program that is its own, which V8 learns to make
// as fast as a name in the text; closures that share one place stay slow. See decision 0104.
//
// SECURITY: text becomes code here and nowhere else. All of it is written in this file: a shape only chooses among it, and a letter
// that is not known throws. Names and values of rules, users and documents are handed over as they are and never become text.
import { InternalError, type Document, type Value } from "../../kernel/index.ts"
import { passes } from "./checks.ts"
import { missing } from "./resolve.ts"
import { isCertain, type Base, type Question } from "./shape.ts"
import type { SubjectTest } from "./tests.ts"
import type { DocumentScope } from "./types.ts"

/** What a program is asked of: a scope, and beside it the item of the `$elemMatch` around, or a stored document, which stands for both images. */
export interface Programs {
  readonly scope: (scope: DocumentScope, item: Value | typeof missing) => boolean
  readonly stored: (document: Document) => boolean
}

/** Makes a program of the operands of its shape. */
export type Factory<Of extends keyof Programs> = (operands: readonly unknown[]) => Programs[Of]

/** Whether an object passes as a plain value. A list's items are compared as they are, and only objects among them by the test. */
function among(value: Value, wanted: Value, test: SubjectTest): boolean {
  if (!Array.isArray(value)) return test.holds(value)
  for (const item of value as readonly Value[]) {
    if (item === wanted || (typeof item === "object" && test.holds(item))) return true
  }
  return false
}

/** What a program may use. */
const library = { among, passes, missing, hasOwn: Object.hasOwn } as const

/** Each call reads the text anew, so that two programs of one text learn apart. Nothing where the process may not make code of text. */
export function generate<Of extends keyof Programs>(shape: string, of: Of): Factory<Of> | undefined {
  programs += 1
  const text = `// ${programs}\n${programText(shape, of)}`
  try {
    // oxlint-disable-next-line no-new-func -- all of the text is written in this file
    const make = new Function("library", "operands", text) as (use: typeof library, operands: readonly unknown[]) => Programs[Of]
    return (operands) => make(library, operands)
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
}

let programs = 0

/** The name of each base in a program, and how its value is had of a scope and of a stored document. */
const bases: Record<Base, { readonly name: string } & Readonly<Record<keyof Programs, string>>> = {
  r: { name: "root", scope: "scope.root ?? missing", stored: "document" },
  p: { name: "prevRoot", scope: "scope.prevRoot ?? missing", stored: "document" },
  t: { name: "self", scope: "scope.this === undefined ? missing : scope.this", stored: "missing" },
  q: { name: "before", scope: "scope.prev === undefined ? missing : scope.prev", stored: "missing" },
  i: { name: "each", scope: "item", stored: "missing" },
}

/** A value that a test reads: the text that reads it, the local that then holds it, and from where it is read. */
interface Reading { readonly read: string; readonly value: string; readonly owner: string; readonly name: string; readonly absent: string }

type Operand = () => string

const questions: Record<Exclude<Question, "w">, (reading: Reading, next: Operand) => string> = {
  e: (reading, next) => same(reading, next(), next),
  T: (reading, next) => same(reading, "true", next),
  F: (reading, next) => same(reading, "false", next),
  ">": (reading, next) => ordered(reading, ">", next),
  G: (reading, next) => ordered(reading, ">=", next),
  "<": (reading, next) => ordered(reading, "<", next),
  L: (reading, next) => ordered(reading, "<=", next),
  s: ({ read, value }, next) => `(typeof ${read} === "string" ? ${next()}.has(${value}) : ${isObject(value)} && passes(${next()}, ${value}))`,
  n: ({ read, value }, next) => `(${read} === null || ${value} === undefined || ${isObject(value)} && passes(${next()}, ${value}))`,
  v: ({ read, value, owner, name, absent }, next) => `(${read} === undefined && !hasOwn(${owner}, ${name}) ? ${absent} : passes(${next()}, ${value}))`,
}

function same({ read, value }: Reading, wanted: string, next: Operand): string {
  return `(${read} === ${wanted} || ${isObject(value)} && among(${value}, ${wanted}, ${next()}))`
}

function ordered({ read, value }: Reading, sign: ">" | ">=" | "<" | "<=", next: Operand): string {
  return `(typeof ${read} === "number" ? ${value} ${sign} ${next()} : ${isObject(value)} && passes(${next()}, ${value}))`
}

function isObject(value: string): string {
  return `typeof ${value} === "object" && ${value} !== null`
}

/** Certainly an embedded document. Others may be one too; the walk tells. */
function isDocument(read: string, value: string): string {
  return `typeof ${read} === "object" && ${value} !== null && ${value}._bsontype === undefined && !Array.isArray(${value}) && !(${value} instanceof Date)`
}

/** The text of the program of a shape. */
export function programText(shape: string, of: keyof Programs): string {
  const used = new Set<Base>()
  let at = 0
  let operands = 0
  let locals = 0
  const operand: Operand = () => `k${operands++}`
  const local = (): string => `v${locals++}`

  function part(): string {
    switch (shape[at]) {
      case "&": return parts(" && ")
      case "|": return parts(" || ")
      case "!":
        at += 1
        return `!${part()}`
      default: return test()
    }
  }

  function parts(between: string): string {
    const all: string[] = []
    for (at += 1; shape[at] !== ".";) all.push(part())
    at += 1
    return `(${all.join(between)})`
  }

  function test(): string {
    const [letter, count, question, passesMissing] = shape.slice(at).split("") as [Base, string, Question, string]
    if (!Object.hasOwn(bases, letter) || !/^\d$/.test(count) || !(question === "w" || Object.hasOwn(questions, question))) throw new InternalError("internal", "a shape has a letter that is not known")
    at += 4
    used.add(letter)
    const base = bases[letter].name
    if (question === "w") return walk(base)
    const absent = String(passesMissing === "1")
    const names = Array.from({ length: Number(count) }, operand)
    const last = names.pop() as string
    const way = isCertain(letter) ? [] : [isDocument(base, base)]
    let owner = base
    for (const name of names) {
      const inner = local()
      way.push(isDocument(`(${inner} = ${owner}[${name}])`, inner))
      owner = inner
    }
    const value = local()
    const asked = questions[question]({ read: `(${value} = ${owner}[${last}])`, value, owner, name: last, absent }, operand)
    const walked = way.length === 0 ? asked : `(${way.join(" && ")} ? ${asked} : ${walk(base)})`
    return isCertain(letter) && of === "scope" ? `(${base} === missing ? ${absent} : ${walked})` : walked
  }

  function walk(base: string): string {
    const check = operand()
    return `(${check}.run(${base}, ${operand()}, false) === true)`
  }

  const result = part()
  if (at !== shape.length) throw new InternalError("internal", "a shape goes on behind its end")
  const values = [...used].map((letter) => `const ${bases[letter].name} = ${bases[letter][of]}`)
  return [
    `"use strict"`,
    `const { ${Object.keys(library).join(", ")} } = library`,
    `const [${Array.from({ length: operands }, (_, index) => `k${index}`).join(", ")}] = operands`,
    // V8 calls a function that names an argument which is not passed by a longer way.
    `return (${of === "stored" ? "document" : used.has("i") ? "scope, item" : "scope"}) => {`,
    ...values,
    ...(locals === 0 ? [] : [`let ${Array.from({ length: locals }, (_, index) => `v${index}`).join(", ")}`]),
    `return ${result}`,
    `}`,
  ].join("\n")
}
