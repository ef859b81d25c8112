// `npm run mutate [-- file …] [--fresh] [--quick] [--suites=text,…] [--listed] [--list]`: changes one place of the engine at a time, runs the suites on
// each mutant, and prints those that no suite noticed and `equivalent/` does not list. A run that is interrupted goes on where it was;
// docs/mutation.md says what the options do and holds the last run.
import type { ChildProcess } from "node:child_process"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { setPriority } from "node:os"
import { join } from "node:path"
import { copyTree } from "./copy-tree.ts"
import { listed } from "./equivalent.ts"
import { mutantsOf, type Mutant } from "./mutants.ts"
import { byTime, openResults } from "./results.ts"
import { isKept, nearSuites, quickSuites, root, slowSuites, targets } from "./targets.ts"
import type { Survey } from "./worker.ts"
import { asked, startWorker, survey, told } from "./workers.ts"

/** Tests that take longer are only run for what no quicker one noticed. */
const slowestTest = 700
/** How much testing, in milliseconds, every mutant gets at first. */
const firstBudget = 1_000

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"))
/** The only suites that are run, when some are named: those whose path holds one of these texts. */
const parts = process.argv.find((argument) => argument.startsWith("--suites="))?.slice("--suites=".length).split(",")
const isChosen = (suite: string): boolean => parts === undefined || parts.some((text) => suite.includes(text))
const [quick, slow] = [quickSuites.filter(isChosen), slowSuites.filter(isChosen)]
/** `--listed`: those that are said to change nothing are judged, and no others. */
const isListedWanted = process.argv.includes("--listed")

interface Numbered extends Mutant { readonly number: number; readonly key: string; readonly isListed: boolean }

setPriority(15)
const tree = copyTree()
const mutants = numbered()
const results = openResults(join(root, "node_modules/.cache/backstitch-mutation/results.jsonl"), tree, process.argv.includes("--fresh"))

const named = mutants.filter(({ file }) => wanted.length === 0 || wanted.some((each) => file.startsWith(each)))
const chosen = named.filter(({ isListed }) => isListed === isListedWanted)
const open = isListedWanted ? chosen : chosen.filter(({ key }) => !results.isNoticed(key))
print(`${chosen.length} mutants of ${new Set(chosen.map(({ file }) => file)).size} files, ${open.length} to be judged${isListedWanted ? "" : `; ${named.length - chosen.length} more are listed as changing nothing`}`)
const survivors = open.length === 0 || process.argv.includes("--list") ? open : await judgeAll(open)
const quiet = new Set(survivors)
if (isListedWanted) for (const mutant of chosen) if (!quiet.has(mutant)) print(`listed, but noticed: ${mutant.file}:${mutant.line}  ${mutant.change}`)
if (!isListedWanted) for (const { file, line, change } of survivors) print(`not noticed: ${file}:${line}  ${change}`)
print(`${chosen.length - survivors.length} of ${chosen.length} noticed`)
// The workers wait for more.
process.exit()

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function numbered(): Numbered[] {
  return targets.flatMap((file) => {
    const { code, mutants: found } = mutantsOf(file, readFileSync(join(tree, file), "utf8"))
    const digest = createHash("sha256").update(code).digest("hex").slice(0, 16)
    const isListed = listed(file, readFileSync(join(tree, file), "utf8"))
    return found.map((mutant, index) => ({ ...mutant, key: `${file} ${digest} ${index}`, isListed: isListed(mutant) }))
  }).map((mutant, number) => ({ ...mutant, number }))
}

async function surveyed(suites: readonly string[]): Promise<Survey> {
  const found = await survey({ tree, targets, suites })
  for (const name of found.failing) print(`fails without a mutant, left out: ${name}`)
  return found
}

async function judgeAll(all: readonly Numbered[]): Promise<Numbered[]> {
  const found = await surveyed(quick)
  const passing = found.reach.filter(({ name }) => !found.failing.includes(name))
  const usable = passing.filter(({ ms }) => ms < slowestTest).toSorted((left, right) => left.ms - right.ms)
  const names = new Set(usable.map(({ name }) => name))
  const without = found.reach.map(({ name }) => name).filter((name) => !names.has(name))
  print(`${usable.length} quick tests, ${(usable.reduce((sum, { ms }) => sum + ms, 0) / 1000).toFixed(1)} s in all; ${without.length} left for later`)
  const testsOf = new Map<number, { name: string; ms: number }[]>()
  for (const { name, ms, mutants: passed } of usable) {
    for (const number of passed) {
      const tests = testsOf.get(number)
      if (tests === undefined) testsOf.set(number, [{ name, ms }])
      else tests.push({ name, ms })
    }
  }
  const loading = new Set(found.loading)
  const canSwitch = ({ file, number }: Numbered): boolean => testsOf.has(number) && !isKept(file)
  const needsProcess = ({ file, number }: Numbered): boolean => loading.has(number) || (testsOf.has(number) && isKept(file))
  const steps: readonly (readonly [string, (mutant: Numbered) => boolean, (mutant: Numbered) => Promise<string | null>])[] = [
    ["a first round of quick tests", canSwitch, switching(without, (mutant, countOf) => withinBudget(mutant.file, testsOf.get(mutant.number) ?? [], countOf))],
    ["what happens while modules load, before the suites nearby", needsProcess, (mutant) => judgeFresh(mutant, nearSuites(mutant.file).filter(isChosen), without)],
    ["all quick tests", canSwitch, switching(without, (mutant) => (testsOf.get(mutant.number) ?? []).map(({ name }) => name))],
    ["what happens while modules load, before all suites", needsProcess, (mutant) => judgeFresh(mutant, quick, without)],
  ]
  let left = [...all]
  for (const [title, concerns, judge] of steps) left = await judgeEach(title, left, concerns, judge)
  return process.argv.includes("--quick") ? left : judgeSlowly(left, passing.filter(({ ms }) => ms >= slowestTest), found.failing)
}

async function judgeEach(title: string, all: readonly Numbered[], concerns: (mutant: Numbered) => boolean, judge: (mutant: Numbered) => Promise<string | null>): Promise<Numbered[]> {
  const left: Numbered[] = []
  print(`${title}: ${all.filter(concerns).length} of ${all.length}`)
  for (const [index, mutant] of all.entries()) {
    const isAsked = concerns(mutant) && !results.isThrough(mutant.key, title)
    const noticedBy = isAsked ? await judge(mutant) : null
    // What some of the suites did not notice, the others may.
    if (isAsked && (noticedBy !== null || parts === undefined)) results.note(mutant.key, title, noticedBy)
    if (noticedBy === null) left.push(mutant)
    if ((index + 1) % 250 === 0) print(`${index + 1} of ${all.length}, ${left.length} not noticed so far`)
  }
  print(`${left.length} not noticed so far`)
  return left
}

type Count = (name: string) => number

/** What noticed other mutants of the file, then the suites nearby, then the quickest, as far as the budget goes. */
function withinBudget(file: string, tests: readonly { readonly name: string; readonly ms: number }[], countOf: Count): string[] {
  const near = nearSuites(file)
  const isNear = (name: string): number => (near.some((suite) => name.startsWith(suite)) ? 1 : 0)
  let spent = 0
  return tests.toSorted((one, other) => countOf(other.name) - countOf(one.name) || isNear(other.name) - isNear(one.name)).filter(({ ms }) => (spent += ms) < firstBudget || spent === ms).map(({ name }) => name)
}

/** Judges mutants in one process, as long as it is not spoilt. */
function switching(without: readonly string[], choose: (mutant: Numbered, countOf: Count) => readonly string[]): (mutant: Numbered) => Promise<string | null> {
  const noticed = new Map<string, number>()
  let worker: ChildProcess | undefined
  process.once("exit", () => worker?.kill("SIGKILL"))
  return async (mutant) => {
    const countOf: Count = (name) => noticed.get(`${mutant.file} ${name}`) ?? 0
    if (worker === undefined) await told((worker = startWorker({ mode: "switch", tree, targets, suites: quick, without })))
    const answer = (await asked(worker, { mutant: mutant.number, names: choose(mutant, countOf) })) as { noticedBy: string | null; spoilt: boolean } | undefined
    if (answer !== undefined && !answer.spoilt) {
      if (answer.noticedBy !== null) noticed.set(`${mutant.file} ${answer.noticedBy}`, countOf(answer.noticedBy) + 1)
      return answer.noticedBy
    }
    worker.kill("SIGKILL")
    worker = undefined
    // What spoilt the process may have been an earlier mutant, and what took the time another process: judged again by itself.
    return judgeFresh(mutant, quick, without)
  }
}

/** Judges a mutant in a process of its own. What only the time tells counts when it tells it twice: a busy machine is slow too. */
async function judgeFresh({ number }: Numbered, suites: readonly string[], without: readonly string[], only?: readonly string[]): Promise<string | null> {
  const judge = async (): Promise<string | null> => {
    const answer = await told(startWorker({ mode: "fresh", tree, targets, suites, without, mutant: number, ...(only === undefined ? {} : { only }) }))
    return answer === undefined || answer === "time" ? byTime : (answer as string | null)
  }
  const first = await judge()
  return first === byTime ? judge() : first
}

/** What no quick test noticed is put to the slow ones. */
async function judgeSlowly(unnoticed: readonly Numbered[], slowTests: Survey["reach"], failing: readonly string[]): Promise<Numbered[]> {
  if (unnoticed.length === 0) return []
  const found = await surveyed(slow)
  const reachable = (reach: Survey["reach"]): Set<number> => new Set([...found.loading, ...reach.flatMap(({ mutants: passed }) => passed)])
  const inSlowTests = reachable(slowTests)
  const inSlowSuites = reachable(found.reach)
  const names = slowTests.map(({ name }) => name)
  const suites = quick.filter((suite) => names.some((name) => name.startsWith(`${suite} `)))
  const left = await judgeEach("slow tests", unnoticed, ({ number }) => inSlowTests.has(number), (mutant) => judgeFresh(mutant, suites, failing, names))
  return judgeEach("slow suites", left, ({ number }) => inSlowSuites.has(number), (mutant) => judgeFresh(mutant, slow, found.failing))
}
