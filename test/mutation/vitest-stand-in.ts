// Takes the place of `vitest` in a mutation run: tests are collected, so that one can be run again and again under another mutant
// without loading anything anew. What they expect is judged by vitest itself.
import { expect } from "../../node_modules/vitest/dist/index.js"

export { expect }

type Hook = () => unknown
type Body = (...args: unknown[]) => unknown

/** What stands around tests: a file, or a `describe`. */
interface Suite {
  readonly parent: Suite | undefined
  readonly name: string
  readonly before: { readonly all: Hook[]; readonly each: Hook[] }
  readonly after: { readonly all: Hook[]; readonly each: Hook[] }
}

/** One test. `name`: its file, what stands around it and its title; no other has it. `mustFail`: it is listed as a known failure. */
export interface CollectedTest { readonly name: string; readonly suite: Suite; readonly body: Body; readonly mustFail: boolean }

/** Every test of the files loaded so far. */
export const collected: CollectedTest[] = []

let suite = newSuite(undefined, "")
const names = new Set<string>()

function newSuite(parent: Suite | undefined, name: string): Suite {
  return { parent, name, before: { all: [], each: [] }, after: { all: [], each: [] } }
}

/** What is collected from now on is of this file. */
export function startFile(name: string): void {
  suite = newSuite(undefined, name)
}

/** A suite and those around it, the outermost first. */
function suitesAround(inner: Suite): Suite[] {
  const suites: Suite[] = []
  for (let at: Suite | undefined = inner; at !== undefined; at = at.parent) suites.unshift(at)
  return suites
}

const begun = new Set<Suite>()

/** Runs what has to be there before a test and is not yet. */
export async function begin(one: CollectedTest): Promise<void> {
  for (const around of suitesAround(one.suite)) {
    if (begun.has(around)) continue
    begun.add(around)
    for (const hook of around.before.all) await hook()
  }
}

/** Runs one test with its hooks; rejects when it fails. */
export async function run(one: CollectedTest): Promise<void> {
  const suites = suitesAround(one.suite)
  for (const { before } of suites) for (const hook of before.each) await hook()
  let failure: { readonly error: unknown } | undefined
  try {
    await one.body()
  } catch (error) {
    failure = { error }
  }
  for (const { after } of suites.toReversed()) for (const hook of after.each) await hook()
  if (one.mustFail !== (failure !== undefined)) throw failure?.error ?? new Error("a known failure passes")
}

/** Ends what was begun. */
export async function end(): Promise<void> {
  for (const { after } of [...begun].toReversed()) for (const hook of after.all) await hook()
}

export function describe(name: string, body: Hook): void {
  const outer = suite
  suite = newSuite(outer, name)
  body()
  suite = outer
}

function collect(title: string, body: unknown, mustFail: boolean): void {
  if (typeof body !== "function") throw new TypeError(`Cannot collect test ${title}: options come before the body`)
  collected.push({ name: newName(title), suite, body: body as Body, mustFail })
}

/** INVARIANT: a run keeps tests by their names, so two of one name would be one: of two tables with one title, and of two blocks. */
function newName(title: string): string {
  const [file, ...blocks] = suitesAround(suite).map(({ name }) => name)
  const first = `${file} ${[...blocks, title].join(" > ")}`
  let name = first
  for (let count = 2; names.has(name); count++) name = `${first} (${count})`
  names.add(name)
  return name
}

export function test(name: string, body: unknown): void {
  collect(name, body, false)
}

test.fails = (name: string, body: unknown): void => collect(name, body, true)
test.skip = (): void => undefined
test.each = each((name, body) => collect(name, body, false))
describe.each = each(describe)

function each(take: (name: string, body: Hook) => void) {
  return (cases: readonly unknown[]) => (title: string, body: Body): void => {
    cases.forEach((one, index) => {
      const args: unknown[] = Array.isArray(one) ? one : [one]
      take(`${title} (${index + 1})`, () => body(...args))
    })
  }
}

export const beforeAll = (hook: Hook): void => void suite.before.all.push(hook)
export const afterAll = (hook: Hook): void => void suite.after.all.push(hook)
export const beforeEach = (hook: Hook): void => void suite.before.each.push(hook)
export const afterEach = (hook: Hook): void => void suite.after.each.push(hook)
