// The text of an app's files on its way to the guest: checked, wrapped, and which files a call is likely to need.
import { compileFunction } from "node:vm"
import type { AppCode } from "./protocol.ts"

/** A file of the app as it is compiled in an isolate. */
export interface GuestSource {
  readonly kind: "function" | "module"
  readonly name: string
  readonly filename: string
  /** The wrapper as an expression, on the same lines as the file's own text, which begins after `margin` characters. */
  readonly wrapper: string
  readonly margin: number
  /** Why the file cannot be compiled: the message of a SyntaxError, and the line. */
  readonly problem: string | undefined
  /** Names of functions that occur in the text, and whether it asks for modules. */
  readonly mentions: readonly string[]
}

// SOURCE: specification of the function runtime, 2.1.
const shapes = {
  function: { parameters: ["exports", "context", "require", "console"], ending: "\n;return exports;" },
  module: { parameters: ["exports", "require", "module"], ending: "\n" },
}

/**
 * Prepares a file.
 *
 * SECURITY: the wrappers of an app are evaluated when no call is running and no limit counts, so a text must not be able
 * to close the wrapper and run beside it. It is parsed alone as the body of a function first (parsed, not run): a text
 * that is a function body cannot end the function around it.
 */
function prepareSource(kind: "function" | "module", name: string, text: string, names: ReadonlySet<string>): GuestSource {
  const filename = kind === "function" ? `functions/${name}.js` : `node_modules/${name}`
  const { parameters, ending } = shapes[kind]
  const head = `(function (${parameters.join(", ")}) { `
  return {
    kind, name, filename,
    wrapper: `${head}${text}${ending} })`,
    margin: head.length,
    problem: findProblem(text, parameters, filename),
    mentions: findMentions(text, names),
  }
}

function findProblem(text: string, names: readonly string[], filename: string): string | undefined {
  try {
    // In the wrapper the text does not begin the file, where V8 lets `#!` and `-->` begin a comment. An empty directive before it changes nothing else.
    compileFunction(`"";${text}`, names, { filename })
    return undefined
  } catch (error) {
    if (!(error instanceof Error)) return "cannot be parsed"
    const line = /^[^\n]*:(\d+)\n/.exec(error.stack ?? "")?.[1]
    return `${error.message}${line === undefined ? "" : ` (${filename}:${line})`}`
  }
}

function findMentions(text: string, names: ReadonlySet<string>): string[] {
  const found = new Set<string>()
  for (const [, quoted] of text.matchAll(/["'`]([^"'`\n\\$]{1,200})["'`]/g)) {
    if (quoted !== undefined && names.has(quoted)) found.add(quoted)
  }
  return [...found]
}

/** An app's files, prepared once an executor. */
export interface GuestSources {
  readonly functions: ReadonlyMap<string, GuestSource>
  readonly modules: ReadonlyMap<string, GuestSource>
  /** The files whose wrappers are put into a context before a call of this function; the others follow when asked for. */
  needsOf(name: string): readonly GuestSource[]
}

/** How many wrappers are put into a context ahead of a call; each costs some microseconds. */
const mostNeeds = 24

/** Prepares the files of an app. */
export function prepareSources(code: AppCode): GuestSources {
  const names = new Set(code.functions.map((each) => each.name))
  const modules = new Map(Object.entries(code.modules).map(([name, text]) => [name, prepareSource("module", name, text, new Set())]))
  const functions = new Map(code.functions.map((each) => [each.name, prepareSource("function", each.name, each.source, names)]))
  const known = new Map<string, readonly GuestSource[]>()
  const needsOf = (name: string): readonly GuestSource[] => {
    let needs = known.get(name)
    if (needs === undefined) known.set(name, needs = collectNeeds(name, functions))
    return needs
  }
  return { functions, modules, needsOf }
}

function collectNeeds(name: string, functions: ReadonlyMap<string, GuestSource>): GuestSource[] {
  const needs = new Set<GuestSource>()
  const names = [name]
  while (names.length > 0 && needs.size < mostNeeds) {
    const source = functions.get(names.shift() ?? "")
    if (source === undefined || source.problem !== undefined || needs.has(source)) continue
    needs.add(source)
    names.push(...source.mentions)
  }
  return [...needs]
}
