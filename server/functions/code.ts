// The app's functions as the runtime is given them, and what each needs.
import { ejsonText } from "../../kernel/index.ts"
import { scriptPrefix, type AppCode, type RunAs } from "../../runtime/index.ts"
import type { AppFunction, AppModel } from "../app/index.ts"
import type { IdentityNeeds } from "./identities.ts"

/** How a function runs: `run_as_system` over a fixed user over a script. SOURCE: specification of functions, 1.1. */
export function runAsOf(each: AppFunction): RunAs {
  if (each.runAsSystem) return { kind: "system" }
  if (each.runAsUserId !== undefined && each.runAsUserId !== "") return { kind: "user", id: each.runAsUserId }
  if (each.runAsUserIdScript !== undefined && each.runAsUserIdScript.trim() !== "") return { kind: "script", source: each.runAsUserIdScript }
  return { kind: "inherit" }
}

/** Functions and identity scripts, with the table of packages. */
export function appCode(app: AppModel, modules: AppCode["modules"]): AppCode {
  const functions = [...app.functions.values()].flatMap((each) => {
    const runAs = runAsOf(each)
    // The text of a script is a function of its own; the guest needs to know only that there is one.
    const shown: RunAs = runAs.kind === "script" ? { kind: "script", source: "" } : runAs
    const own = { name: each.name, source: each.source, runAs: shown }
    return runAs.kind === "script" ? [own, { name: scriptPrefix + each.name, source: runAs.source, runAs: { kind: "inherit" as const } }] : [own]
  })
  return { functions, modules }
}

/** What calls of one function can lead to, by what its text and the texts it mentions say. */
export interface Reach {
  readonly identities: IdentityNeeds
  /** Whether some function asks for lists of names, which must be at hand before it runs. */
  readonly asksForNames: boolean
}

/** Finds out what each function can reach; a computed name in `execute` reaches all. */
export function reachOf(app: AppModel): (name: string) => Reach {
  const known = new Map<string, Reach>()
  const all = [...app.functions.keys()]
  return (name) => {
    let reach = known.get(name)
    if (reach === undefined) known.set(name, reach = summarise(closure(name, app, all)))
    return reach
  }
}

function closure(first: string, app: AppModel, all: readonly string[]): AppFunction[] {
  const reached = new Map<string, AppFunction>()
  const open = [first]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const found = app.functions.get(name)
    if (found === undefined || reached.has(name)) continue
    reached.set(name, found)
    const source = textOf(found)
    if (!/\bfunctions\b|\bexecute\b|\bcontext\b(?!\s*\.)|\beval\b|\bFunction\b/.test(source)) continue
    open.push(...all.filter((each) => !reached.has(each) && isMentioned(source, each)))
    if (/\bexecute\s*\(\s*(?!["'`][^"'`$]*["'`])/.test(source) || /\bexecute\b(?!\s*\()/.test(source) || /\bcontext\b(?!\s*\.)|\beval\b|\bFunction\b/.test(source)) open.push(...all)
  }
  return [...reached.values()]
}

/** A function's own text and that of its identity script. */
function textOf(each: AppFunction): string {
  return `${each.source}\n${each.runAsUserIdScript ?? ""}`
}

function isMentioned(source: string, name: string): boolean {
  return source.includes(`"${name}"`) || source.includes(`'${name}'`) || source.includes(`\`${name}\``)
}

function summarise(functions: readonly AppFunction[]): Reach {
  const runs = functions.map((each) => ({ name: each.name, runAs: runAsOf(each) }))
  return {
    identities: {
      system: runs.some(({ runAs }) => runAs.kind === "system"),
      userIds: [...new Set(runs.flatMap(({ runAs }) => (runAs.kind === "user" ? [runAs.id] : [])))],
      scripts: runs.flatMap(({ name, runAs }) => (runAs.kind === "script" ? [name] : [])),
    },
    asksForNames: functions.some((each) => /getDBNames|getCollectionNames/.test(textOf(each))),
  }
}

/** A short name for the code of an app, so that two deployments of one app can stand side by side. */
export function codeName(app: AppModel): string {
  return `${app.clientAppId}:${ejsonText(app.environment.tag)}`
}
